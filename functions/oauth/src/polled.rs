//! A client polls for the tokens of a session that it began: a device (RFC 8628 section 3.4), or a server that has a person
//! asked (CIBA Core section 11). Both hold the session's code and secret, and get the same answers.

use saoma_domain::{
    cases::View,
    secrets::TokenId,
    session::{Dialect, Flow, RedeemKey, Refusal, Session, Standing},
};
use saoma_http::{Problem, cookie::ScreenKey};

use crate::{
    App, dpop,
    issue::{self, Tokens},
    refused::{INVALID_GRANT, by_the_core},
    token::Asking,
};

const PENDING: Problem =
    Problem::bad_request("authorization_pending", "The person has not decided yet; ask again.");
const SLOW_DOWN: Problem =
    Problem::bad_request("slow_down", "Ask less often: the interval is five seconds longer from now on.");
const DENIED: Problem = Problem::bad_request("access_denied", "The person said no, or may not sign in.");
const EXPIRED: Problem = Problem::bad_request("expired_token", "The login's time is over; begin another.");

/// Exchanges what a client holds of a session whose flow is of this kind. The checks, in order: the caller's network does
/// not guess; the code names such a session of this client, and has its secret; its person has decided. A poll of a session
/// that waits writes nothing.
///
/// The same code within 30 s of the first exchange gets the same tokens, because that answer may have been lost. Later, it
/// is refused and ends what it was exchanged for.
pub(crate) async fn exchange(
    app: &App,
    asking: &Asking<'_>,
    raw: &str,
    kind: fn(&Flow) -> bool,
) -> Result<Tokens, Problem> {
    let (service, now) = (&app.service, app.service.clock.now());
    let key = ScreenKey::parse(raw).ok_or_else(|| INVALID_GRANT.as_guess())?;
    let asked = service.pace.ask(asking.facts.network(), Some(&key.code), now);
    // Another client behind its address guesses. This one may poll as it should, so its interval stays, and it goes on: RFC
    // 8628 section 3.5 has it stop at any error but this one and `slow_down`.
    asked.map_err(|seconds| Problem { retry_after: Some(seconds), ..PENDING })?;
    let view = app.logins.status(&key.code, Dialect::Oauth, Some(&key.secret)).await;
    let session = match view.map_err(by_the_core)? {
        View::Screen(session) if session.client == asking.client.id && kind(&session.flow) => session,
        _ => return Err(INVALID_GRANT.as_guess()),
    };
    dpop::holds(session.flow.key(), asking.key.as_ref())?;
    match session.standing(now) {
        Standing::Waiting | Standing::Scanned => {
            Err(if service.pace.device(&key.code, now) { PENDING } else { SLOW_DOWN })
        }
        Standing::Confirmed | Standing::Redeemed => redeem(app, asking, session, key).await,
        Standing::Cancelled(_) => Err(DENIED),
        Standing::Expired => Err(EXPIRED),
    }
}

async fn redeem(app: &App, asking: &Asking<'_>, session: Session, key: ScreenKey) -> Result<Tokens, Problem> {
    let (service, ip, now) = (&app.service, asking.facts.ip, app.service.clock.now());
    asking.spends.spend(app).await?;
    let id = TokenId::random(&*service.random);
    let redeemed = app.logins.redeem(session.clone(), RedeemKey::Screen(key.secret), id, ip, now).await;
    match redeemed {
        Ok(redeemed) => issue::first(app, asking, &redeemed, None).await,
        Err(error) => match error.refusal() {
            Some(Refusal::Cancelled) => Err(DENIED),
            Some(Refusal::Expired) => Err(EXPIRED),
            Some(Refusal::Used) => {
                app.screens.revoke(&session).await?;
                Err(by_the_core(error))
            }
            _ => Err(by_the_core(error)),
        },
    }
}
