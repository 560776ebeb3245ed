//! The binding cookie: the session that a screen shows, and the secret that proves it.

use axum::http::{HeaderMap, HeaderValue, header};
use saoma_domain::secrets::{Secret, SessionCode};

use crate::{Problem, auth::presented_token};

/// What a screen holds: `<code>.<secret>`, in its cookie or, where a browser blocks cookies, in a header.
#[derive(Clone, Debug)]
pub struct ScreenKey {
    /// The session it shows.
    pub code: SessionCode,
    /// Its secret.
    pub secret: Secret,
}

impl ScreenKey {
    /// The text that the cookie or header holds. It reveals the secret.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.code, self.secret.reveal())
    }

    /// Reads the text; `None` for any other.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let (code, secret) = raw.split_once('.')?;
        Some(Self { code: SessionCode::parse(code)?, secret: Secret::presented(secret)? })
    }

    /// Reads a request's cookies. Takes the first well-formed one of our name, and ignores cookies of other programs.
    #[must_use]
    pub fn from_cookie(headers: &HeaderMap, public_url: &str) -> Option<Self> {
        let name = cookie_name(public_url);
        headers
            .get_all(header::COOKIE)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
            .filter(|(found, _)| *found == name)
            .find_map(|(_, value)| Self::parse(value))
    }

    /// Reads a request's `token` header.
    #[must_use]
    pub fn from_header(headers: &HeaderMap) -> Option<Self> {
        presented_token(headers).and_then(Self::parse)
    }

    /// The `Set-Cookie` that gives it to the screen for `seconds`.
    ///
    /// # Errors
    /// 500 when the text is no header value. A key that we made always is one.
    pub fn set_cookie(&self, public_url: &str, seconds: u64) -> Result<HeaderValue, Problem> {
        let secure = if is_plain_http(public_url) { "" } else { "; Secure" };
        let name = cookie_name(public_url);
        let value = self.reveal();
        let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly{secure}; SameSite=Lax");
        let mut cookie =
            HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(error.to_string()))?;
        cookie.set_sensitive(true);
        Ok(cookie)
    }
}

/// The cookie's name. `__Host-` keeps other hosts and paths from planting it. Browsers refuse that prefix on plain
/// http, so there the name has none.
fn cookie_name(public_url: &str) -> &'static str {
    if is_plain_http(public_url) { "saoma-qr" } else { "__Host-saoma-qr" }
}

fn is_plain_http(public_url: &str) -> bool {
    public_url.starts_with("http://")
}
