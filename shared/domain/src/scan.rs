//! Reads the code in what a scanner found in a QR. Every contract uses this reader.

use percent_encoding::percent_decode_str;
use url::{Url, form_urlencoded};

use crate::{
    rotation::Tag,
    secrets::{SessionCode, letters},
    text::fold,
};

/// The page that the shop contract's QRs lead to; its query holds the code (`docs/shop.md`).
pub const DOWNLOAD_PAGE: &str = "downloads.html";

/// What a QR holds: a session's code and, where the QR rotates, the tag of the moment at which it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// The code.
    pub code: SessionCode,
    /// The tag. Nothing has checked it yet.
    pub tag: Option<Tag>,
}

impl Scanned {
    /// Reads a code with or without a tag, as people and machines write it ([`SessionCode::parse`]). Only the number of
    /// letters decides: 26 are a code, 31 a code with a tag. `None` for any other.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let letters = letters(raw)?;
        let (code, tag) = letters.split_at_checked(SessionCode::LENGTH)?;
        let tag = match tag.len() {
            0 => None,
            Tag::LENGTH => Some(Tag::read(tag)),
            _ => return None,
        };
        Some(Self { code: SessionCode::parse(code)?, tag })
    }

    /// Reads a code from the text that a scanner read from a picture: an address of ours
    /// (`https://…/q/<code>`, or the shop's `…/downloads.html?…code=<code>`) or the bare code.
    ///
    /// Case does not matter, nor does what a scanner or an app adds: a line break, a slash, `%20`,
    /// parameters, a fragment. `public_url` is our own address; a text that leads anywhere else is no
    /// code, because its author wants the person to take it for ours (`docs/security.md` G5).
    #[must_use]
    pub fn from_scan(raw: &str, public_url: &str) -> Option<Self> {
        let text = fold(raw)?;
        match Url::parse(&text) {
            Ok(address) => is_ours(&address, public_url).then(|| Self::from_address(&address))?,
            Err(_) => Self::from_end(&text),
        }
    }

    /// Reads the code in the query of the download page. A second `code` makes two meanings, and so
    /// none (`docs/security.md` W6); any other parameter may come twice, and need not be UTF-8.
    #[must_use]
    pub fn from_download_query(query: &str) -> Option<Self> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut codes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("code"));
        let (_, code) = codes.next()?;
        codes.next().is_none().then(|| Self::from_end(&code))?
    }

    fn from_address(address: &Url) -> Option<Self> {
        let path = address.path().trim_start_matches('/');
        let (page, rest) = path.split_once('/').unwrap_or((path, ""));
        if page.eq_ignore_ascii_case("q") {
            return Self::from_end(rest);
        }
        page.eq_ignore_ascii_case(DOWNLOAD_PAGE).then(|| Self::from_download_query(address.query()?))?
    }

    /// Reads a code that ends a text, up to parameters that were appended to it.
    fn from_end(raw: &str) -> Option<Self> {
        let code = raw.split(['?', '&', '#']).next()?;
        Self::parse(&percent_decode_str(code).decode_utf8().ok()?)
    }
}

