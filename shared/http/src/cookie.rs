//! Our cookies: the session that a screen shows with the secret that proves it, the token of a browser that is signed in,
//! and the receipt of a phone that saw a QR on the screen.

use axum::http::{HeaderMap, HeaderValue, header};
use saoma_domain::{
    ports::KeyedTag,
    secrets::{Secret, SessionCode},
};

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
        values(headers, cookie_name(public_url)).find_map(Self::parse)
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
        set(cookie_name(public_url), &self.reveal(), public_url, seconds)
    }
}

/// The token of a browser that is signed in at the issuer, from its cookie (`docs/oauth.md`).
#[must_use]
pub fn browser_token(headers: &HeaderMap, public_url: &str) -> Option<Secret> {
    values(headers, browser_cookie_name(public_url)).find_map(Secret::presented)
}

/// The `Set-Cookie` that keeps a browser signed in for `seconds`.
///
/// # Errors
/// 500 when the text is no header value. A token that we made always is one.
pub fn keep_browser(token: &Secret, public_url: &str, seconds: u64) -> Result<HeaderValue, Problem> {
    set(browser_cookie_name(public_url), token.reveal(), public_url, seconds)
}

/// The `Set-Cookie` that takes the token from the browser.
///
/// # Errors
/// 500 when the text is no header value. It always is one.
pub fn forget_browser(public_url: &str) -> Result<HeaderValue, Problem> {
    set(browser_cookie_name(public_url), "", public_url, 0)
}

/// The receipt of a browser that saw the QR of this session, from its cookie. Nothing is verified.
#[must_use]
pub fn receipt(headers: &HeaderMap, code: &SessionCode, public_url: &str) -> Option<KeyedTag> {
    values(headers, &receipt_cookie_name(code, public_url)).find_map(KeyedTag::parse)
}

/// The `Set-Cookie` that gives a browser the receipt for `seconds`.
///
/// # Errors
/// 500 when the text is no header value. A receipt that we made always is one.
pub fn keep_receipt(
    receipt: &KeyedTag,
    code: &SessionCode,
    public_url: &str,
    seconds: u64,
) -> Result<HeaderValue, Problem> {
    set(&receipt_cookie_name(code, public_url), &receipt.to_string(), public_url, seconds)
}

/// The values of the cookies of this name. Cookies of other programs, and what is no text, are passed over.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .filter(move |(found, _)| *found == name)
        .map(|(_, value)| value)
}

fn set(name: &str, value: &str, public_url: &str, seconds: u64) -> Result<HeaderValue, Problem> {
    let secure = if is_plain_http(public_url) { "" } else { "; Secure" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly{secure}; SameSite=Lax");
    let mut cookie = HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(error.to_string()))?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

/// The cookies' names. `__Host-` keeps other hosts and paths from planting one. Browsers refuse that prefix on plain
/// http, so there the name has none.
fn cookie_name(public_url: &str) -> &'static str {
    if is_plain_http(public_url) { "saoma-qr" } else { "__Host-saoma-qr" }
}

fn browser_cookie_name(public_url: &str) -> &'static str {
    if is_plain_http(public_url) { "saoma-browser" } else { "__Host-saoma-browser" }
}

/// A person may scan two codes at once, so the receipt of each session has a cookie of its own.
fn receipt_cookie_name(code: &SessionCode, public_url: &str) -> String {
    let prefix = if is_plain_http(public_url) { "" } else { "__Host-" };
    format!("{prefix}saoma-seen-{}", code.as_str().get(..8).unwrap_or_default())
}

fn is_plain_http(public_url: &str) -> bool {
    public_url.starts_with("http://")
}
