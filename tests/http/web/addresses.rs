//! Where the QR and the ticket lead: to our own public address, whatever a caller says it is.

use acceptance::{Call, World};
use serde_json::json;

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

#[tokio::test]
async fn behind_a_custom_domain_the_public_address_must_be_set() {
    let through = async |world: &World, domain: &str| {
        let mut event = Call::get("/qr/code").event();
        event["requestContext"]["domainName"] = json!(domain);
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        world.call_function("web", request).await.status.as_u16()
    };
    let (unset, set) = (World::with(&[("PUBLIC_URL", "")]), World::default());
    assert_eq!(through(&unset, "api-id.execute-api.cn-north-1.amazonaws.com.cn").await, 200);
    for domain in ["login.example.com", "execute-api.example.com", "execute-api"] {
        assert_eq!(through(&unset, domain).await, 500, "{domain}");
        assert_eq!(through(&set, domain).await, 200, "{domain}");
    }
}

// API Gateway hands `/qr/loginpic/` and all below it to the function.
#[tokio::test]
async fn the_picture_has_its_documented_slash_and_nothing_below_it() {
    let world = World::default();
    for path in ["/qr/loginpic", "/qr/loginpic/"] {
        let picture = world.call(Call::get(&format!("{path}?qrSize=513&logo=2"))).await;
        assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/png"), "{path}");
    }
    let sessions = world.memory.sessions().len();
    for path in ["garbage", "/", "garbage/", "..", "%2e%2e", "login"] {
        let refused = world.call(Call::get(&format!("/qr/loginpic/{path}"))).await;
        assert_eq!(refused.status, 404, "{path}");
        assert_eq!(refused.text("code"), "no_such_route", "{path}");
    }
    assert_eq!(world.memory.sessions().len(), sessions);
}
