//! What people see: the pages themselves, and the calls they make.

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::web::{Pc, app, done, let_in, named, pass, problem, sessions};

const PAGES: [&str; 5] =
    ["/", "/q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "/Q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "/welcome", "/welcome?ticket=x"];

async fn page(world: &World, path: &str) -> Answer {
    let answer = world.call(Call::get(path)).await;
    assert_eq!(answer.status, 200, "{path} {}", answer.whole());
    answer
}

fn html(answer: Answer) -> String {
    String::from_utf8(answer.body).unwrap()
}

/// The phone page's calls: `scan`, `confirm` or `cancel`.
async fn step(world: &World, step: &str, person: &Person, code: &str, body: &Value) -> Answer {
    world.call(Call::post(&format!("/q/{code}/{step}")).bearer(&person.token).json(body)).await
}

#[track_caller]
fn state(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.whole());
    answer.text("state")
}

/// A kiosk's session: its id and poll token.
async fn kiosk(world: &World, device: &str) -> (String, String) {
    let body = json!({"deviceName": device, "deviceMac": "22:33"});
    let created = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&body)).await;
    (created.text("id"), created.text("pollToken"))
}

async fn exchange(world: &World, cookie: &str, ticket: &str) -> Answer {
    let call = Call::post("/welcome").json(&json!({"ticket": ticket}));
    world.call(if cookie.is_empty() { call } else { call.cookie(cookie) }).await
}

#[tokio::test]
async fn a_web_login_through_the_phone_page() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let scanned = step(&world, "scan", &person, &pc.code, &json!({})).await;
    assert_snapshot!(scanned.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 278

    {
      "consent": {
        "client": {
          "id": "saoma",
          "logo": null,
          "name": "Saoma"
        },
        "matchNumber": {
          "choices": [
            "28",
            "72",
            "80"
          ],
          "policy": "show"
        },
        "screen": {
          "deviceMac": null,
          "deviceName": null
        },
        "seen": {
          "at": 1705998038,
          "browser": "Firefox on Windows",
          "ip": "203.0.113.7"
        }
      },
      "expiresIn": 300,
      "state": "scanned"
    }
    "#);
    let confirmed = step(&world, "confirm", &person, &pc.code, &json!({"matchNumber": pc.number})).await;
    assert_snapshot!(confirmed.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 21

    {
      "state": "confirmed"
    }
    "#);
    let exchanged = exchange(&world, &pc.cookie, &pc.ticket(&world).await).await;
    assert_snapshot!(named(exchanged.whole(), &[(exchanged.text("access_token").as_str(), "[token]")]), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 536

    {
      "access_token": "[token]",
      "expires_in": 900,
      "token_type": "Bearer",
      "user": {
        "memberId": "2525049801",
        "nickName": "138****8000"
      }
    }
    "#);
}

#[tokio::test]
async fn a_kiosk_login_through_the_phone_page_binds_the_machine() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let (id, poll_token) = kiosk(&world, "BM05").await;
    assert_eq!(state(&step(&world, "scan", &person, &id, &json!({})).await), "scanned");
    assert!(world.memory.devices().is_empty());
    assert_eq!(state(&step(&world, "confirm", &person, &id, &json!({})).await), "confirmed");
    let bound = ((person.account.to_string(), "22:33".to_owned()), Some("BM05".to_owned()));
    assert_eq!(world.memory.devices().into_iter().collect::<Vec<_>>(), [bound]);
    let call = Call::post(&format!("/api/qrCode/getLoginQrCode/{id}")).header("token", &poll_token);
    let signed_in = world.call(call.json(&json!({"deviceName": "BM05", "deviceMac": "22:33"}))).await;
    assert_eq!(signed_in.text("codeStatus"), "SUCCESS");
    assert!(signed_in.json()["memberToken"].is_string());
}

#[tokio::test]
async fn cancelling_on_the_phone_page_ends_either_kind() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for code in [Pc::open(&world).await.code, kiosk(&world, "BM05").await.0] {
        assert_eq!(state(&step(&world, "scan", &person, &code, &json!({})).await), "scanned");
        for _ in 0..2 {
            assert_eq!(state(&step(&world, "cancel", &person, &code, &json!({})).await), "cancelled");
        }
        problem(&step(&world, "confirm", &person, &code, &json!({})).await, 404, "not_found");
        assert_eq!(world.session(&code).state.name(), "cancelled");
    }
    assert!(world.memory.devices().is_empty());
}

