//! `POST /api/qrCode/cancelLoginQrCode/{id}`: the person says no.

use acceptance::World;
use insta::assert_snapshot;

use super::{create, must, status, step};

#[tokio::test]
async fn a_cancelled_login_has_failed() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    must(&world, "scan", &id, &member.token).await;
    assert_snapshot!(step(&world, "cancel", &id, &member.token).await.whole());
    assert_eq!(status(&world, &id, &poll_token).await.text("codeStatus"), "FAILED");
    step(&world, "bind", &id, &member.token).await.problem(410, "cancelled");
    // Saying no twice has the same result as saying it once.
    must(&world, "cancel", &id, &member.token).await;
}
