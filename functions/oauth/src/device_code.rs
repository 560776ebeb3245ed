//! A device asks whether its person has agreed (RFC 8628 section 3.4).

use saoma_domain::session::Flow;
use saoma_http::Problem;

use crate::{App, issue::Tokens, polled, refused::missing, token::Asking};

/// Exchanges a device code ([`polled`]).
pub(crate) async fn exchange(app: &App, asking: &Asking<'_>) -> Result<Tokens, Problem> {
    let raw = asking.form.get("device_code").ok_or(missing("device_code is missing."))?;
    polled::exchange(app, asking, raw, is_devices).await
}

/// Whether a device opened it. The page of an authorization request holds a secret, too, but its client must bring the code.
const fn is_devices(flow: &Flow) -> bool {
    matches!(flow, Flow::Oauth { request: None, .. })
}
