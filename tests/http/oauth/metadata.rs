//! Discovery (OpenID Connect Discovery 1.0, RFC 8414).

use acceptance::{Call, World};
use insta::assert_snapshot;
use saoma_domain::{
    client::Client,
    oauth::{ClientAuth, GrantType, OauthClient},
};

use super::{form, refused};

const PLACES: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

#[tokio::test]
async fn both_documents_say_the_same() {
    let world = World::default();
    let [openid, oauth] = PLACES.map(Call::get);
    let (openid, oauth) = (world.call(openid).await, world.call(oauth).await);
    assert_eq!(openid.json(), oauth.json());
    assert_snapshot!(openid.whole());
}

// W12 W17
#[tokio::test]
async fn every_address_is_served_and_every_grant_is_known() {
    let world = World::default();
    // A client with every grant, so that a refusal says whether the endpoint knows the grant.
    world.register_client("client", |client| Client {
        oauth: OauthClient {
            grants: GrantType::ALL.to_vec(),
            auth: ClientAuth::None,
            ..OauthClient::default()
        },
        ..client
    });
    let metadata = world.call(Call::get(PLACES[0])).await.json();
    let issuer = metadata["issuer"].as_str().unwrap();
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix(issuer).unwrap();
            let answers =
                [world.call(Call::get(path)).await.status, world.call(Call::post(path)).await.status];
            assert!(
                answers.iter().any(|status| ![404, 405].contains(&status.as_u16())),
                "{name}: {answers:?}"
            );
        }
    }
    let promised: Vec<_> =
        metadata["grant_types_supported"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    for grant in GrantType::ALL {
        let asked = [("client_id", "client"), ("grant_type", grant.wire_name())];
        let answer = world.call(form("/oauth/token", &asked)).await.text("error");
        let served = !["unsupported_grant_type", "unauthorized_client"].contains(&answer.as_str());
        assert_eq!(served, promised.contains(&grant.wire_name()), "{grant:?}: {answer}");
    }
    for grant in ["password", "client_credentials", "implicit", "device_code", ""] {
        let asked = [("client_id", "client"), ("grant_type", grant)];
        let error = if grant.is_empty() { "invalid_request" } else { "unsupported_grant_type" };
        refused(&world.call(form("/oauth/token", &asked)).await, 400, error);
    }
}

// W3
#[tokio::test]
async fn pages_of_any_site_may_call_what_takes_no_cookie_and_nothing_else() {
    let world = World::default();
    let origin = |call: Call| call.header("origin", "https://spa.example");
    for path in
        ["/oauth/token", "/oauth/par", "/oauth/device_authorization", "/oauth/revoke", "/oauth/userinfo"]
    {
        let preflight = world.call(origin(Call::new("OPTIONS", path))).await;
        assert_eq!((preflight.status.as_u16(), preflight.header("access-control-allow-origin")), (204, "*"));
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
        let answer = world.call(origin(Call::post(path))).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}: {}", answer.whole());
    }
    for path in ["/oauth/bc-authorize", "/oauth/introspect"] {
        let preflight = world.call(origin(Call::new("OPTIONS", path))).await;
        assert_eq!(preflight.status, 405, "{path}");
    }
    // Refused by the handler, and by the layers before it.
    for path in [
        "/oauth/bc-authorize",
        "/oauth/introspect",
        "/oauth/introspect?token=x",
        "/oauth/user_code?token=x",
        "/oauth/authorize/begin?token=x",
    ] {
        let refused = world.call_function("oauth", origin(Call::post(path)).request()).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.whole());
        assert_eq!(refused.header("access-control-allow-origin"), "", "{path}: {}", refused.whole());
    }
}
