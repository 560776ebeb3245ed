//! Our symbols are the ones `qrcode` draws for the same version, level and mask.

use proptest::prelude::*;
use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::types::Mode;
use qrcode::{Color, EcLevel, QrCode, Version, ec};
use saoma_qr::{Level, Logo, Symbol};

use crate::{plain, session, shop, with_logo};

fn drawn_by_qrcode(text: &str, version: Version, level: EcLevel) -> Vec<bool> {
    // The scheme, or all of a text in lower case, is bytes; the rest is alphanumeric.
    let lower = text.bytes().take_while(u8::is_ascii_lowercase).count();
    let (bytes, alphanumeric) = text.as_bytes().split_at(lower);
    let mut bits = Bits::new(version);
    if !bytes.is_empty() {
        bits.push_byte_data(bytes).unwrap();
    }
    if !alphanumeric.is_empty() {
        bits.push_alphanumeric_data(alphanumeric).unwrap();
    }
    bits.push_terminator(level).unwrap();
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, level).unwrap();
    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(MaskPattern::DiagonalLines);
    canvas.into_colors().into_iter().map(|colour| colour == Color::Dark).collect()
}

fn version_of(symbol: &Symbol) -> Version {
    Version::Normal(i16::try_from((symbol.width() - 17) / 4).unwrap())
}

fn modules(symbol: &Symbol) -> Vec<bool> {
    symbol.rows().flatten().copied().collect()
}

#[test]
fn a_session_is_a_small_symbol() {
    let symbol = Symbol::encode(&session("https://login.example.com"), Level::M).unwrap();
    assert_eq!(symbol.width(), 29, "version 3");
    assert_eq!(Symbol::encode(&session("https://login.example.com"), Level::H).unwrap().width(), 37);
}

/// The fewest bits that `text` takes when any character may be in any mode that has it.
fn fewest_bits(text: &str, version: Version) -> usize {
    const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    /// A mode, whether it has a byte, and its sixths of a bit a character.
    type Row = (Mode, fn(u8) -> bool, usize);
    const MODES: [Row; 3] = [
        (Mode::Numeric, |byte| byte.is_ascii_digit(), 20),
        (Mode::Alphanumeric, |byte| ALPHANUMERIC.contains(&byte), 33),
        (Mode::Byte, |_| true, 48),
    ];
    let header = |mode: Mode| 6 * (version.mode_bits_count() + mode.length_bits_count(version));
    // The least cost, in sixths of a bit, of what was read so far and ends in each mode.
    let mut ends: [Option<usize>; 3] = [None; 3];
    let mut before = Some(0);
    for byte in text.bytes() {
        let stays = ends;
        ends = std::array::from_fn(|n| {
            let (mode, has, sixths) = MODES[n];
            let opened = before.map(|cost| cost + header(mode));
            has(byte).then(|| stays[n].into_iter().chain(opened).min().map(|cost| cost + sixths)).flatten()
        });
        before = ends.into_iter().flatten().min().map(|cost| cost.next_multiple_of(6));
    }
    before.unwrap() / 6
}

// F11: the scheme in lower case costs as little as it can.
#[test]
fn no_other_modes_would_make_a_smaller_symbol() {
    let lengths = (1..=253).map(|length| "h".repeat(length));
    let shapes = [
        "10.0.0.1:8443",
        "127.0.0.1:9000",
        "a1.b2.c3.d4.e5",
        "[2001:db8::1]:8443",
        "xn--fiq228c.example",
        "h/login",
        "example.com/a/B/1",
    ];
    for host in lengths.chain(shapes.map(str::to_owned)) {
        let text = session(&format!("https://{host}"));
        for (level, theirs) in [(Level::L, EcLevel::L), (Level::M, EcLevel::M), (Level::H, EcLevel::H)] {
            let version = version_of(&Symbol::encode(&text, level).unwrap());
            let smallest = (1..=40)
                .map(Version::Normal)
                .find(|version| fewest_bits(&text, *version) <= Bits::new(*version).max_len(theirs).unwrap());
            assert_eq!(Some(version), smallest, "{text} at {level:?}");
        }
    }
}

#[test]
fn a_logo_asks_for_the_strongest_level_that_stays_readable() {
    let text = session("https://login.example.com");
    assert_eq!(Symbol::fit(&text, plain(256)).unwrap(), Symbol::encode(&text, Level::M).unwrap());
    assert_eq!(
        Symbol::fit(&text, with_logo(256, Logo::Saoma, 32)).unwrap(),
        Symbol::encode(&text, Level::H).unwrap()
    );
    // In 94 pixels, H would leave one pixel a module, which readers do not read.
    assert_eq!(
        Symbol::fit(&shop(), with_logo(94, Logo::Saoma, 32)).unwrap(),
        Symbol::encode(&shop(), Level::L).unwrap()
    );
}

#[test]
fn every_length_equals_qrcodes_drawing() {
    for length in (1..=Symbol::MAX_TEXT).step_by(13) {
        for text in ["Q".repeat(length), "q".repeat(length)] {
            for (level, theirs) in [
                (Level::L, EcLevel::L),
                (Level::M, EcLevel::M),
                (Level::Q, EcLevel::Q),
                (Level::H, EcLevel::H),
            ] {
                let symbol = Symbol::encode(&text, level).unwrap();
                assert_eq!(modules(&symbol), drawn_by_qrcode(&text, version_of(&symbol), theirs));
                assert_eq!(
                    version_of(&symbol),
                    QrCode::with_error_correction_level(&text, theirs).unwrap().version()
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_session_equals_qrcodes_drawing(code in "[0-9A-HJKMNP-TV-Z]{26}") {
        let text = saoma_qr::session_text("https://login.example.com", &code).unwrap();
        let symbol = Symbol::encode(&text, Level::M).unwrap();
        prop_assert_eq!(modules(&symbol), drawn_by_qrcode(&text, Version::Normal(3), EcLevel::M));
    }
}