// W5
#[tokio::test]
async fn every_page_is_html_under_a_strict_policy() {
    let world = World::default();
    for path in PAGES {
        let answer = page(&world, path).await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        );
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"), // W16
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
}

// W5
#[tokio::test]
async fn no_page_holds_a_script_a_style_or_anything_from_elsewhere() {
    let world = World::default();
    for path in PAGES {
        let html = html(page(&world, path).await).to_lowercase();
        for script in html.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').unwrap();
            assert!(tag.contains("src=\"/assets/") && rest.starts_with("</script>"), "{path}: {tag}");
        }
        let attributes = html.split(['<', '>']).flat_map(|tag| tag.split_whitespace().skip(1));
        for attribute in attributes.filter(|word| word.contains('=')) {
            assert!(!attribute.starts_with("on"), "{path}: {attribute}");
            assert!(!attribute.starts_with("style="), "{path}: {attribute}");
        }
        for inline in
            ["<style", "javascript:", "http://", "https://", "src=\"//", "href=\"//", "<base", "<iframe"]
        {
            assert!(!html.contains(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn every_file_that_a_page_links_to_is_served_with_its_type() {
    let world = World::default();
    let mut files: Vec<String> = Vec::new();
    for path in PAGES {
        let html = html(page(&world, path).await);
        files.extend(html.split('"').filter(|text| text.starts_with("/assets/")).map(str::to_owned));
    }
    let mut next = 0;
    while let Some(file) = files.get(next).cloned() {
        let answer = page(&world, &file).await;
        let kind = match file.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(answer.header("content-type"), kind, "{file}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{file}");
        assert_eq!(answer.header("cache-control"), "public, max-age=300", "{file}");
        let content = html(answer);
        // W10: names are shown as text, never as markup.
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!content.contains(sink), "{file}: {sink}");
        }
        let imports = content.lines().filter_map(|line| line.split_once("from './")?.1.split('\'').next());
        for import in imports.map(|import| format!("/assets/{import}")) {
            if !files.contains(&import) {
                files.push(import);
            }
        }
        next += 1;
    }
    assert!(files.len() >= 8, "{files:?}");
    assert_eq!(page(&world, "/favicon.ico").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn there_is_no_other_file() {
    let world = World::default();
    for file in ["x.js", "app.css.map", "..%2Fsrc%2Flib.rs", "APP.CSS", "index.html"] {
        problem(&world.call(Call::get(&format!("/assets/{file}"))).await, 404, "not_found");
    }
    problem(&world.call(Call::get("/assets/../Cargo.toml")).await, 404, "no_such_route");
}

// W2 W15
#[tokio::test]
async fn opening_a_code_changes_nothing_and_tells_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let used = Pc::open(&world).await;
    let_in(&world, &person, &used).await;
    let before = sessions(&world);
    let unknown = page(&world, "/q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ").await;
    for code in
        [&pc.code, &pc.code.to_lowercase(), &used.code, &kiosk(&world, "BM05").await.0, &"x".to_owned()]
    {
        for place in ["q", "Q"] {
            let call = Call::get(&format!("/{place}/{code}")).bearer(&person.token).cookie(&pc.cookie);
            let answer = world.call(call).await;
            assert_eq!((answer.whole(), answer.body), (unknown.whole(), unknown.body.clone()), "{code}");
        }
    }
    for step in ["scan", "confirm", "cancel"] {
        let call = Call::get(&format!("/q/{}/{step}", pc.code)).bearer(&person.token).cookie(&pc.cookie);
        assert_eq!(world.call(call).await.status, 405);
    }
    let unchanged = |session: &saoma_domain::session::Session| {
        before.iter().find(|b| b.code == session.code) == Some(session)
    };
    assert_eq!(sessions(&world).iter().filter(|session| unchanged(session)).count(), 2);
}

// W1
#[tokio::test]
async fn a_cookie_scans_confirms_and_cancels_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    assert_eq!(state(&step(&world, "scan", &person, &pc.code, &json!({})).await), "scanned");
    let before = sessions(&world);
    for name in ["scan", "confirm", "cancel"] {
        let call = || {
            let call = Call::post(&format!("/q/{}/{name}", pc.code)).header("origin", "https://evil.example");
            call.cookie(&pc.cookie).cookie(&format!("token={}", person.token))
        };
        for call in [call(), call().json(&json!({"token": person.token}))] {
            problem(&world.call(call).await, 401, "unauthorized");
        }
        for form in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
            let call = call().header("token", &person.token);
            problem(&world.call(call.body(form, "matchNumber=42")).await, 415, "unsupported_media_type");
        }
    }
    assert_eq!(sessions(&world), before);
}

// I1
#[tokio::test]
async fn the_phone_is_shown_who_asks() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let (id, _) = kiosk(&world, "BM05").await;
    let scanned = step(&world, "scan", &person, &id, &json!({})).await.json();
    let number = world.session(&id).match_number.to_string();
    let consent = &scanned["consent"];
    assert_eq!(consent["client"], json!({"id": "HOSPITAL_SAAS", "name": "HOSPITAL_SAAS", "logo": null}));
    assert_eq!(consent["screen"], json!({"deviceName": "BM05", "deviceMac": "22:33"}));
    assert_eq!(
        consent["seen"],
        json!({"ip": "203.0.113.7", "browser": "Firefox on Windows", "at": 1_705_998_038})
    );
    assert_eq!(consent["matchNumber"]["policy"], "show");
    let choices = consent["matchNumber"]["choices"].as_array().unwrap();
    assert_eq!((choices.len(), choices.contains(&json!(number))), (3, true));
    assert_eq!(scanned["expiresIn"], json!(300));
}

