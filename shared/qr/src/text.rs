//! What a session's QR says.

use crate::QrError;

/// Longest public address, in bytes: far over any real one, far under what a symbol holds.
const MAX_ADDRESS: usize = 256;
/// Longest code, in characters. A session's has 26.
const MAX_CODE: usize = 64;

/// The text of a session's QR: `HTTPS://HOST[:PORT][/base]/Q/<CODE>`.
///
/// Scheme and host do not depend on case (RFC 3986, section 6.2.2.1), so they are put in upper case: together with
/// `/Q/` and the code they stay in the QR's alphanumeric alphabet and the symbol gets smaller. A base path does
/// depend on case and stays as it is; one with lower-case letters costs a bigger symbol, not a broken link.
///
/// `public_url` is `http` or `https`, host, and optionally a port and a base path, with or without a last slash.
/// Nothing in `code` can add to the text, because only Crockford base32 in upper case is taken.
pub fn session_text(public_url: &str, code: &str) -> Result<String, QrError> {
    let (origin, base) = split_address(public_url).ok_or(QrError::Address)?;
    if code.is_empty() || code.len() > MAX_CODE || !code.bytes().all(is_crockford) {
        return Err(QrError::Code);
    }
    Ok(format!("{}{base}/Q/{code}", origin.to_ascii_uppercase()))
}

/// Whether every byte is in the QR's alphanumeric alphabet (ISO/IEC 18004, table 5).
pub(crate) fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b' ' | b'$' | b'%' | b'*' | b'+' | b'-' | b'.' | b'/' | b':'))
}

/// Origin and base path of a plain address, the base without its last slash.
fn split_address(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, base) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let origin = url.get(..scheme.len() + "://".len() + authority.len())?;
    let base = base.strip_suffix('/').unwrap_or(base);
    let plain = url.len() <= MAX_ADDRESS
        && (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
        && is_authority(authority)
        && base.bytes().all(is_path);
    plain.then_some((origin, base))
}

/// A host name or an IPv4 address, or an IPv6 address in brackets, and an optional port.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((host, port)) if host.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.') => {
                (host, port)
            }
            _ => return false,
        },
        None => match authority.find(':') {
            Some(colon) => authority.split_at(colon),
            None => (authority, ""),
        },
    };
    let host_is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':'));
    let port_is_plain =
        port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|n| n > 0));
    !host.is_empty() && host_is_plain && port_is_plain && !port.contains('+')
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~' | b'%')
}

fn is_crockford(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z') && !matches!(byte, b'I' | b'L' | b'O' | b'U')
}
