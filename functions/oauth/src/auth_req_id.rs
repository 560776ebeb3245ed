//! A client's server asks whether the person it had asked has agreed (CIBA Core section 10.1).

use saoma_domain::session::Flow;
use saoma_http::Problem;

use crate::{App, issue::Tokens, polled, refused::missing, token::Asking};

/// Exchanges an authentication request's id ([`polled`]).
pub(crate) async fn exchange(app: &App, asking: &Asking<'_>) -> Result<Tokens, Problem> {
    let raw = asking.form.get("auth_req_id").ok_or(missing("auth_req_id is missing."))?;
    polled::exchange(app, asking, raw, is_asked).await
}

const fn is_asked(flow: &Flow) -> bool {
    matches!(flow, Flow::Asked { request: None, .. })
}
