//! Every host's picture is read at each contract's default size, by two readers. // F11, G4

use std::io::Write;
use std::process::{Command, Stdio};

use saoma_qr::{Level, Logo, Picture, Symbol, png};

use crate::{plain, read, session, with_logo};

/// `docs/web.md`, and the smallest of all.
const WEB: u32 = 94;
/// `docs/remembered.md`, `docs/shop.md` and `docs/kiosk.md`.
const OTHERS: [u32; 3] = [280, 300, 512];

/// The longest host name that leaves two pixels a module at [`WEB`] pixels (`docs/web.md`).
const LONGEST_AT_WEB: usize = 113;
/// The longest there is (RFC 1035, section 2.3.4).
const LONGEST: usize = 253;

/// A session's text with a host name of so many characters.
fn text(length: usize) -> String {
    let labels = ["login", "eu-west-1", "example", "co"].join(".");
    let host: String = labels.chars().cycle().take(length - 1).chain(['x']).collect();
    session(&format!("https://{host}"))
}

/// What the second reader finds.
fn read_by_zbar(file: &[u8]) -> String {
    let mut zbar = Command::new("zbarimg")
        .args(["--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", "png:-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("zbarimg (Debian's zbar-tools) is needed: {error}"));
    zbar.stdin.take().unwrap().write_all(file).unwrap();
    let output = zbar.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn reads(text: &str, picture: Picture) {
    let file = png(&Symbol::fit(text, picture).unwrap(), picture).unwrap();
    assert_eq!(read(&file).1, text, "{picture:?}");
    assert_eq!(read_by_zbar(&file), text, "{picture:?}");
}

#[test]
fn a_short_host_reads_at_the_smallest_default_size() {
    for length in (1..=LONGEST_AT_WEB).step_by(6).chain([LONGEST_AT_WEB]) {
        reads(&text(length), plain(WEB));
        reads(&text(length), with_logo(WEB, Logo::Saoma, 32));
    }
}

#[test]
fn every_host_reads_at_the_other_default_sizes() {
    for length in (1..=LONGEST).step_by(12).chain([LONGEST]) {
        for size in OTHERS {
            reads(&text(length), plain(size));
        }
    }
}

#[test]
fn a_longer_host_needs_a_larger_picture() {
    let fits = |length: usize, size| {
        let picture = plain(size);
        Symbol::fit(&text(length), picture).unwrap().fits(picture)
    };
    assert!(fits(LONGEST_AT_WEB, WEB) && !fits(LONGEST_AT_WEB + 1, WEB));
    assert!(fits(LONGEST, 122) && !fits(LONGEST, 121));
    reads(&text(LONGEST), plain(122));
}

#[test]
fn the_scheme_in_lower_case_costs_at_most_one_version() {
    let width = |text: &str| Symbol::encode(text, Level::M).unwrap().width();
    for length in 1..=LONGEST {
        let (text, all_upper) = (text(length), text(length).to_ascii_uppercase());
        assert!(width(&text) <= width(&all_upper) + 4, "a host of {length}");
    }
}

#[test]
fn a_login_picture_of_a_usual_host_is_under_800_bytes() {
    for length in 1..=64 {
        let picture = plain(256);
        let file = png(&Symbol::fit(&text(length), picture).unwrap(), picture).unwrap();
        assert!(file.len() < 800, "{} bytes for a host of {length}", file.len());
    }
}
