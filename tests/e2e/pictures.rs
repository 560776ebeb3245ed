//! The pictures of `/qr/loginpic`, as two readers see them (`docs/security.md` G4).

use crate::{qr, screen::Screen, service::Service};

/// Smallest (the default) and largest `qrSize`.
const SIZES: std::ops::RangeInclusive<u32> = 94..=512;

#[tokio::test]
async fn the_documented_example_is_clamped_and_readable() {
    let service = Service::served();
    let picture = Screen::new(&service).get("/qr/loginpic/?qrSize=513&logo=2").await.good();
    assert_eq!(picture.header("content-type"), "image/png");
    assert_eq!(qr::size(&picture.body), (512, 512));
    reads(&service, &picture.body);
}

// G4; every size is read in shared/qr by one reader, here every 19th by both.
#[tokio::test]
async fn sizes_with_and_without_logos_are_readable() {
    let service = Service::served();
    for size in SIZES.step_by(19) {
        for logo in 0..=3 {
            let path = format!("/qr/loginpic/?qrSize={size}&logo={logo}");
            let picture = Screen::new(&service).get(&path).await.good();
            assert_eq!(qr::size(&picture.body), (size, size), "{path}");
            reads(&service, &picture.body);
        }
    }
}

// F13: no route of an HTTP API ends in a slash, and a greedy route takes what is below it.
#[tokio::test]
async fn a_slash_at_the_end_is_another_address() {
    let service = Service::served();
    for (path, status) in [
        ("/qr/loginpic?qrSize=100", 200),
        ("/qr/loginpic/?qrSize=100", 200),
        ("/qr/loginpic/garbage?qrSize=100", 404),
        ("/qr/code", 200),
        ("/qr/code/", 404),
        ("/.well-known/jwks.json", 200),
        ("/.well-known/jwks.json/", 404),
    ] {
        assert_eq!(Screen::new(&service).get(path).await.status, status, "{path}");
    }
}

fn reads(service: &Service, png: &[u8]) {
    let text = qr::read(png);
    let code = text.strip_prefix(&service.qr_start());
    assert!(code.is_some_and(|code| code.len() == 26), "{text}");
}
