//! Where the QR and the ticket lead: to our own public address, whatever a caller says it is.

use acceptance::{Call, World};

use super::{Pc, let_in};

// W13
#[tokio::test]
async fn host_headers_choose_neither_the_qr_nor_the_issuer() {
    let world = World::default();
    let evil = |call: Call| {
        call.header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "host=evil.example;proto=http")
    };
    let opened = world.call(evil(Call::get("/qr/code"))).await;
    let pc = Pc::read(&opened);
    assert_eq!(pc.text, format!("https://LOGIN.EXAMPLE.COM/Q/{}", pc.code));
    assert!(!opened.whole().contains("evil"), "{}", opened.whole());
    let_in(&world, &world.sign_in("13800138000").await, &pc).await;
    let url = world.call(evil(Call::get("/qr/login").cookie(&pc.cookie))).await.text("url");
    assert!(url.starts_with("https://login.example.com/welcome?ticket="), "{url}");
}

// W13
#[tokio::test]
async fn without_a_public_address_api_gateways_own_is_used() {
    let world = World::with(&[("PUBLIC_URL", "")]);
    let call =
        Call::get("/qr/code").header("host", "evil.example").header("x-forwarded-host", "evil.example");
    let pc = Pc::read(&world.call(call).await);
    let host = "https://api-id.execute-api.ap-southeast-1.amazonaws.com";
    assert_eq!(pc.text, format!("https://API-ID.EXECUTE-API.AP-SOUTHEAST-1.AMAZONAWS.COM/Q/{}", pc.code));
    let_in(&world, &world.sign_in("13800138000").await, &pc).await;
    let url = pc.poll(&world).await.text("url");
    assert!(url.starts_with(&format!("{host}/welcome?ticket=")), "{url}");
}
