//! `GET /login/qrcode/{traceId}`: the QR, drawn.

use acceptance::{Answer, Call, World, qr};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{DEVICE, Region, both, log_in, pending, refused};

async fn drawn(world: &World, trace: &str, query: &str) -> Answer {
    world.call(Call::get(&format!("/login/qrcode/{trace}{query}"))).await
}

// The contract's own samples: 280 pixels with a margin, and 256 pixels in Base64 trimmed to the symbol.
#[tokio::test]
async fn every_way_of_drawing_says_what_img_buf_says() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let trace = region.trace(&world, json!({"deviceId": DEVICE})).await;
    let text = region.results(&world, &trace).await[0]["imgBuf"].as_str().unwrap().to_owned();
    for (query, side) in [("", 280), ("?size=280&margin=4", 280), ("?size=1024&margin=32&format=png", 1024)] {
        let png = drawn(&world, &trace, query).await;
        assert_eq!(png.header("content-type"), "image/png");
        assert_eq!(qr::read_on_paper(&png.body), (side, text.clone()), "{query}");
    }
    let trimmed = drawn(&world, &trace, "?size=256&margin=0&format=base64").await;
    assert!(trimmed.header("content-type").starts_with("text/plain"));
    assert_eq!(qr::read_on_paper(&STANDARD.decode(&trimmed.body).unwrap()), (256, text));
    let svg = drawn(&world, &trace, "?format=svg&margin=0").await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert!(svg.body.starts_with(b"<svg "));
}

// G1 G2
#[tokio::test]
async fn absurd_pictures_are_refused() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let trace = region.trace(&world, json!({})).await;
    for (query, reason) in [
        ("?size=0", "invalid_size"),
        ("?size=-1", "invalid_size"),
        ("?size=1025", "invalid_size"),
        ("?size=4294967552", "invalid_size"),
        ("?size=256;", "invalid_size"),
        ("?size=NaN", "invalid_size"),
        ("?size=20", "too_small"),
        ("?margin=-1", "invalid_margin"),
        ("?margin=33", "invalid_margin"),
        ("?format=gif", "unknown_format"),
        ("?size=256&size=257", "malformed_query"),
    ] {
        refused(&drawn(&world, &trace, query).await, 400, reason);
    }
}

#[tokio::test]
async fn what_has_no_qr_is_not_found() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let taken = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    let prompt = region.trace(&world, both(&person)).await;
    for trace in [taken, prompt, "0".repeat(32), "x".to_owned()] {
        refused(&drawn(&world, &trace, "").await, 404, "not_found");
    }
}
