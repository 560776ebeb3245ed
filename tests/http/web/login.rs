//! `GET /qr/login`: the poll.

use std::time::Duration;

use acceptance::{Call, World};
use insta::assert_snapshot;
use serde_json::json;

use super::{Pc, app, dead, done, exchange, flag, let_in, pass, refused, register_shop, sessions, user};

#[tokio::test]
async fn the_poll_token_does_what_the_cookie_does() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let by_header = || world.call(Call::get("/qr/login").header("token", &pc.poll_token));
    assert_eq!(by_header().await.json(), json!({"statusflag": 0, "pollAfter": 2}));
    done(&app(&world, "lock", &person, &pc.code).await);
    assert_eq!(by_header().await.json(), json!({"statusflag": 1, "pollAfter": 2}));
    done(&app(&world, "activate", &person, &pc.code).await);
    let signed_in = by_header().await.json();
    assert_eq!((&signed_in["statusflag"], &signed_in["ext"]), (&json!(2), &json!("")));
    let by_bearer = world.call(Call::get("/qr/login").bearer(&pc.poll_token)).await;
    assert_eq!(flag(&by_bearer), 2);
}

#[tokio::test]
async fn the_screen_learns_why_its_qr_is_dead() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let [cancelled, used, expired] =
        [Pc::open(&world).await, Pc::open_shop(&world).await, Pc::open(&world).await];
    done(&app(&world, "lock", &person, &cancelled.code).await);
    done(&app(&world, "cancel", &person, &cancelled.code).await);
    let_in(&world, &person, &used).await;
    user(&exchange(&world, &shop, &used.ticket(&world).await).await);
    assert_eq!(
        cancelled.poll(&world).await.json(),
        json!({"statusflag": -2, "pollAfter": 5, "reason": "cancelled"})
    );
    assert_eq!(used.poll(&world).await.json(), json!({"statusflag": -2, "pollAfter": 5, "reason": "used"}));
    pass(&world, 300);
    assert_eq!(
        expired.poll(&world).await.json(),
        json!({"statusflag": -2, "pollAfter": 5, "reason": "expired"})
    );
}

#[tokio::test]
async fn a_poll_by_nobody_is_an_error() {
    let world = World::default();
    assert_snapshot!(world.call(Call::get("/qr/login")).await.whole(), @r#"
    401 Unauthorized
    content-type: application/json
    www-authenticate: Bearer
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 157

    {
      "code": "unauthorized",
      "errorCode": -1,
      "message": "Ask for a QR first; its cookie, or its pollToken in the token header, says which is meant.",
      "statusflag": -1
    }
    "#);
    for token in ["", "x", "x.y", ".", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ.", &"x".repeat(10_000)] {
        refused(&world.call(Call::get("/qr/login").header("token", token)).await, 401, "unauthorized");
        refused(
            &world.call(Call::get("/qr/login").cookie(&format!("__Host-saoma-qr={token}"))).await,
            401,
            "unauthorized",
        );
    }
}

// A1
#[tokio::test]
async fn the_qr_alone_gets_nothing_and_the_owner_still_gets_in() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let_in(&world, &person, &pc).await;
    let before = sessions(&world);
    for token in [pc.code.clone(), pc.text.clone()] {
        refused(&world.call(Call::get("/qr/login").header("token", &token)).await, 401, "unauthorized");
        refused(&world.call(Call::get(&format!("/qr/login?code={token}"))).await, 401, "unauthorized");
        exchange(&world, &shop, &token).await.problem(400, "invalid_ticket");
    }
    for secret in [pc.code.as_str(), "guess", &"A".repeat(43)] {
        dead(&world.call(Call::get("/qr/login").header("token", &format!("{}.{secret}", pc.code))).await);
    }
    assert_eq!(sessions(&world), before);
    let ticket = pc.ticket(&world).await;
    assert_eq!(user(&exchange(&world, &shop, &ticket).await), json!(person.account.to_string()));
}

// A2
#[tokio::test]
async fn the_secret_of_another_session_gets_nothing_and_the_owner_still_gets_in() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (x, y) = (Pc::open_shop(&world).await, Pc::open_shop(&world).await);
    let_in(&world, &person, &x).await;
    let before = sessions(&world);
    let secret_of_y = y.poll_token.split_once('.').unwrap().1;
    let mixed = format!("{}.{secret_of_y}", x.code);
    for _ in 0..20 {
        dead(&world.call(Call::get("/qr/login").header("token", &mixed)).await); // D15
        dead(&world.call(Call::get("/qr/login").cookie(&format!("__Host-saoma-qr={mixed}"))).await);
    }
    assert_eq!(sessions(&world), before);
    let ticket = x.ticket(&world).await;
    assert_eq!(user(&exchange(&world, &shop, &ticket).await), json!(person.account.to_string()));
}

// W15
#[tokio::test]
async fn a_wrong_secret_learns_what_an_unknown_code_does() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let poll =
        |code: String| world.call(Call::get("/qr/login").header("token", &format!("{code}.wrong-secret")));
    let unknown = poll("Z".repeat(26)).await;
    dead(&unknown);
    for step in ["lock", "activate", "cancel"] {
        assert_eq!(poll(pc.code.clone()).await.whole(), unknown.whole());
        done(&app(&world, step, &person, &pc.code).await);
    }
    assert_eq!(poll(pc.code.clone()).await.whole(), unknown.whole());
    let kiosk = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&json!({}))).await;
    let foreign = world.call(Call::get("/qr/login").header("token", &kiosk.text("pollToken"))).await;
    // The kiosk's poll token is the bare secret or names the code; neither is a web session's.
    assert_ne!(flag(&foreign), 0);
    let named = kiosk.text("pollToken");
    dead(&world.call(Call::get("/qr/login").header("token", &named)).await);
}

