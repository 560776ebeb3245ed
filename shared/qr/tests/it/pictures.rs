//! The picture files: sides, depths, borders, bytes.

use image::GrayImage;
use png::{BitDepth, ColorType};
use saoma_qr::{Level, Logo, Margin, Picture, Symbol, jpeg, svg};

use crate::{plain, session, with_logo};

fn symbol() -> Symbol {
    Symbol::encode(&session("https://login.example.com"), Level::M).unwrap()
}

fn header(file: &[u8]) -> (u32, u32, ColorType, BitDepth) {
    let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let info = reader.info();
    (info.width, info.height, info.color_type, info.bit_depth)
}

fn grey(file: &[u8]) -> GrayImage {
    image::load_from_memory(file).unwrap().to_luma8()
}

#[test]
fn a_plain_png_has_one_bit_a_pixel_and_a_logo_four() {
    let text = session("https://login.example.com");
    for size in [94, 95, 256, 511, 512] {
        let file = saoma_qr::png(&symbol(), plain(size)).unwrap();
        assert_eq!(header(&file), (size, size, ColorType::Grayscale, BitDepth::One));
        let picture = with_logo(size, Logo::Phone, 32);
        let file = saoma_qr::png(&Symbol::fit(&text, picture).unwrap(), picture).unwrap();
        assert_eq!(header(&file), (size, size, ColorType::Indexed, BitDepth::Four));
    }
}

#[test]
fn a_login_picture_is_under_800_bytes() {
    let file = saoma_qr::png(&symbol(), plain(256)).unwrap();
    assert!(file.len() < 800, "{} bytes", file.len());
}

#[test]
fn every_module_is_the_same_whole_number_of_pixels_and_the_symbol_is_centred() {
    let symbol = symbol();
    for (size, margin) in (94..=512).map(|size| (size, 4)).chain([(145, 0), (150, 0), (300, 10)]) {
        let picture = Picture { margin: Margin::new(margin).unwrap(), ..plain(size) };
        let pixels = grey(&saoma_qr::png(&symbol, picture).unwrap());
        let width = u32::try_from(symbol.width()).unwrap();
        let module = size / (width + 2 * margin);
        let before = (size - module * width) / 2;
        assert!(before >= margin * module && size - before - module * width >= margin * module);
        for (x, y, pixel) in pixels.enumerate_pixels() {
            let at = |n: u32| n.checked_sub(before).map(|n| (n / module) as usize);
            let dark = at(y).and_then(|y| symbol.rows().nth(y)).zip(at(x)).and_then(|(row, x)| row.get(x))
                == Some(&true);
            assert_eq!(pixel.0[0], if dark { 0 } else { 255 }, "({x}, {y}) of {size}");
        }
    }
}

#[test]
fn a_logo_touches_only_the_middle() {
    let text = session("https://login.example.com");
    for size in [94, 256, 300, 512] {
        let picture = with_logo(size, Logo::Saoma, 256);
        let symbol = Symbol::fit(&text, picture).unwrap();
        let bare = grey(&saoma_qr::png(&symbol, plain(size)).unwrap());
        let covered = grey(&saoma_qr::png(&symbol, picture).unwrap());
        let changed =
            || bare.enumerate_pixels().zip(covered.pixels()).filter(|((_, _, a), b)| a != b).map(|(a, _)| a);
        assert!(changed().count() > 50, "the logo is there");
        let (third, middle) = (size / 3, size / 2);
        assert!(
            changed().all(|(x, y, _)| x.abs_diff(middle) < third / 2 && y.abs_diff(middle) < third / 2),
            "{size}"
        );
    }
}

#[test]
fn a_text_too_long_for_a_logo_is_drawn_without() {
    let text = "x".repeat(200);
    let picture = with_logo(400, Logo::Saoma, 64);
    let symbol = Symbol::fit(&text, picture).unwrap();
    assert_eq!(saoma_qr::png(&symbol, picture).unwrap(), saoma_qr::png(&symbol, plain(400)).unwrap());
}

#[test]
fn a_jpeg_is_a_jpeg_of_the_size_asked_for() {
    let file = jpeg(&symbol(), plain(300)).unwrap();
    assert_eq!(image::guess_format(&file).unwrap(), image::ImageFormat::Jpeg);
    assert_eq!(grey(&file).dimensions(), (300, 300));
}

#[test]
fn an_svg_draws_every_dark_module_once() {
    let symbol = symbol();
    for margin in [Margin::NONE, Margin::QUIET_ZONE] {
        let document = svg(&symbol, margin);
        let side = symbol.width() + 2 * margin.modules();
        assert!(document.starts_with(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\""
        )));
        let path = document.rsplit_once(" d=\"").unwrap().1.strip_suffix("\"/></svg>").unwrap();

        let mut drawn = vec![vec![false; side]; side];
        for row in path.split('M').skip(1) {
            let (at, runs) = row.split_once(".5").unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let (mut x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            for run in runs.replace(" 0", "").replace('m', " m").replace('h', " h").split_whitespace() {
                let length: usize = run[1..].parse().unwrap();
                let dark = drawn[y][x..x + length].iter_mut();
                dark.for_each(|module| assert!(!std::mem::replace(module, run.starts_with('h'))));
                x += length;
            }
        }
        let inside =
            drawn.iter().skip(margin.modules()).map(|row| &row[margin.modules()..side - margin.modules()]);
        assert!(inside.zip(symbol.rows()).all(|(ours, symbols)| ours == symbols));
    }
}
