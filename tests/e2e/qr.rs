//! Two independent readers, which must agree (`docs/security.md` G4).

use std::{
    io::Write,
    process::{Command, Stdio},
};

/// The one QR in a PNG.
pub(crate) fn read(png: &[u8]) -> String {
    try_read(png).unwrap_or_else(|unread| panic!("{unread}{}", kept(png)))
}

/// The one QR in a PNG, if both read the same.
pub(crate) fn try_read(png: &[u8]) -> Result<String, String> {
    match (by_rqrr(png), by_zbar(png)) {
        (Ok(one), Ok(other)) if one == other => Ok(one),
        (one, other) => Err(format!("not read alike: rqrr {one:?}, zbar {other:?}")),
    }
}

/// Its width and height.
pub(crate) fn size(png: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(png).unwrap();
    (picture.width(), picture.height())
}

fn by_rqrr(png: &[u8]) -> Result<String, String> {
    let picture = image::load_from_memory(png).map_err(|error| error.to_string())?.to_luma8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixel = |x, y| picture.as_raw()[y * width + x];
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    let texts: Result<Vec<_>, _> = picture.detect_grids().iter().map(rqrr::Grid::decode).collect();
    let texts = texts.map_err(|error| error.to_string())?;
    match texts.as_slice() {
        [(_, text)] => Ok(text.clone()),
        others => Err(format!("{} codes", others.len())),
    }
}

fn by_zbar(png: &[u8]) -> Result<String, String> {
    let mut zbar = Command::new("zbarimg")
        .args(["--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", "png:-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("zbarimg (Debian's zbar-tools) is needed");
    let written = zbar.stdin.take().unwrap().write_all(png);
    let output = zbar.wait_with_output().map_err(|error| error.to_string())?;
    written.map_err(|error| error.to_string())?;
    let text = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
    match text.trim_end().split('\n').collect::<Vec<_>>().as_slice() {
        [""] => Err("0 codes".to_owned()),
        [text] => Ok((*text).to_owned()),
        others => Err(format!("{} codes", others.len())),
    }
}

/// Stores a picture that could not be read, for a person to look at.
fn kept(png: &[u8]) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("unread.png");
    std::fs::write(&path, png).map(|()| format!(": see {}", path.display())).unwrap_or_default()
}
