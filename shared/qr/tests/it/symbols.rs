//! Our symbols are the ones `qrcode` draws for the same version, level and mask.

use proptest::prelude::*;
use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::{Color, EcLevel, QrCode, Version, ec};
use saoma_qr::{Level, Logo, Symbol};

use crate::{plain, session, shop, with_logo};

fn drawn_by_qrcode(text: &str, version: Version, level: EcLevel) -> Vec<bool> {
    let mut bits = Bits::new(version);
    if text.bytes().all(|b| b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".contains(&b)) {
        bits.push_alphanumeric_data(text.as_bytes()).unwrap();
    } else {
        bits.push_byte_data(text.as_bytes()).unwrap();
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