// W10 W9
#[tokio::test]
async fn what_a_screen_calls_itself_comes_back_inert() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for (name, shown) in [
        ("<img src=x onerror=alert(1)>", json!("<img src=x onerror=alert(1)>")),
        ("\u{202E}moc.live\u{2066}x", json!("moc.livex")),
        ("pay\u{200B}pal\u{FEFF}", json!("paypal")),
        ("a\r\nSet-Cookie: x\0", json!("aSet-Cookie: x")),
        ("\u{200B}", json!(null)),
        (&"长".repeat(4000), json!("长".repeat(21))),
    ] {
        let (id, _) = kiosk(&world, name).await;
        let answer = step(&world, "scan", &person, &id, &json!({})).await;
        // JSON that no browser takes for a page; the page itself puts it in as text.
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.json()["consent"]["screen"]["deviceName"], shown);
    }
}

// A7 A8
#[tokio::test]
async fn a_second_phone_cannot_scan_confirm_or_cancel() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let other = world.sign_in("13800138001").await;
    pass(&world, 61);
    let other_phone = world.sign_in("13800138000").await;
    for code in [Pc::open(&world).await.code, kiosk(&world, "BM05").await.0] {
        assert_eq!(state(&step(&world, "scan", &person, &code, &json!({})).await), "scanned");
        let before = sessions(&world);
        for stranger in [&other, &other_phone] {
            for name in ["scan", "confirm", "cancel"] {
                problem(&step(&world, name, stranger, &code, &json!({})).await, 403, "claimed_by_another");
            }
        }
        assert_eq!(sessions(&world), before);
    }
    assert!(world.memory.devices().is_empty());
}

// A9
#[tokio::test]
async fn what_was_not_scanned_cannot_be_confirmed() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    problem(&step(&world, "confirm", &person, &pc.code, &json!({})).await, 409, "not_scanned");
    assert_eq!(sessions(&world), before);
}

// A12
#[tokio::test]
async fn a_token_got_by_scanning_approves_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let first = Pc::open(&world).await;
    let_in(&world, &person, &first).await;
    let token = exchange(&world, &first.cookie, &first.ticket(&world).await).await.text("access_token");
    let bred = Person { token, ..person };
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    for name in ["scan", "confirm", "cancel"] {
        problem(&step(&world, name, &bred, &pc.code, &json!({})).await, 403, "not_an_approver");
    }
    assert_eq!(sessions(&world), before);
}

