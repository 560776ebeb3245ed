//! A client exchanges its authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{
    client::Client,
    oauth::Pkce,
    ports::Freshness,
    session::{RedeemKey, Refusal, State},
};
use saoma_http::{Facts, Problem, query::Query};
use saoma_tokens::authorization::AuthorizationCode;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    App, dpop,
    issue::{self, Tokens},
    refused::{INVALID_GRANT, by_the_core, missing},
    token::Asking,
};

/// The code that a request brings, if we made it.
///
/// # Errors
/// `invalid_request` or `invalid_grant`.
pub(crate) async fn unsealed(app: &App, facts: &Facts, form: &Query) -> Result<AuthorizationCode, Problem> {
    let raw = form.get("code").ok_or(missing("code is missing."))?;
    let issuer = app.service.public_url(facts.domain())?;
    let code = app.service.keys.verify_code(&issuer, raw).await;
    code.map_err(|_| INVALID_GRANT.as_guess())
}

/// Exchanges a code. The checks, in order: we made it ([`unsealed`]); the client proves itself; the code is the
/// client's; it was sent to the address that the request names; the request brings the secret behind the challenge, and a
/// proof of the key that the code is bound to; the code is not over, unless it was exchanged before; an assertion and a
/// proof count once; everything is still allowed; then the one guarded write. Nothing before the write uses the code up.
///
/// The same code within 30 s of the first exchange gets the same tokens. Later, with everything proven, it is refused
/// and ends what it was exchanged for.
pub(crate) async fn exchange(
    app: &App,
    asking: &Asking<'_>,
    code: &AuthorizationCode,
) -> Result<Tokens, Problem> {
    let now = app.service.clock.now();
    proven(&asking.client, asking.form, code)?;
    dpop::holds(code.bound_to.as_ref(), asking.key.as_ref())?;
    let session = app.logins.sessions.find(&code.session, Freshness::Strong).await?.ok_or(INVALID_GRANT)?;
    let in_time = now < code.expires_at || matches!(session.state, State::Redeemed { .. });
    if session.client != asking.client.id || session.flow.request().is_none() || !in_time {
        return Err(INVALID_GRANT);
    }
    asking.spends.spend(app).await?;
    let (key, ip) = (RedeemKey::Ticket, asking.facts.ip);
    match app.logins.redeem(session.clone(), key, code.id.clone(), ip, now).await {
        Ok(redeemed) => issue::first(app, asking, &redeemed, code.nonce.as_deref()).await,
        Err(error) => {
            // A second code of this session is only refused: two tabs of one person may each hold one.
            let is_replay =
                matches!(&session.state, State::Redeemed { redemption, .. } if redemption.id == code.id);
            if is_replay && error.refusal() == Some(Refusal::Used) {
                app.screens.revoke(&session).await?;
            }
            Err(by_the_core(error))
        }
    }
}

fn proven(client: &Client, form: &Query, code: &AuthorizationCode) -> Result<(), Problem> {
    let redirect_uri = form.get("redirect_uri").ok_or(missing("redirect_uri is missing."))?;
    let secret_is_right = match (&code.code_challenge, form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) => is_behind(verifier, challenge),
        (Some(_), None) => return Err(missing("code_verifier is missing.")),
        // A verifier without a challenge: an attacker has taken the challenge out of the request (RFC 9700 section 4.8.2).
        (None, verifier) => verifier.is_none() && client.oauth.pkce == Pkce::Optional,
    };
    let same = code.client == client.id && code.redirect_uri == redirect_uri;
    if same && secret_is_right { Ok(()) } else { Err(INVALID_GRANT) }
}

/// Whether this is the secret behind the challenge: 43 to 128 unreserved characters (RFC 7636 section 4.1).
fn is_behind(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    well_formed && bool::from(hash.as_bytes().ct_eq(challenge.as_bytes()))
}
