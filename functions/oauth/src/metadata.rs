//! What there is, for programs that set themselves up (OpenID Connect Discovery 1.0, RFC 8414). It promises nothing that
//! is off (`docs/security.md` W17).

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use saoma_domain::oauth::{GrantType, Scope};
use saoma_http::{Facts, Problem, body::Json};
use saoma_tokens::foreign::ForeignAlgorithm;
use serde::Serialize;

use crate::{App, cors};

const KEPT: &str = "public, max-age=300";
const CLIENT_AUTHENTICATION: [&str; 4] =
    ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
const PROOFS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the standards' own fields")]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    pushed_authorization_request_endpoint: String,
    device_authorization_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    backchannel_authentication_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    ui_locales_supported: [&'static str; 2],
    grant_types_supported: Vec<&'static str>,
    backchannel_token_delivery_modes_supported: [&'static str; 1],
    backchannel_user_code_parameter_supported: bool,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 4],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 4],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    dpop_signing_alg_values_supported: [&'static str; 1],
    claims_supported: [&'static str; 15],
}

/// `GET /.well-known/openid-configuration`.
pub(crate) async fn openid(State(app): State<App>, facts: Facts) -> Result<Response, Problem> {
    metadata(&app, &facts).await
}

/// `GET /.well-known/oauth-authorization-server`: the same, for clients without OpenID Connect.
pub(crate) async fn oauth(State(app): State<App>, facts: Facts) -> Result<Response, Problem> {
    metadata(&app, &facts).await
}

async fn metadata(app: &App, facts: &Facts) -> Result<Response, Problem> {
    let issuer = app.service.public_url(facts.domain())?;
    let at = |path: &str| format!("{issuer}{path}");
    app.service.keys.learn_rsa().await;
    let signed = app.service.keys.algorithms();
    let assertions = ForeignAlgorithm::ALL.map(ForeignAlgorithm::as_str);
    let metadata = Metadata {
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        pushed_authorization_request_endpoint: at("/oauth/par"),
        device_authorization_endpoint: at("/oauth/device_authorization"),
        userinfo_endpoint: at("/oauth/userinfo"),
        revocation_endpoint: at("/oauth/revoke"),
        introspection_endpoint: at("/oauth/introspect"),
        backchannel_authentication_endpoint: at("/oauth/bc-authorize"),
        end_session_endpoint: at("/oauth/logout"),
        jwks_uri: at("/.well-known/jwks.json"),
        scopes_supported: Scope::ALL.iter().map(|scope| scope.as_str()).collect(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        ui_locales_supported: ["en", "zh-CN"],
        grant_types_supported: GrantType::ALL.iter().map(|grant| grant.wire_name()).collect(),
        backchannel_token_delivery_modes_supported: ["poll"],
        backchannel_user_code_parameter_supported: false,
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: signed.iter().map(|it| it.as_str()).collect(),
        token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        token_endpoint_auth_signing_alg_values_supported: assertions,
        revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        revocation_endpoint_auth_signing_alg_values_supported: assertions,
        introspection_endpoint_auth_methods_supported: PROOFS,
        introspection_endpoint_auth_signing_alg_values_supported: assertions,
        dpop_signing_alg_values_supported: [ForeignAlgorithm::Es256.as_str()],
        claims_supported: [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "amr",
            "at_hash",
            "sid",
            "name",
            "preferred_username",
            "updated_at",
            "phone_number",
            "phone_number_verified",
        ],
        issuer,
    };
    Ok(cors::readable(([(header::CACHE_CONTROL, KEPT)], Json(metadata)).into_response()))
}
