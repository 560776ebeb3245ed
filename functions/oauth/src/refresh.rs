//! A client exchanges its refresh token (RFC 6749 section 6).

use saoma_domain::{oauth::Scopes, secrets::Secret, sign_in::Holder};
use saoma_http::Problem;

use crate::{
    App, dpop,
    issue::{self, Tokens},
    refused::{INVALID_GRANT, missing, sign_in_over},
    token::Asking,
};

const INVALID_SCOPE: Problem =
    Problem::bad_request("invalid_scope", "A refresh asks for no more than was granted.");

/// Exchanges a refresh token. The previous one gets the same next one for ten minutes, because its answer may have been
/// lost; later, or in three rotations in a row, it ends the sign-in (`docs/security.md` E15). What is asked for is
/// checked first, so a refusal leaves the token as it is.
pub(crate) async fn exchange(app: &App, asking: &Asking<'_>) -> Result<Tokens, Problem> {
    let raw = asking.form.get("refresh_token").ok_or(missing("refresh_token is missing."))?;
    let token = Secret::presented(raw).ok_or_else(|| INVALID_GRANT.as_guess())?;
    let (client, now) = (&asking.client, app.service.clock.now());
    let (found, _) = app.screens.behind(client, &token, now).await.map_err(sign_in_over)?;
    let Holder::Screen { scopes: granted, key, .. } = found.sign_in.holder else { return Err(INVALID_GRANT) };
    dpop::holds(dpop::binding(client, key.as_ref()), asking.key.as_ref())?;
    let asked = match asking.form.get("scope") {
        // Unknown scopes are ignored, as at the login.
        Some(raw) => Some(Scopes::parse(raw)).filter(|asked| !asked.is_empty()).ok_or(INVALID_SCOPE)?,
        None => granted,
    };
    if !asked.is_within(granted) {
        return Err(INVALID_SCOPE);
    }
    asking.spends.spend(app).await?;
    let renewed = app.screens.refresh(client, &token, now).await.map_err(sign_in_over)?;
    issue::next(app, asking, &renewed, asked).await
}
