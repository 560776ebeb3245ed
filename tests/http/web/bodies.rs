//! Bodies that no endpoint accepts.

use acceptance::{Call, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Pc, refused, sessions};

const STEPS: [&str; 3] = ["lock", "activate", "cancel"];

async fn refuses(content_type: &str, body: &str, status: u16, code: &str) {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let body = body.replace("CODE", &pc.code);
    let before = sessions(&world);
    for step in STEPS {
        let call = Call::post(&format!("/qr/{step}")).header("token", &person.token);
        refused(&world.call(call.body(content_type, &body)).await, status, code);
    }
    assert_eq!(sessions(&world), before);
}

// W8
#[tokio::test]
async fn a_body_over_16_kb_is_refused() {
    let megabyte = format!(r#"{{"code":"CODE","ext":"{}"}}"#, "x".repeat(1 << 20));
    refuses("application/json", &megabyte, 413, "too_large").await;
    refuses(
        "application/x-www-form-urlencoded",
        &format!("code=CODE&ext={}", "x".repeat(1 << 20)),
        413,
        "too_large",
    )
    .await;
    refuses("application/json", &format!(r#"{{"code":"CODE"}}{}"#, " ".repeat(16 * 1024)), 413, "too_large")
        .await;
}

// W8
#[tokio::test]
async fn malformed_json_is_refused() {
    let deep = format!(r#"{{"code":"CODE","x":{}"#, "[".repeat(8000));
    let whole_and_deep = format!(r#"{{"code":"CODE","x":{}{}}}"#, "[".repeat(7000), "]".repeat(7000));
    for body in [
        "{",
        "null",
        "[]",
        r#"["CODE","ext"]"#,
        "\"CODE\"",
        r#"{"code":null}"#,
        r#"{"code":7}"#,
        r#"{"code":["CODE"]}"#,
        r#"{"ext":"x"}"#,
        r#"{"code":"CODE"} x"#,
        r#"{"code":"CODE","code":"CODE"}"#,
        r"{'code':'CODE'}",
        &deep,
        &whole_and_deep,
    ] {
        refuses("application/json", body, 400, "malformed_body").await;
    }
}

// W6
#[tokio::test]
async fn a_form_field_that_comes_twice_is_refused() {
    for form in ["code=CODE&code=CODE", "code=CODE&c%6Fde=x", "code=CODE&ext=a&ext=b", "code=CODE&x=1&x=1"] {
        refuses("application/x-www-form-urlencoded", form, 400, "malformed_body").await;
    }
}

// W8
#[tokio::test]
async fn what_is_not_utf_8_is_refused() {
    refuses("application/x-www-form-urlencoded", "code=CODE&ext=%ff%fe", 400, "malformed_body").await;
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for step in STEPS {
        let body = STANDARD.encode(b"{\"code\":\"\xff\xfe\"}");
        let call = Call::post(&format!("/qr/{step}")).header("token", &person.token);
        refused(&world.call(call.base64("application/json", &body)).await, 400, "malformed_body");
    }
}

// W8
#[tokio::test]
async fn another_content_type_is_refused() {
    for content_type in
        ["text/plain", "multipart/form-data; boundary=x", "application/xml", "", "application/jsonp"]
    {
        refuses(content_type, r#"{"code":"CODE"}"#, 415, "unsupported_media_type").await;
    }
}

// W8
#[tokio::test]
async fn no_body_is_a_malformed_one() {
    refuses("application/json", "", 400, "malformed_body").await;
}

// F12
#[tokio::test]
async fn half_an_emoji_and_a_byte_order_mark_are_read() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for (content_type, body, ext) in [
        ("application/json", r#"{"code":"CODE","ext":"\ud83d"}"#, "\u{FFFD}"),
        ("application/json", r#"{"code":"CODE","ext":"\ud83d\ude00 \udc00"}"#, "\u{1F600} \u{FFFD}"),
        ("application/json", "\u{FEFF}{\"code\":\"CODE\",\"ext\":\"a\"}", "a"),
        ("application/x-www-form-urlencoded", "\u{FEFF}code=CODE&ext=%EF%BF%BD", "\u{FFFD}"),
    ] {
        let pc = Pc::open(&world).await;
        let body = body.replace("CODE", &pc.code);
        let call = Call::post("/qr/lock").header("token", &person.token).body(content_type, &body);
        assert_eq!(world.call(call).await.status, 200, "{body}");
        let call = Call::post("/qr/activate").header("token", &person.token);
        assert_eq!(world.call(call.json(&json!({"code": pc.code}))).await.status, 200);
        assert_eq!(pc.poll(&world).await.text("ext"), ext);
    }
}
