//! Every parameter missing, doubled, empty, of 10 KB and of another type, at every endpoint: a refusal of the RFC, never
//! a 500 (`docs/security.md` W6, W8).

use acceptance::{Call, World};
use saoma_domain::oauth::ClientAuth;

use super::{DEVICE_GRANT, form, register_as};
use crate::web::basic;

/// The endpoints, with parameters that each reads.
const ENDPOINTS: [(&str, &[&str]); 6] = [
    (
        "/oauth/bc-authorize",
        &[
            "client_id",
            "client_secret",
            "scope",
            "login_hint",
            "id_token_hint",
            "login_hint_token",
            "binding_message",
            "requested_expiry",
            "request",
        ],
    ),
    ("/oauth/device_authorization", &["client_id", "client_secret", "scope", "device_name"]),
    (
        "/oauth/token",
        &["grant_type", "client_id", "client_secret", "device_code", "refresh_token", "scope", "code"],
    ),
    (
        "/oauth/par",
        &[
            "client_id",
            "client_secret",
            "client_assertion_type",
            "client_assertion",
            "redirect_uri",
            "request_uri",
            "response_type",
            "state",
        ],
    ),
    ("/oauth/revoke", &["client_id", "client_secret", "token", "token_type_hint"]),
    ("/oauth/introspect", &["client_id", "client_secret", "token", "token_type_hint"]),
];

const ERRORS: [&str; 9] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unsupported_grant_type",
    "temporarily_unavailable",
    "invalid_scope",
    "unauthorized_client",
    "unknown_user_id",
    "invalid_binding_message",
];

fn good(name: &str, secret: &str) -> String {
    match name {
        "grant_type" => DEVICE_GRANT.to_owned(),
        "client_id" => "box".to_owned(),
        "client_secret" => secret.to_owned(),
        "scope" => "openid".to_owned(),
        _ => "x".to_owned(),
    }
}

// W6 W8
#[tokio::test]
async fn odd_parameters_get_a_refusal_of_the_rfc() {
    for (path, names) in ENDPOINTS {
        let world = World::default();
        let secret = register_as(&world, "box", ClientAuth::ClientSecret);
        for odd in names {
            let value = good(odd, &secret);
            let twice = vec![value.clone(), value];
            let long = vec!["x".repeat(10_000)];
            for values in [vec![], vec![String::new()], twice, long, vec!["\u{202E}\0<b>".to_owned()]] {
                let mut pairs: Vec<(&str, String)> = names
                    .iter()
                    .filter(|name| *name != odd)
                    .map(|name| (*name, good(name, &secret)))
                    .collect();
                pairs.extend(values.into_iter().map(|value| (*odd, value)));
                let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = world.call(form(path, &pairs)).await;
                if answer.status != 200 {
                    assert!(
                        [400, 401, 429].contains(&answer.status.as_u16()),
                        "{path} {odd}: {}",
                        answer.whole()
                    );
                    assert!(
                        ERRORS.contains(&answer.text("error").as_str()),
                        "{path} {odd}: {}",
                        answer.whole()
                    );
                }
            }
        }
    }
}

// W6 W8
#[tokio::test]
async fn odd_bodies_get_a_refusal_of_the_rfc() {
    let world = World::default();
    let secret = register_as(&world, "box", ClientAuth::ClientSecret);
    let form_type = "application/x-www-form-urlencoded";
    for (path, _) in ENDPOINTS {
        for (kind, body, status) in [
            (form_type, "", 400),
            (form_type, "%ff=%fe", 400),
            (form_type, "&&&=&=", 400),
            (form_type, "client_id=box&client_id=box", 400),
            ("application/json", "{\"client_id\":\"box\"}", 415),
            ("text/plain", "client_id=box", 415),
        ] {
            let answer = world.call(Call::post(path).body(kind, body)).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text("error").as_str()),
                (status, "invalid_request"),
                "{path} {body}"
            );
        }
        let large = world.call(Call::post(path).body(form_type, &"x".repeat(20_000))).await;
        assert_eq!((large.status.as_u16(), large.text("error").as_str()), (413, "invalid_request"));
        let query = format!("{path}?client_secret={secret}");
        let named = Call::post(&query).header("authorization", &basic("box", &secret));
        assert_eq!(world.call(named).await.text("error"), "invalid_request", "E2");
    }
}
