//! Sizes out of bounds are errors, before anything is drawn. // G1, G2

use saoma_qr::{Level, Logo, LogoSize, Margin, Picture, PictureSize, QrError, Symbol, jpeg, png};

use crate::{plain, session, with_logo};

// G1
#[test]
fn absurd_sizes_are_refused() {
    for size in [0, 1025, 50_000, u32::MAX] {
        assert!(matches!(PictureSize::new(size), Err(QrError::OutOfBounds(n)) if n == size));
    }
    for size in [0, 257, 50_000, u32::MAX] {
        assert!(matches!(LogoSize::new(size), Err(QrError::OutOfBounds(n)) if n == size));
    }
    for modules in [33, 50_000, u32::MAX] {
        assert!(matches!(Margin::new(modules), Err(QrError::OutOfBounds(n)) if n == modules));
    }
    for text in [String::new(), "A".repeat(Symbol::MAX_TEXT + 1), "A".repeat(1 << 20)] {
        assert!(matches!(Symbol::encode(&text, Level::M), Err(QrError::TextLength(n)) if n == text.len()));
        assert!(matches!(Symbol::fit(&text, plain(94)), Err(QrError::TextLength(n)) if n == text.len()));
    }
}

// G1
#[test]
fn unknown_logos_are_none() {
    assert_eq!([1, 2, 3].map(Logo::from_number), [Some(Logo::Saoma), Some(Logo::Phone), Some(Logo::Shield)]);
    assert_eq!([0, 4, u32::MAX].map(Logo::from_number), [None; 3]);
}

// G1: every size is a picture or says what it needs.
#[test]
fn a_picture_too_small_says_what_it_needs() {
    let symbol = Symbol::encode(&session("https://login.example.com"), Level::M).unwrap();
    for size in 1..74 {
        assert!(matches!(png(&symbol, plain(size)), Err(QrError::TooSmall { needed: 74 })), "{size}");
        assert!(
            matches!(jpeg(&symbol, with_logo(size, Logo::Saoma, 256)), Err(QrError::TooSmall { needed: 74 })),
            "{size}"
        );
    }
    assert!(png(&symbol, plain(74)).is_ok());
}

// G2
#[test]
fn all_limits_at_once_are_one_bounded_picture() {
    let size = PictureSize::new(PictureSize::MAX.into()).unwrap();
    let logo = Some((Logo::Shield, LogoSize::new(LogoSize::MAX.into()).unwrap()));
    let text = "x".repeat(Symbol::MAX_TEXT);
    for margin in [Margin::NONE, Margin::QUIET_ZONE, Margin::new(Margin::MAX.into()).unwrap()] {
        let picture = Picture { size, margin, logo };
        let symbol = Symbol::fit(&text, picture).unwrap();
        assert!(png(&symbol, picture).unwrap().len() < 64 * 1024);
        assert!(jpeg(&symbol, picture).unwrap().len() < 1024 * 1024);
    }
}

#[test]
fn a_margin_is_none_or_a_quiet_zone() {
    let modules = [0, 1, 3, 4, 5, 32].map(|n| Margin::new(n).unwrap().modules());
    assert_eq!(modules, [0, 4, 4, 4, 5, 32]);
}
