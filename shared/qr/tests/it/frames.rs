//! Several symbols, packed.

use proptest::prelude::*;
use saoma_qr::{Frames, Level, Symbol};

/// The texts of a rotating QR: the same but for the last five characters.
fn texts(origin: &str, tags: &[String]) -> Vec<String> {
    tags.iter().map(|tag| format!("{}-{tag}", super::session(origin))).collect()
}

/// One frame, unpacked as the page does it.
fn unpacked(frames: &Frames, frame: usize) -> Vec<bool> {
    let bit = |bytes: &[u8], at: usize| bytes[at / 8] >> (7 - at % 8) & 1 == 1;
    let modules = 0..frames.size() * frames.size();
    let mut moved = frame * modules.clone().filter(|at| bit(frames.moving(), *at)).count();
    modules
        .map(|at| {
            if !bit(frames.moving(), at) {
                return bit(frames.still(), at);
            }
            moved += 1;
            bit(frames.frames(), moved - 1)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn each_frame_unpacks_to_its_symbol(tags in prop::collection::vec("[0-9A-HJKMNP-TV-Z]{5}", 1..24)) {
        let texts = texts("https://login.example.com", &tags);
        let frames = Frames::encode(&texts, Level::M).unwrap();
        for (frame, text) in texts.iter().enumerate() {
            let symbol = Symbol::encode(text, Level::M).unwrap();
            let modules: Vec<bool> = symbol.rows().flatten().copied().collect();
            prop_assert_eq!(unpacked(&frames, frame), modules, "{}", text);
        }
    }
}

// The frames of five minutes take less room than one drawing of the symbol.
#[test]
fn what_frames_share_is_sent_once() {
    let tags: Vec<String> = (0..20_u32).map(|n| format!("{:05}", n * 7919 % 100_000)).collect();
    let frames = Frames::encode(&texts("https://login.example.com", &tags), Level::M).unwrap();
    let bytes = frames.still().len() + frames.moving().len() + frames.frames().len();
    assert!(bytes < 1000, "{bytes} bytes, {} modules a side", frames.size());
}

#[test]
fn frames_of_no_text_or_of_several_sizes_are_refused() {
    assert!(Frames::encode(&[], Level::M).is_err());
    assert!(Frames::encode(&["A".to_owned(), "A".repeat(200)], Level::M).is_err());
}