// D7
#[tokio::test]
async fn a_poll_too_early_is_told_to_wait_and_how_it_stands() {
    let world = World::default();
    let pc = Pc::open(&world).await;
    assert_eq!(pc.poll(&world).await.status, 200);
    let early = pc.poll(&world).await;
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, "1"));
    assert_eq!(early.json(), json!({"statusflag": 0, "pollAfter": 2}));
    // An early poll does not delay the next answer.
    for _ in 0..3 {
        world.clock.advance(Duration::from_millis(300));
        assert_eq!(pc.poll(&world).await.status, 429);
    }
    world.clock.advance(Duration::from_millis(100));
    assert_eq!(pc.poll(&world).await.status, 200);
}

// D7 D15
#[tokio::test]
async fn an_honest_screen_is_never_starved_by_strangers() {
    let world = World::default();
    let pc = Pc::open(&world).await;
    for _ in 0..100 {
        pass(&world, 2);
        for _ in 0..5 {
            // They sit behind the same address, and are slowed down themselves (D11).
            for token in [format!("{}.guess", pc.code), pc.code.clone()] {
                let stranger = world.call(Call::get("/qr/login").header("token", &token)).await;
                assert!(stranger.json()["statusflag"] != 0, "{}", stranger.whole());
            }
        }
        let answer = pc.poll(&world).await;
        assert_eq!(answer.status, 200, "{}", answer.whole());
    }
}

// D8
#[tokio::test]
async fn an_approval_is_never_withheld() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    assert_eq!(flag(&pc.poll(&world).await), 0);
    done(&app(&world, "lock", &person, &pc.code).await);
    let scanned = pc.poll(&world).await;
    assert_eq!((scanned.status.as_u16(), flag(&scanned)), (200, 1));
    done(&app(&world, "activate", &person, &pc.code).await);
    for _ in 0..5 {
        let approved = pc.poll(&world).await;
        assert_eq!((approved.status.as_u16(), flag(&approved)), (200, 2));
    }
}

// C5
#[tokio::test]
async fn polling_writes_nothing_and_extends_nothing() {
    let world = World::default();
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    for _ in 0..100 {
        pass(&world, 2);
        assert_eq!(pc.poll(&world).await.status, 200);
    }
    assert_eq!(sessions(&world), before);
    pass(&world, 100);
    assert_eq!(flag(&pc.poll(&world).await), -2);
}

// C3
#[tokio::test]
async fn an_approval_expires_with_its_session() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    pass(&world, 290);
    let_in(&world, &person, &pc).await;
    let ticket = pc.ticket(&world).await;
    pass(&world, 10);
    assert_eq!(pc.poll(&world).await.json(), json!({"statusflag": -2, "pollAfter": 5, "reason": "expired"}));
    exchange(&world, &shop, &ticket).await.problem(400, "invalid_ticket");
    assert_eq!(world.session(&pc.code).state.name(), "confirmed");
}

// C1
#[tokio::test]
async fn an_item_that_outlived_its_session_by_47_hours_is_as_good_as_gone() {
    let world = World::default();
    let first = world.sign_in("13800138000").await;
    let (waiting, confirmed) = (Pc::open(&world).await, Pc::open(&world).await);
    let_in(&world, &first, &confirmed).await;
    pass(&world, 300 + 47 * 3600);
    let again = world.sign_in("13800138000").await;
    let before = sessions(&world);
    for pc in [&waiting, &confirmed] {
        assert_eq!(flag(&pc.poll(&world).await), -2);
        for step in ["lock", "activate", "cancel"] {
            dead(&app(&world, step, &again, &pc.code).await);
        }
    }
    assert_eq!(sessions(&world), before);
}

// W4
#[tokio::test]
async fn people_are_sent_to_the_registered_page_and_nowhere_else() {
    let world = World::default();
    register_shop(&world);
    let person = world.sign_in("13800138000").await;
    for evil in [
        "https://evil.example",
        "//evil.example",
        "javascript:alert(1)",
        "https://shop.example@evil.example",
        "%0d%0aX:1",
    ] {
        let query = format!("client=shop&url={evil}&return_url={evil}&returnUrl={evil}&redirect_uri={evil}");
        let evils = &["url", "return_url", "returnUrl", "redirect_uri"];
        let pc = Pc::read(&world.call(Call::get(&format!("/qr/code?{query}")).ignored(evils)).await);
        let_in(&world, &person, &pc).await;
        let poll = Call::get(&format!("/qr/login?{}", query.replace("client=shop&", ""))).ignored(evils);
        let url = world.call(poll.cookie(&pc.cookie)).await.text("url");
        assert!(url.starts_with("https://shop.example/in?from=qr&ticket=ey"), "{url}");
        assert!(!url.contains("evil"), "{url}");
    }
}

#[tokio::test]
async fn cookies_of_other_programs_do_not_hide_ours() {
    let world = World::default();
    let pc = Pc::open(&world).await;
    let name = pc.cookie.split('=').next().unwrap();
    for neighbour in ["theme=深色", "=", "no-pair", &format!("{name}=junk"), &format!("{name}=a.b")] {
        let answer = world.call(Call::get("/qr/login").cookie(neighbour).cookie(&pc.cookie)).await;
        assert_eq!(flag(&answer), 0, "{neighbour}: {}", answer.whole());
        pass(&world, 2);
    }
}
