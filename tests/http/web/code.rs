//! `GET /qr/code`, and the cookie and origins it shares with the picture.

use acceptance::{Answer, Call, World};
use saoma_domain::{
    client::Client,
    session::{CancelReason, Dialect, MatchPolicy, State},
};
use serde_json::json;

use super::{Pc, SHOP_ORIGIN, flag, refused, register, register_shop, sessions};

#[tokio::test]
async fn the_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts() {
    let world = World::default();
    for path in ["/qr/code", "/qr/loginpic", "/qr/loginpic/"] {
        let answer = world.call(Call::get(path)).await;
        let (pair, attributes) = answer.header("set-cookie").split_once("; ").unwrap();
        assert!(pair.starts_with("__Host-saoma-qr="), "{pair}");
        assert_eq!(attributes, "Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax");
    }
}

#[tokio::test]
async fn on_plain_http_the_cookie_has_no_prefix() {
    let world = World::with(&[("PUBLIC_URL", "http://localhost:9000")]);
    let opened = world.call(Call::get("/qr/code")).await;
    let pc = Pc::read(&opened);
    assert_eq!(pc.text, format!("http://LOCALHOST:9000/Q/{}", pc.code));
    let expected = format!("saoma-qr={}; Path=/; Max-Age=300; HttpOnly; SameSite=Lax", pc.poll_token);
    assert_eq!(opened.header("set-cookie"), expected);
    assert_eq!(flag(&pc.poll(&world).await), 0);
}

#[tokio::test]
async fn the_cookie_and_the_session_live_as_long_as_configured() {
    let world = World::with(&[("SESSION_SECONDS", "30")]);
    let opened = world.call(Call::get("/qr/code")).await;
    assert_eq!(opened.json()["expiresIn"], json!(30));
    assert!(opened.header("set-cookie").contains("; Max-Age=30;"));
    super::pass(&world, 30);
    assert_eq!(flag(&Pc::read(&opened).poll(&world).await), -2);
}

#[tokio::test]
async fn a_client_without_match_numbers_shows_none() {
    let world = World::default();
    register(&world, "shop", |client| Client { match_policy: MatchPolicy::Off, ..client });
    let opened = world.call(Call::get("/qr/code?client=shop")).await;
    assert_eq!(opened.json()["matchNumber"], json!(null));
}

