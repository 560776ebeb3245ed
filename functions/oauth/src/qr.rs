//! The QR of a device's session, before it is drawn.

use saoma_domain::session::Session;
use saoma_http::Problem;
use saoma_qr::{Level, Symbol, session_text};

/// The text of a session's QR, and its symbol.
///
/// # Errors
/// `internal`, for an address that fits into no QR.
pub(crate) fn symbol_of(session: &Session, issuer: &str) -> Result<(String, Symbol), Problem> {
    let text = session_text(issuer, session.code.as_str());
    let text = text.map_err(|error| Problem::internal(error.to_string()))?;
    let symbol = Symbol::encode(&text, Level::M).map_err(|error| Problem::internal(error.to_string()))?;
    Ok((text, symbol))
}
