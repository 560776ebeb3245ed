//! `GET /api/qrCode/image/{name}`: the picture, at the address that every answer names.

use acceptance::{Call, ISSUER, World, qr};
use saoma_domain::session::{PictureFormat, PictureName};

use super::{LIFE, ask, confirmed, create, status};

/// The path of an address of ours.
fn path(url: &str) -> &str {
    url.strip_prefix(ISSUER).unwrap_or_else(|| panic!("{url} is no address of ours"))
}

// K23
#[tokio::test]
async fn the_picture_is_served_at_an_address_of_ours_and_not_sniffed() {
    let world = World::default();
    let created = create(&world).await;
    let url = created.text("codeUrl");
    let picture = world.call(Call::get(path(&url))).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/png"));
    assert_eq!(picture.header("x-content-type-options"), "nosniff");
    let (side, text) = qr::read(&picture.body);
    assert_eq!((side, text), (512, format!("https://LOGIN.EXAMPLE.COM/Q/{}", created.text("id"))));
}

#[tokio::test]
async fn the_address_stays_the_same_for_the_life_of_the_session() {
    let world = World::default();
    let (_, id, poll_token) = confirmed(&world).await;
    let url = status(&world, &id, "").await.text("codeUrl");
    let taken = world.call(ask(&id, &poll_token)).await;
    assert_eq!((taken.text("codeStatus"), taken.text("codeUrl")), ("SUCCESS".to_owned(), url));
}

// G7: a name does not reveal the code, and a code is not a name.
#[tokio::test]
async fn what_was_not_drawn_for_a_machine_is_not_found() {
    let world = World::default();
    let created = create(&world).await;
    let (id, url) = (created.text("id"), created.text("codeUrl"));
    world.call(Call::get("/qrlogin/createcode")).await;
    let pictures = world.drawer.pictures();
    let is_the_shops = |name: &&String| PictureName::parse(name).unwrap().format() == PictureFormat::Jpeg;
    let of_the_shop = pictures.keys().find(is_the_shops).unwrap();

    let at = |name: &str| format!("/api/qrCode/image/{name}");
    let unknown = world.call(Call::get(&at(&format!("{}.png", "0".repeat(32))))).await;
    unknown.problem(404, "not_found");
    for name in [&id, &format!("{id}.png"), of_the_shop, "x", "..%2F..%2Fx.png", &"0".repeat(10_000)] {
        assert_eq!(world.call(Call::get(&at(name))).await.whole(), unknown.whole(), "{name:.40}");
    }
    // The picture of an expired session leads to a dead code. The bucket deletes it within days.
    world.clock.advance(LIFE);
    assert_eq!(world.call(Call::get(path(&url))).await.status, 200);
}
