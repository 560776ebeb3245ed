//! The text of a session's QR.

use crate::QrError;

/// Longest public address, in bytes: a host name of 253 (RFC 1035 section 2.3.4), scheme, port and a base path.
const MAX_ADDRESS: usize = 320;
/// Longest code, in characters. A session's has 26.
const MAX_CODE: usize = 64;

/// The text of a session's QR: `https://HOST[:PORT][/base]/Q/<CODE>`.
///
/// The host does not depend on case (RFC 3986, section 6.2.2.1), so it is put in upper case. Together with `/Q/` and
/// the code it is then in the QR's alphanumeric alphabet, which makes the symbol smaller. The scheme does not depend
/// on case either, but some readers recognise an address only by `https://` in lower case. A base path depends on case
/// and stays as it is; lower-case letters in it cost a bigger symbol, not a broken link.
///
/// `public_url` is `http` or `https`, host, and optionally a port and a base path, with or without a last slash.
/// Nothing in `code` can add to the text, because only Crockford base32 in upper case is taken.
///
/// ```
/// let text = saoma_qr::session_text("https://login.example.com", "0123456789ABCDEFGHJKMNPQRS")?;
/// assert_eq!(text, "https://LOGIN.EXAMPLE.COM/Q/0123456789ABCDEFGHJKMNPQRS");
/// # Ok::<(), saoma_qr::QrError>(())
/// ```
pub fn session_text(public_url: &str, code: &str) -> Result<String, QrError> {
    let address = Address::parse(public_url).ok_or(QrError::Address)?;
    if code.is_empty() || code.len() > MAX_CODE || !code.bytes().all(is_crockford) {
        return Err(QrError::Code);
    }
    let (scheme, authority) = (address.scheme.to_ascii_lowercase(), address.authority.to_ascii_uppercase());
    Ok(format!("{scheme}://{authority}{}/Q/{code}", address.base))
}

/// A plain `http` or `https` address.
struct Address<'a> {
    scheme: &'a str,
    authority: &'a str,
    /// The base path without its last slash.
    base: &'a str,
}

impl<'a> Address<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let base = path.strip_suffix('/').unwrap_or(path);
        let plain = url.len() <= MAX_ADDRESS
            && (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
            && is_authority(authority)
            && base.bytes().all(is_path);
        plain.then_some(Self { scheme, authority, base })
    }
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
