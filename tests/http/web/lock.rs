//! `POST /qr/lock`: the app scanned.

use acceptance::{Answer, Call, ISSUER, Person, World};
use serde_json::json;

use super::{Pc, app, dead, done, exchange, flag, let_in, pass, refused, register_shop, sessions};

async fn lock_with(world: &World, person: &Person, code: &str, ext: &str) -> Answer {
    let call = Call::post("/qr/lock").header("token", &person.token);
    world.call(call.json(&json!({"code": code, "ext": ext}))).await
}

// D4
#[tokio::test]
async fn a_code_is_read_however_it_is_spelled() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let code = &pc.code;
    let dashed: String = code
        .chars()
        .enumerate()
        .map(|(i, c)| if i % 4 == 3 { format!("{c}-") } else { c.to_string() })
        .collect();
    for spelled in [
        code.clone(),
        code.to_lowercase(),
        dashed,
        code.replace('1', "l").replace('0', "o"),
        code.replace('1', "I").replace('0', "O"),
        pc.text.clone(),
        pc.text.to_lowercase(),
        format!("  {}/?utm=1#x ", pc.text),
        // F8
        format!("\u{FEFF}\u{2068}{}\u{2069}", pc.text),
        code.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect(),
        // F10
        format!("{}\r\n", pc.text),
        format!("{}%20", pc.text),
        format!("{}?source=a&source=b&x=%ff", pc.text),
        format!("{ISSUER}/downloads.html?source=pclogin&code={code}&source=app&x=%ff"),
    ] {
        done(&app(&world, "lock", &person, &spelled).await);
    }
    assert_eq!(world.session(code).version, 2);
}

// G5
#[tokio::test]
async fn an_address_of_another_site_is_dead() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let code = &pc.code;
    let elsewhere = [
        format!("https://evil.example/q/{code}"),
        format!("javascript:alert(1)/q/{code}"),
        format!("{ISSUER}@evil.example/q/{code}"),
        format!("{ISSUER}.evil.example/q/{code}"),
        format!("http://login.example.com/q/{code}"),
        format!("https://evil.example/downloads.html?code={code}"),
    ];
    for text in &elsewhere {
        dead(&app(&world, "lock", &person, text).await);
    }
    assert_eq!(world.session(code).version, 1);
    done(&app(&world, "lock", &person, code).await);
    for (step, text) in
        ["activate", "cancel"].iter().flat_map(|step| elsewhere.iter().map(move |it| (step, it)))
    {
        dead(&app(&world, step, &person, text).await);
    }
    assert_eq!(world.session(code).version, 2);
    done(&app(&world, "activate", &person, &pc.text).await);
}

#[tokio::test]
async fn what_is_no_code_is_dead() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    for raw in [
        String::new(),
        "-".repeat(26),
        pc.code[..25].to_owned(),
        format!("{}0", pc.code),
        pc.code.replacen(|_| true, "U", 1),
        format!("https://login.example.com/x/{}", pc.code),
        "https://login.example.com/q/".to_owned(),
        "x".repeat(10_000), // W8
        format!("{}/q/{}", "x".repeat(10_000), pc.code),
        "\u{202E}\0".to_owned(),
    ] {
        dead(&app(&world, "lock", &person, &raw).await);
    }
    assert_eq!(sessions(&world), before);
}

#[tokio::test]
async fn a_form_does_what_json_does() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    for (step, form) in [
        ("lock", format!("code={}&ext=a%20b%26%E7%A0%81", pc.code)),
        ("activate", format!("code={}", pc.code)),
    ] {
        let call = Call::post(&format!("/qr/{step}")).bearer(&person.token);
        done(&world.call(call.body("application/x-www-form-urlencoded; charset=utf-8", &form)).await);
    }
    assert_eq!(pc.poll(&world).await.text("ext"), "a b&码");
}

// K21: markup is text and stays. Characters that reorder, hide or break the words around them are dropped.
#[tokio::test]
async fn ext_reaches_the_page_as_text_alone() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let longest = "x".repeat(512);
    for (ext, text) in [
        ("", ""),
        ("购物车=7", "购物车=7"),
        ("<b>\"\\\u{1F600}", "<b>\"\\\u{1F600}"),
        ("a\r\nb\0\u{202E}c\u{200B}", "abc"),
        (&longest, &longest),
    ] {
        let pc = Pc::open(&world).await;
        done(&lock_with(&world, &person, &pc.code, ext).await);
        done(&app(&world, "activate", &person, &pc.code).await);
        assert_eq!(pc.poll(&world).await.text("ext"), text);
    }
}

