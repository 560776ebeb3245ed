//! Every picture that a caller can ask for decodes. // G4

use proptest::prelude::*;
use saoma_qr::{Logo, Margin, Picture, Symbol, jpeg, png, session_text};

use crate::{plain, read, session, shop, with_logo};

const LOGO_SIZES: [u32; 3] = [1, 32, 256];

// G4: the contract's sizes, without a logo and with each. The logo's size takes turns: least, default, largest.
fn reads_at_every_size(text: &str, logos: &[Logo]) {
    for (size, turn) in (94..=512).zip(LOGO_SIZES.into_iter().cycle()) {
        reads(text, plain(size));
        for &logo in logos {
            reads(text, with_logo(size, logo, turn));
        }
    }
}

fn reads(text: &str, picture: Picture) {
    let symbol = Symbol::fit(text, picture).unwrap();
    let side = u32::try_from(picture.size.pixels()).unwrap();
    assert_eq!(read(&png(&symbol, picture).unwrap()), (side, text.to_owned()), "{picture:?}");
}

#[test]
fn a_session_reads_at_every_size() {
    reads_at_every_size(&session("https://login.example.com"), Logo::ALL);
}

#[test]
fn a_local_session_reads_at_every_size() {
    reads_at_every_size(&session("http://localhost:9000"), &[Logo::Saoma]);
}

#[test]
fn a_text_in_lower_case_reads_at_every_size() {
    reads_at_every_size(&shop(), &[Logo::Shield]);
}

#[test]
fn a_session_at_an_api_gateway_address_reads_at_every_size() {
    let text = session("https://abcdefghij.execute-api.ap-northeast-1.amazonaws.com");
    for size in (94..=512).step_by(19) {
        for picture in [plain(size), with_logo(size, Logo::Saoma, 32), with_logo(size, Logo::Phone, 256)] {
            let symbol = Symbol::fit(&text, picture).unwrap();
            assert_eq!(read(&png(&symbol, picture).unwrap()), (size, text.clone()), "{picture:?}");
        }
    }
}

#[test]
fn a_jpeg_reads() {
    for text in [session("https://login.example.com"), shop()] {
        for size in (94..=512).step_by(19) {
            for picture in [plain(size), with_logo(size, Logo::Shield, 64)] {
                let symbol = Symbol::fit(&text, picture).unwrap();
                assert_eq!(read(&jpeg(&symbol, picture).unwrap()), (size, text.clone()), "{picture:?}");
            }
        }
    }
}

#[test]
fn the_longest_text_reads() {
    let text = "a".repeat(Symbol::MAX_TEXT);
    let picture = with_logo(1024, Logo::Saoma, 256);
    let symbol = Symbol::fit(&text, picture).unwrap();
    assert_eq!(read(&png(&symbol, picture).unwrap()), (1024, text));
}

#[test]
fn a_trimmed_symbol_reads_once_it_has_room() {
    let text = session("https://login.example.com");
    let picture = Picture { margin: Margin::NONE, ..plain(29 * 5) };
    let trimmed = png(&Symbol::fit(&text, picture).unwrap(), picture).unwrap();
    let symbol = image::load_from_memory(&trimmed).unwrap().to_luma8();
    assert_eq!(symbol.get_pixel(0, 0).0, [0], "the finder pattern begins in the corner");

    let mut page = image::GrayImage::from_pixel(200, 200, image::Luma([255]));
    image::imageops::replace(&mut page, &symbol, 27, 27);
    let mut file = std::io::Cursor::new(Vec::new());
    page.write_to(&mut file, image::ImageFormat::Png).unwrap();
    assert_eq!(read(file.get_ref()).1, text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    // G3, G4: the reader finds exactly the session's text.
    #[test]
    fn any_code_reads_back(code in "[0-9A-HJKMNP-TV-Z]{26}", size in 94_u32..=512, logo in 0_u32..=3, wanted in 1_u32..=256) {
        let text = session_text("https://login.example.com", &code).unwrap();
        let picture = Logo::from_number(logo).map_or(plain(size), |logo| with_logo(size, logo, wanted));
        let symbol = Symbol::fit(&text, picture).unwrap();
        prop_assert_eq!(read(&png(&symbol, picture).unwrap()), (size, text));
    }

    #[test]
    fn any_text_reads_back(text in "[ -~]{1,200}") {
        let picture = plain(300);
        let symbol = Symbol::fit(&text, picture).unwrap();
        prop_assert_eq!(read(&png(&symbol, picture).unwrap()).1, text);
    }
}