// A13
#[tokio::test]
async fn a_phone_that_signed_out_after_scanning_cannot_confirm() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    assert_eq!(state(&step(&world, "scan", &person, &pc.code, &json!({})).await), "scanned");
    let before = sessions(&world);
    assert_eq!(world.call(Call::post("/api/user/logout").bearer(&person.token)).await.status, 204);
    problem(&step(&world, "confirm", &person, &pc.code, &json!({})).await, 401, "unauthorized");
    assert_eq!(sessions(&world), before);
}

// D14
#[tokio::test]
async fn a_wrong_match_number_ends_the_session() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    assert_eq!(state(&step(&world, "scan", &person, &pc.code, &json!({})).await), "scanned");
    for malformed in ["4", "4a", "420"] {
        let answer = step(&world, "confirm", &person, &pc.code, &json!({"matchNumber": malformed})).await;
        problem(&answer, 400, "malformed_match_number");
    }
    assert_eq!(world.session(&pc.code).state.name(), "scanned");
    let answer = step(&world, "confirm", &person, &pc.code, &json!({"matchNumber": "07"})).await;
    problem(&answer, 403, "wrong_match_number");
    assert_eq!(world.session(&pc.code).state.name(), "cancelled");
}

// W15 W8
#[tokio::test]
async fn a_stranger_cannot_tell_one_dead_code_from_another() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let expired = Pc::open(&world).await.code;
    pass(&world, 300);
    let stranger = world.sign_in("13800138001").await;
    let cancelled = Pc::open(&world).await.code;
    done(&app(&world, "cancel", &person, &cancelled).await);
    for name in ["scan", "confirm", "cancel"] {
        let unknown = step(&world, name, &stranger, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", &json!({})).await;
        problem(&unknown, 404, "not_found");
        for code in [expired.clone(), cancelled.clone(), "x".to_owned(), "x".repeat(4000)] {
            let answer = step(&world, name, &stranger, &code, &json!({})).await;
            assert_eq!((answer.whole(), answer.body), (unknown.whole(), unknown.body.clone()), "{code}");
        }
    }
}

// W1 A2 A4 E18: login CSRF, a link that signs its reader in as somebody else.
#[tokio::test]
async fn a_ticket_works_only_in_the_browser_that_showed_its_qr() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let (attacker, victim) = (Pc::open(&world).await, Pc::open(&world).await);
    let_in(&world, &person, &attacker).await;
    let ticket = attacker.ticket(&world).await;
    let before = sessions(&world);
    let secret_of_victim = victim.poll_token.split_once('.').unwrap().1;
    let forged = format!("__Host-saoma-qr={}.{secret_of_victim}", attacker.code); // A2
    let unprefixed = format!("saoma-qr={}", attacker.poll_token); // A4
    for cookie in ["", victim.cookie.as_str(), &forged, &unprefixed] {
        problem(&exchange(&world, cookie, &ticket).await, 400, "invalid_ticket");
    }
    assert_eq!(sessions(&world), before);
    let exchanged = exchange(&world, &attacker.cookie, &ticket).await;
    assert_eq!(exchanged.json()["user"]["memberId"], json!(person.account.to_string()));
    // E18
    problem(&exchange(&world, &attacker.cookie, &ticket).await, 400, "invalid_ticket");
}

// A5
#[tokio::test]
async fn our_page_exchanges_no_other_clients_ticket() {
    let world = World::default();
    crate::web::register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let_in(&world, &person, &pc).await;
    let ticket = pc.ticket(&world).await;
    let before = sessions(&world);
    problem(&exchange(&world, &pc.cookie, &ticket).await, 400, "invalid_ticket");
    problem(&exchange(&world, &pc.cookie, &person.token).await, 400, "invalid_ticket"); // E9
    assert_eq!(sessions(&world), before);
}

// E2
#[tokio::test]
async fn a_secret_in_the_query_is_refused() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    for name in ["scan", "confirm", "cancel"] {
        let call = Call::post(&format!("/q/{}/{name}?token={}", pc.code, person.token)).json(&json!({}));
        problem(&world.call(call).await, 400, "secret_in_query");
    }
    assert_eq!(world.session(&pc.code).version, 1);
}