/// Whether `address` has our scheme, host and port, and names no user who would hide another host.
fn is_ours(address: &Url, public_url: &str) -> bool {
    let same_origin = Url::parse(public_url).is_ok_and(|ours| ours.origin() == address.origin());
    same_origin && address.username().is_empty() && address.password().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: &str = "https://login.example.com";
    const CODE: &str = "01ABCDEFGHJKMNPQRSTVWXYZ01";

    fn read(text: &str) -> Option<SessionCode> {
        let read = Scanned::from_scan(&text.replace("<code>", CODE), OURS)?;
        assert_eq!(read.tag, None, "{text}");
        Some(read.code)
    }

    // D4
    #[test]
    fn a_scan_is_an_address_of_ours_or_the_bare_code() {
        let code = SessionCode::parse(CODE);
        for text in [
            "<code>",
            "HTTPS://LOGIN.EXAMPLE.COM/Q/<code>",
            "https://login.example.com/q/<code>",
            "https://login.example.com:443/q/01abcdef-ghjkmnpq-rstvwxyz-oi",
            "https://login.example.com/downloads.html?source=pclogin&code=<code>",
            "HTTPS://LOGIN.EXAMPLE.COM/DOWNLOADS.HTML?SOURCE=PCLOGIN&CODE=<code>",
        ] {
            assert_eq!(read(text), code, "{text}");
        }
    }

    // F8 F10
    #[test]
    fn what_scanners_and_apps_add_does_not_matter() {
        let code = SessionCode::parse(CODE);
        for text in [
            "<code>\r\n",
            "<code>%20",
            "<code>/",
            "\u{FEFF}<code>?from=scan",
            "https://login.example.com/q/<code>\n",
            "https://login.example.com/q/<code>/",
            "https://login.example.com/q/<code>%0D%0A/",
            "https://login.example.com/q/<code>%20",
            "https://login.example.com/q/<code>?from=scan&x=%ff#here",
            "https://login.example.com/q/<code>&from=scan",
            "https://login.example.com//q/<code>",
            "\u{2068}https://login.example.com/q/<code>\u{2069}",
            "https://login.example.com/downloads.html?source=pclogin&code=<code>&source=app",
            "https://login.example.com/downloads.html?x=%ff&source=pclogin&code=<code>%0A#here",
            "https://login.example.com/downloads.html?source=pclogin&code=<code>?from=scan",
            "https://login.example.com/downloads.html?%ff=1&code=<code>/",
        ] {
            assert_eq!(read(text), code, "{text}");
        }
    }

    // G5
    #[test]
    fn addresses_of_others_are_no_codes() {
        for text in [
            "https://evil.example/q/<code>",
            "https://login.example.com@evil.example/q/<code>",
            "https://evil.example@login.example.com/q/<code>",
            "https://login.example.com:x@login.example.com/q/<code>",
            "https://login.example.com.evil.example/q/<code>",
            "https://login.example.com:8443/q/<code>",
            "http://login.example.com/q/<code>",
            "javascript:alert(1)/q/<code>",
            "javascript://login.example.com/q/<code>",
            "data:text/html,/q/<code>",
            "//login.example.com/q/<code>",
            "/q/<code>",
            "https://evil.example/downloads.html?code=<code>",
            "https://evil.example/?https://login.example.com/q/<code>",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    // W6
    #[test]
    fn other_pages_of_ours_hold_no_code() {
        for text in [
            "",
            "https://login.example.com/<code>",
            "https://login.example.com/x/<code>",
            "https://login.example.com/q/",
            "https://login.example.com/q?code=<code>",
            "https://login.example.com/q/<code>/confirm",
            "https://login.example.com/base/q/<code>",
            "https://login.example.com/downloads.html",
            "https://login.example.com/downloads.html?source=pclogin",
            "https://login.example.com/downloads.html?code=<code>&code=<code>",
            "https://login.example.com/downloads.html?code=%ff",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    // L2
    #[test]
    fn a_code_with_a_tag_is_read_by_its_length() {
        let tagged = Scanned { code: SessionCode::parse(CODE).unwrap(), tag: Some(Tag::read("7K0X1")) };
        for text in [
            "<code>-7K0X1",
            "<code>7k0x1",
            "<code>-7kOxl\r\n",
            "https://LOGIN.EXAMPLE.COM/Q/<code>-7K0X1",
            "https://login.example.com/q/01abcdef-ghjkmnpq-rstvwxyz-oi-7K0X1/",
            "https://login.example.com/q/<code>-7K0X1%20?from=scan&x=%ff#here",
            "https://login.example.com/q/<code>-7K0X1\u{200E}",
        ] {
            let read = Scanned::from_scan(&text.replace("<code>", CODE), OURS);
            assert_eq!(read, Some(tagged.clone()), "{text}");
        }
        for text in ["<code>-7", "<code>-7K0X", "<code>-7K0X12", "<code>-7K0XU", "<code>-<code>", "-7K0X1"] {
            assert_eq!(Scanned::from_scan(&text.replace("<code>", CODE), OURS), None, "{text}");
        }
    }

    #[test]
    fn plain_http_is_read_where_it_is_our_address() {
        let local = "http://localhost:9000";
        assert!(Scanned::from_scan(&format!("{local}/q/{CODE}"), local).is_some());
        assert!(Scanned::from_scan(&format!("http://localhost/q/{CODE}"), local).is_none());
    }

    proptest! {
        // G5: no host but ours, whatever stands around the code.
        #[test]
        fn only_our_host_is_read(scheme in "[a-z]{1,8}", host in "[a-z@:.\\\\/-]{0,30}", page in "q|Q|downloads.html\\?code=") {
            let text = format!("{scheme}://{host}/{page}/{CODE}");
            let ours = Url::parse(&text).is_ok_and(|it| it.host_str() == Some("login.example.com"));
            prop_assert!(ours || Scanned::from_scan(&text, OURS).is_none(), "{}", text);
        }

        #[test]
        fn anything_is_read_or_refused(raw in "\\PC*|https://login\\.example\\.com/[ -~]{0,60}") {
            let read = Scanned::from_scan(&raw, OURS);
            prop_assert!(read.is_none_or(|it| it.code.as_str().len() == SessionCode::LENGTH));
        }
    }
}