// W8
#[tokio::test]
async fn ext_over_512_bytes_is_refused() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    for ext in ["x".repeat(513), "码".repeat(171), "x".repeat(10_240)] {
        refused(&lock_with(&world, &person, &pc.code, &ext).await, 400, "ext_too_long");
    }
    assert_eq!(world.session(&pc.code).version, 1);
}

// I1
#[tokio::test]
async fn the_app_is_told_who_asks() {
    let world = World::default();
    register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let consent = app(&world, "lock", &person, &pc.code).await.json()["consent"].clone();
    assert_eq!(consent["client"]["id"], "shop");
    assert_eq!(
        consent["seen"],
        json!({"ip": "203.0.113.7", "sameNetwork": true, "browser": "Firefox on Windows", "at": 1_705_998_038, "age": 0})
    );
    let choices = consent["matchNumber"]["choices"].as_array().unwrap();
    assert_eq!((choices.len(), choices.contains(&json!(pc.number))), (3, true));
}

// A16
#[tokio::test]
async fn the_same_phone_scans_again_and_nothing_changes() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let first = lock_with(&world, &person, &pc.code, "first").await;
    let before = sessions(&world);
    let sent = world.outbox.messages().len();
    pass(&world, 10);
    let again = lock_with(&world, &person, &pc.code, "second").await;
    let (mut first, mut again) = (first.json(), again.json());
    // Only the time since the screen asked differs.
    let ages = [&mut first, &mut again].map(|it| it["consent"]["seen"]["age"].take());
    assert_eq!((first, ages), (again, [json!(0), json!(10)]));
    assert_eq!((sessions(&world), world.outbox.messages().len()), (before, sent));
}

// A7 A8 B6
#[tokio::test]
async fn a_second_phone_cannot_scan() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let other = world.sign_in("13800138001").await;
    pass(&world, 61);
    let other_phone = world.sign_in("13800138000").await;
    assert_eq!(person.account, other_phone.account);
    let pc = Pc::open(&world).await;
    done(&app(&world, "lock", &person, &pc.code).await);
    let before = sessions(&world);
    for stranger in [&other, &other_phone] {
        let answer = app(&world, "lock", stranger, &pc.code).await;
        refused(&answer, 403, "claimed_by_another");
        assert!(!String::from_utf8(answer.body).unwrap().contains(&person.account.to_string()));
    }
    assert_eq!(sessions(&world), before);
}

// A11
#[tokio::test]
async fn a_body_names_nobody() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let victim = world.sign_in("13800138001").await;
    let pc = Pc::open(&world).await;
    for step in ["lock", "activate"] {
        let id = victim.account.to_string();
        let body = json!({
            "code": pc.code, "memberId": id, "sub": id, "uin": id, "userId": id, "account": id, "by": {"account": id},
            "phone": victim.number, "idNumber": "110101199003070000", "token": victim.token,
        });
        let call = Call::post(&format!("/qr/{step}")).header("token", &person.token).json(&body);
        let named = &["memberId", "sub", "uin", "userId", "account", "by", "phone", "idNumber", "token"];
        done(&world.call(call.ignored(named)).await);
        assert_eq!(world.session(&pc.code).state.claim().unwrap().by.account, person.account);
    }
    let pc = Pc::open(&world).await;
    let body = json!({"code": pc.code, "token": victim.token});
    refused(&world.call(Call::post("/qr/lock").json(&body)).await, 401, "unauthorized");
}

// A12 E9
#[tokio::test]
async fn a_token_got_by_scanning_approves_nothing() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let first = Pc::open_shop(&world).await;
    let_in(&world, &person, &first).await;
    let ticket = first.ticket(&world).await;
    let token = exchange(&world, &shop, &ticket).await.text("access_token");
    let second = Pc::open(&world).await;
    done(&app(&world, "lock", &person, &second.code).await);
    let before = sessions(&world);
    for step in ["lock", "activate", "cancel"] {
        let by = |token: &str| {
            world.call(Call::post(&format!("/qr/{step}")).bearer(token).json(&json!({"code": second.code})))
        };
        refused(&by(&token).await, 403, "not_an_approver");
        for other_kind in [&ticket, &second.poll_token, &person.refresh_token] {
            refused(&by(other_kind).await, 401, "unauthorized");
        }
    }
    assert_eq!(sessions(&world), before);
    assert_eq!(flag(&second.poll(&world).await), 1);
}

// W1
#[tokio::test]
async fn a_cookie_scans_confirms_and_cancels_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    for step in ["lock", "activate", "cancel"] {
        let call =
            Call::post(&format!("/qr/{step}")).cookie(&pc.cookie).cookie(&format!("token={}", person.token));
        let form = format!("code={}", pc.code);
        refused(
            &world.call(call.body("application/x-www-form-urlencoded", &form)).await,
            401,
            "unauthorized",
        );
    }
    assert_eq!(sessions(&world), before);
}
