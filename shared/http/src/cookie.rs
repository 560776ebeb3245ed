//! The binding cookie: which session a screen shows, and the secret that proves it.

use axum::http::{HeaderMap, HeaderValue, header};
use saoma_domain::secrets::{Secret, SessionCode};

use crate::{Problem, auth::presented_token};

/// What a screen holds: `<code>.<secret>`, in its cookie or, where browsers block that, in a header.
#[derive(Clone, Debug)]
pub struct ScreenKey {
    /// The session it shows.
    pub code: SessionCode,
    /// Its secret.
    pub secret: Secret,
}

impl ScreenKey {
    /// The text that stands for it.
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

    /// What a request's cookie holds: the first of its name that can be one, whatever cookies of other
    /// programs stand beside it.
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

    /// What a request's `token` header holds.
    #[must_use]
    pub fn from_header(headers: &HeaderMap) -> Option<Self> {
        presented_token(headers).and_then(Self::parse)
    }

    /// The `Set-Cookie` that hands it to the screen for `seconds`.
    ///
    /// # Errors
    /// Never, for a key we made.
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

/// `__Host-` keeps other hosts and paths from planting it; browsers refuse that on plain http.
fn cookie_name(public_url: &str) -> &'static str {
    if is_plain_http(public_url) { "saoma-qr" } else { "__Host-saoma-qr" }
}

fn is_plain_http(public_url: &str) -> bool {
    public_url.starts_with("http://")
}
