//! `GET /qr/loginpic`.

use acceptance::{Answer, Call, World, qr};
use insta::assert_snapshot;

use super::{Pc, dead, dead_because, flag, refused, sessions};

/// What an independent reader finds: the side in pixels, the text, whether there are colours or greys.
fn read(answer: &Answer) -> (u32, String, bool) {
    assert_eq!(answer.status, 200, "{}", answer.whole());
    assert_eq!(answer.header("content-type"), "image/png");
    let (side, text) = qr::read(&answer.body);
    let colours = image::load_from_memory(&answer.body).unwrap().to_rgb8();
    (side, text, colours.pixels().any(|p| p.0 != [0; 3] && p.0 != [255; 3]))
}

/// The text that the QR must hold, after the cookie.
fn text_of(answer: &Answer) -> String {
    format!("https://LOGIN.EXAMPLE.COM/Q/{}", code_of(&answer.cookie()))
}

fn code_of(cookie: &str) -> String {
    cookie.split_once('=').unwrap().1.split_once('.').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_picture_of_94_pixels_and_a_cookie() {
    let world = World::default();
    let answer = world.call(Call::get("/qr/loginpic/")).await;
    assert_snapshot!(answer.whole(), @r#"
    200 OK
    content-type: image/png
    set-cookie: __Host-saoma-qr=9KJ32Z0DVMH5PGNNZC60G8A2KS.rv3OA975T_7UIVnlVnfsIOkSAOGYHyWx8nG2_ZnDwmM; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 258

    258 bytes
    "#);
    assert_eq!(read(&answer), (94, text_of(&answer), false));
    assert_eq!(sessions(&world).len(), 1);
}

#[tokio::test]
async fn the_documented_example_is_clamped_to_512_pixels_with_a_logo() {
    let world = World::default();
    let answer = world.call(Call::get("/qr/loginpic/?qrSize=513&logo=2")).await;
    assert_eq!(read(&answer), (512, text_of(&answer), true));
}

// G1 G4
#[tokio::test]
async fn a_picture_has_exactly_the_pixels_asked_for_and_at_most_512() {
    let world = World::with(&[("CREATES_PER_MINUTE", "1000")]);
    let asked =
        ["94", "100", "163", "256", "511", "512", "513", "50000", "4294967297", "18446744073709551616"];
    for (asked, side) in asked.into_iter().zip([94, 100, 163, 256, 511, 512, 512, 512, 512, 512]) {
        for logo in ["", "&logo=0", "&logo=1", "&logo=2&logoSize=1", "&logo=3&logoSize=50000"] {
            let answer = world.call(Call::get(&format!("/qr/loginpic?qrSize={asked}{logo}"))).await;
            let drawn = logo.len() > "&logo=0".len() || logo == "&logo=1";
            let (pixels, text, _) = read(&answer);
            assert_eq!((pixels, text), (side, text_of(&answer)), "{asked}{logo}");
            assert!(drawn || !read(&answer).2, "{asked}{logo}");
        }
    }
}

// G1 G9
#[tokio::test]
async fn a_picture_that_cannot_be_drawn_is_refused_and_leaves_nothing() {
    let world = World::default();
    for (query, code) in [
        ("qrSize=0", "invalid_size"),
        ("qrSize=-1", "invalid_size"),
        ("qrSize=256;", "invalid_size"),
        ("qrSize=NaN", "invalid_size"),
        ("qrSize=1e2", "invalid_size"),
        ("qrSize=%2B94", "invalid_size"),
        ("qrSize=0x5e", "invalid_size"),
        ("qrSize=%EF%BC%99%EF%BC%94", "invalid_size"),
        ("qrSize=73", "too_small"),
        ("qrSize=1", "too_small"),
        ("logoSize=0&logo=1", "invalid_size"),
        ("logoSize=-1", "invalid_size"),
        ("logoSize=NaN", "invalid_size"),
        ("logo=4", "unknown_logo"),
        ("logo=-1", "unknown_logo"),
        ("logo=4294967297", "unknown_logo"),
        ("logo=../../etc/passwd", "unknown_logo"),
        ("client=nobody", "unknown_client"),
        ("client=a%20b", "unknown_client"),
        ("qrSize=94&qrSize=95", "malformed_query"),
        ("qrSize=%ff", "malformed_query"),
    ] {
        let answer = world.call(Call::get(&format!("/qr/loginpic/?{query}"))).await;
        refused(&answer, 400, code);
        assert_eq!(answer.header("set-cookie"), "", "{query}");
    }
    assert!(sessions(&world).is_empty());
    assert!(world.drawer.pictures().is_empty());
}

// G3 A3
#[tokio::test]
async fn no_parameter_adds_to_the_qr_or_chooses_its_code() {
    let world = World::default();
    let query =
        "text=evil&code=ZZZZZZZZZZZZZZZZZZZZZZZZZZ&id=1&matchNumber=42&url=https://evil.example&qrSize=200";
    let call = Call::get(&format!("/qr/loginpic?{query}")).header("referer", "https://evil.example/");
    let answer = world.call(call.ignored(&["text", "code", "id", "matchNumber", "url"])).await;
    assert_eq!(read(&answer), (200, text_of(&answer), false));
    assert_ne!(code_of(&answer.cookie()), "ZZZZZZZZZZZZZZZZZZZZZZZZZZ");
}

// D10 D6
#[tokio::test]
async fn a_flood_from_one_address_is_stopped_whatever_it_says_of_itself() {
    let world = World::with(&[("CREATES_PER_MINUTE", "3")]);
    let old = Pc::open(&world).await;
    for _ in 0..2 {
        assert_eq!(world.call(Call::get("/qr/loginpic")).await.status, 200);
    }
    let before = sessions(&world);
    for forwarded in ["198.51.100.1", "198.51.100.2, 203.0.113.9"] {
        for path in ["/qr/loginpic", "/qr/code"] {
            let call = Call::get(path).header("x-forwarded-for", forwarded).header("x-real-ip", forwarded);
            let answer = world.call(call.cookie(&old.cookie)).await;
            refused(&answer, 429, "too_many_requests");
            assert_eq!((answer.header("retry-after"), answer.header("set-cookie")), ("61", ""));
        }
    }
    assert_eq!(sessions(&world), before);
    assert_eq!(flag(&old.poll(&world).await), 0);
    assert_eq!(world.call(Call::get("/qr/loginpic").from_ip("198.51.100.1")).await.status, 200);
    super::pass(&world, 61);
    assert_eq!(world.call(Call::get("/qr/loginpic")).await.status, 200);
}

// A4
#[tokio::test]
async fn a_planted_cookie_is_never_honoured() {
    let world = World::default();
    let (code, secret) = ("ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "planted-planted-planted-planted-planted-1");
    let planted = format!("__Host-saoma-qr={code}.{secret}");
    let answer = world.call(Call::get("/qr/loginpic").cookie(&planted)).await;
    assert_eq!(answer.status, 200);
    let cookie = answer.cookie();
    assert!(!cookie.contains(code) && !cookie.contains(secret), "{cookie}");
    assert_eq!(sessions(&world).len(), 1);
    dead(&world.call(Call::get("/qr/login").cookie(&planted)).await);
    let own_code = format!("__Host-saoma-qr={}.{secret}", code_of(&cookie));
    dead(&world.call(Call::get("/qr/login").cookie(&own_code)).await);
    assert_eq!(flag(&world.call(Call::get("/qr/login").cookie(&cookie)).await), 0);
}

// C6
#[tokio::test]
async fn a_new_picture_ends_the_old_one_at_once() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let old = Pc::open(&world).await;
    super::let_in(&world, &person, &old).await;
    let new = world.call(Call::get("/qr/loginpic").cookie(&old.cookie)).await;
    assert_eq!(new.status, 200);
    assert_ne!(new.cookie(), old.cookie);
    for step in ["lock", "activate"] {
        dead_because(&super::app(&world, step, &person, &old.code).await, "cancelled");
    }
    let poll = old.poll(&world).await;
    assert_eq!((flag(&poll), poll.text("reason")), (-2, "cancelled".to_owned()));
    assert_eq!(flag(&world.call(Call::get("/qr/login").cookie(&new.cookie())).await), 0);
}

// A2 D15
#[tokio::test]
async fn a_new_picture_does_not_end_a_session_whose_secret_was_guessed() {
    let world = World::default();
    let (x, y) = (Pc::open(&world).await, Pc::open(&world).await);
    let secret_of_y = y.poll_token.split_once('.').unwrap().1;
    let mixed = format!("__Host-saoma-qr={}.{secret_of_y}", x.code);
    let before = (world.session(&x.code), world.session(&y.code));
    assert_eq!(world.call(Call::get("/qr/loginpic").cookie(&mixed)).await.status, 200);
    assert_eq!((world.session(&x.code), world.session(&y.code)), before);
}