// A3
#[tokio::test]
async fn a_caller_chooses_neither_code_nor_secret_nor_match_number() {
    let world = World::default();
    let call =
        Call::get("/qr/code?code=ZZZZZZZZZZZZZZZZZZZZZZZZZZ&matchNumber=00&expiresIn=900&statusflag=2");
    let call = call.body("application/json", r#"{"code":"ZZZZZZZZZZZZZZZZZZZZZZZZZZ"}"#);
    let opened = world.call(call.ignored(&["code", "matchNumber", "expiresIn", "statusflag"])).await;
    let pc = Pc::read(&opened);
    assert_ne!(pc.code, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_ne!(pc.number, "00");
    assert_eq!(opened.json()["expiresIn"], json!(300));
}

// W6
#[tokio::test]
async fn a_parameter_that_comes_twice_is_refused() {
    let world = World::default();
    register_shop(&world);
    for query in ["client=shop&client=saoma", "client=shop&cli%65nt=shop"] {
        refused(&world.call(Call::get(&format!("/qr/code?{query}"))).await, 400, "malformed_query");
    }
    assert!(sessions(&world).is_empty());
}

/// The parts of an answer that a browser shows to a page.
fn cors(answer: &Answer) -> (u16, &str, &str) {
    (
        answer.status.as_u16(),
        answer.header("access-control-allow-origin"),
        answer.header("access-control-allow-credentials"),
    )
}

// W3
#[tokio::test]
async fn a_page_of_a_registered_origin_may_call() {
    let world = World::default();
    register_shop(&world);
    let preflight = |path| {
        let call = Call::new("OPTIONS", path).header("origin", SHOP_ORIGIN);
        call.header("access-control-request-method", "GET").header("access-control-request-headers", "token")
    };
    for path in ["/qr/code", "/qr/login"] {
        let answer = world.call(preflight(path)).await;
        assert_eq!(cors(&answer), (204, SHOP_ORIGIN, ""));
        assert_eq!(answer.header("access-control-allow-methods"), "GET");
        assert_eq!(answer.header("access-control-allow-headers"), "token, authorization");
        assert_eq!(answer.header("vary"), "Origin");
    }
    let opened = world.call(Call::get("/qr/code?client=shop").header("origin", SHOP_ORIGIN)).await;
    assert_eq!(cors(&opened), (200, SHOP_ORIGIN, ""));
    let call = Call::get("/qr/login").header("token", &opened.text("pollToken"));
    let poll = world.call(call.header("origin", SHOP_ORIGIN)).await;
    assert_eq!((cors(&poll), flag(&poll)), ((200, SHOP_ORIGIN, ""), 0));
    assert_eq!(poll.header("vary"), "Origin");
}

// W3
#[tokio::test]
async fn a_page_of_a_registered_origin_may_read_why_it_is_refused() {
    let world = World::default();
    register_shop(&world);
    let stranger = "0".repeat(26) + ".x";
    let poll = Call::get("/qr/login").header("token", &stranger).header("origin", SHOP_ORIGIN);
    let dead = world.call(poll).await;
    assert_eq!((cors(&dead), flag(&dead)), ((200, SHOP_ORIGIN, ""), -2));
    let unknown = world.call(Call::get("/qr/code?client=nobody").header("origin", SHOP_ORIGIN)).await;
    assert_eq!(cors(&unknown), (400, SHOP_ORIGIN, ""));
    let elsewhere = Call::get("/qr/code?client=nobody").header("origin", "https://evil.example");
    assert_eq!(cors(&world.call(elsewhere).await), (400, "", ""));
}

// W3
#[tokio::test]
async fn a_page_of_any_other_origin_may_not() {
    let world = World::default();
    register_shop(&world);
    let pc = Pc::open_shop(&world).await;
    let before = sessions(&world);
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "https://shop.example:8443",
        "https://shop.example/",
        "https://SHOP.example",
        "https://sub.shop.example",
        "null",
        "*",
        "",
    ] {
        for call in [
            Call::get("/qr/code?client=shop"),
            Call::get("/qr/loginpic?client=shop"),
            Call::get("/qr/login").header("token", &pc.poll_token),
            Call::new("OPTIONS", "/qr/code").header("access-control-request-method", "GET"),
            Call::new("OPTIONS", "/qr/login").header("access-control-request-method", "GET"),
        ] {
            let answer = world.call(call.header("origin", origin)).await;
            refused(&answer, 403, "origin_not_registered");
            assert_eq!(cors(&answer), (403, "", ""), "{origin}");
        }
    }
    assert_eq!(sessions(&world), before);
}

// W3
#[tokio::test]
async fn an_origin_counts_only_for_its_own_client() {
    let world = World::default();
    register_shop(&world);
    for client in ["", "?client=saoma"] {
        let call = Call::get(&format!("/qr/code{client}")).header("origin", SHOP_ORIGIN);
        refused(&world.call(call).await, 403, "origin_not_registered");
    }
    let own = world.call(Call::get("/qr/code").header("origin", acceptance::ISSUER)).await;
    assert_eq!(cors(&own), (200, "", ""));
}

// W3
#[tokio::test]
async fn the_phones_endpoints_answer_no_page() {
    let world = World::default();
    register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    for step in ["lock", "activate", "cancel", "ticket"] {
        let path = format!("/qr/{step}");
        let preflight = Call::new("OPTIONS", &path).header("access-control-request-method", "POST");
        let call = Call::post(&path).header("token", &person.token).json(&json!({"code": pc.code}));
        for call in [preflight, call] {
            let answer = world.call(call.header("origin", SHOP_ORIGIN)).await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{step}");
            assert_eq!(answer.header("access-control-allow-headers"), "", "{step}");
        }
    }
}

// A5: a kiosk's client has no page to send a ticket to, and a web client's token is for its server.
#[tokio::test]
async fn a_client_of_another_contract_is_unknown() {
    let world = World::default();
    world.register_client("machine", |client| Client { dialects: vec![Dialect::Kiosk], ..client });
    for client in ["HOSPITAL_SAAS", "machine"] {
        let answer = world.call(Call::get(&format!("/qr/code?client={client}"))).await;
        refused(&answer, 400, "unknown_client");
    }
    assert!(sessions(&world).is_empty());
}

/// Why a QR is dead; `None` while it is not.
fn ended(world: &World, pc: &Pc) -> Option<CancelReason> {
    match world.session(&pc.code).state {
        State::Cancelled { reason, .. } => Some(reason),
        _ => None,
    }
}

// B7
#[tokio::test]
async fn the_poll_token_of_the_old_qr_ends_it_and_goes_before_the_cookie() {
    let world = World::default();
    for path in ["/qr/code", "/qr/loginpic"] {
        let (old, beside) = (Pc::open(&world).await, Pc::open(&world).await);
        let by_header = || Call::get(path).header("token", &old.poll_token);
        assert_eq!(world.call(by_header().cookie(&beside.cookie)).await.status, 200);
        assert_eq!((ended(&world, &old), ended(&world, &beside)), (Some(CancelReason::Replaced), None));
        let alone = Pc::open(&world).await;
        assert_eq!(world.call(Call::get(path).header("token", &alone.poll_token)).await.status, 200);
        assert_eq!(ended(&world, &alone), Some(CancelReason::Replaced));
        // A header that holds no key of ours is ignored, and the cookie counts.
        assert_eq!(world.call(Call::get(path).header("token", "x").cookie(&beside.cookie)).await.status, 200);
        assert_eq!(ended(&world, &beside), Some(CancelReason::Replaced));
    }
}

// B7 A2: only the secret of a QR ends it.
#[tokio::test]
async fn a_strangers_secret_ends_no_qr() {
    let world = World::default();
    let (one, other) = (Pc::open(&world).await, Pc::open(&world).await);
    let before = sessions(&world);
    let secret = other.poll_token.split_once('.').unwrap().1;
    for path in ["/qr/code", "/qr/loginpic"] {
        for token in [one.code.clone(), format!("{}.{secret}", one.code), format!("{}.", one.code)] {
            assert_eq!(world.call(Call::get(path).header("token", &token)).await.status, 200, "{token}");
        }
    }
    let after = sessions(&world);
    assert!(before.iter().all(|session| after.contains(session)));
}

// W14
#[tokio::test]
async fn an_address_that_a_person_opens_sets_no_cookie_and_ends_nothing() {
    let world = World::default();
    let shown = Pc::open(&world).await;
    let before = world.session(&shown.code);
    for path in ["/qr/code", "/qr/loginpic", "/qr/loginpic/"] {
        let navigates = || Call::get(path).header("sec-fetch-mode", "navigate");
        for call in [navigates().cookie(&shown.cookie), navigates().header("token", &shown.poll_token)] {
            let answer = world.call(call).await;
            assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (200, ""), "{path}");
        }
        assert_eq!(world.session(&shown.code), before, "{path}");
    }
    // A page's own fetch, and an image in it, get the cookie.
    for (path, mode) in [("/qr/code", "cors"), ("/qr/code", "same-origin"), ("/qr/loginpic", "no-cors")] {
        let answer = world.call(Call::get(path).header("sec-fetch-mode", mode)).await;
        assert!(answer.header("set-cookie").starts_with("__Host-saoma-qr="), "{path} {mode}");
    }
}

// W14
#[tokio::test]
async fn a_browser_that_only_expects_to_need_a_qr_opens_none() {
    let world = World::default();
    let shown = Pc::open(&world).await;
    let before = sessions(&world);
    for path in ["/qr/code", "/qr/loginpic", "/qr/loginpic/"] {
        for purpose in ["prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"] {
            let call = Call::get(path).header("sec-purpose", purpose).header("sec-fetch-mode", "navigate");
            let answer = world.call(call.cookie(&shown.cookie)).await;
            assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (204, ""), "{path} {purpose}");
            assert!(answer.body.is_empty());
        }
    }
    assert_eq!(sessions(&world), before);
}
