//! What the QR says, and that nothing can be added to it. // G3

use proptest::prelude::*;
use saoma_qr::{QrError, session_text};

use crate::CODE;

// F11: some readers recognise an address by `https://` in lower case only.
#[test]
fn a_host_becomes_upper_case_and_a_scheme_lower_case() {
    for (address, text) in [
        ("https://login.example.com", "https://LOGIN.EXAMPLE.COM/Q/"),
        ("https://login.example.com/", "https://LOGIN.EXAMPLE.COM/Q/"),
        ("http://localhost:9000", "http://LOCALHOST:9000/Q/"),
        ("HTTPS://Login.Example.COM:8443/LOGIN/", "https://LOGIN.EXAMPLE.COM:8443/LOGIN/Q/"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/Q/"),
        ("http://[::1]:9000", "http://[::1]:9000/Q/"),
    ] {
        assert_eq!(session_text(address, CODE).unwrap(), format!("{text}{CODE}"));
    }
}

#[test]
fn a_base_path_keeps_its_case_because_servers_tell_it_apart() {
    assert_eq!(
        session_text("https://example.com/login", CODE).unwrap(),
        format!("https://EXAMPLE.COM/login/Q/{CODE}")
    );
}

#[test]
fn an_address_that_is_more_than_an_address_is_refused() {
    for address in [
        "",
        "https://",
        "https:///q",
        "login.example.com",
        "//login.example.com",
        "ftp://example.com",
        "javascript://example.com",
        "https://user@example.com",
        "https://example.com?x=1",
        "https://example.com/?x=1",
        "https://example.com/#x",
        "https://example.com\r\n",
        "https://exa mple.com",
        "https://example.com:0",
        "https://example.com:+9",
        "https://example.com:65536",
        "https://[::1",
        "https://[::1]x",
        "https://a:1:2",
        "https://例子.中国",
        "https://example.com/a\u{202e}b",
    ] {
        assert!(matches!(session_text(address, CODE), Err(QrError::Address)), "{address:?}");
    }
}

#[test]
fn the_longest_host_name_has_a_text_and_a_longer_address_is_refused() {
    let longest = format!("https://{}:65535", "a".repeat(253));
    assert!(session_text(&longest, CODE).is_ok());
    let most = format!("{longest}/{}", "b".repeat(320 - longest.len() - 1));
    assert!(session_text(&most, CODE).is_ok());
    assert!(matches!(session_text(&format!("{most}b"), CODE), Err(QrError::Address)));
}

// G3
#[test]
fn a_code_that_is_more_than_a_code_is_refused() {
    for code in [
        "",
        "abc",
        "ABC/DEF",
        "ABC?X=1",
        "ABC DEF",
        "ABC\n",
        "ABC%20",
        "I",
        "L",
        "O",
        "U",
        "ＡＢＣ",
        "A&LOGO=2",
        &"A".repeat(65),
    ] {
        assert!(matches!(session_text("https://example.com", code), Err(QrError::Code)), "{code:?}");
    }
}

proptest! {
    // G3: whatever is passed as the code, the text is refused or is the address, `/Q/` and just that code.
    #[test]
    fn nothing_adds_to_the_text(code in ".{0,40}") {
        if let Ok(text) = session_text("https://example.com", &code) {
            prop_assert!(code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
            prop_assert_eq!(text, format!("https://EXAMPLE.COM/Q/{code}"));
        }
    }
}
