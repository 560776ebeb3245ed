//! The servers that may hang.

use std::sync::Arc;

use saoma_domain::{
    identity::ClientId,
    ports::{Randomness, Servers, Turn, WriteId},
    secrets::SessionCode,
};
use tokio::task::JoinSet;

use super::fixtures::at;

const FIRST: Turn = Turn::Ours { hangs: 0 };

/// Servers: of many instances at once, one waits for a server; it gives its turn back, or lets the server rest (K13).
pub async fn one_instance_waits_for_a_server(servers: Arc<dyn Servers>, random: &dyn Randomness) {
    let [client, other] = [(); 2].map(|()| ClientId::parse(SessionCode::random(random).as_str()).unwrap());
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (servers, client, write) = (Arc::clone(&servers), client.clone(), WriteId::random(random));
        running.spawn(async move { (servers.turn(&client, at(6), at(0), &write).await.unwrap(), write) });
    }
    let (ours, theirs): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|(turn, _)| *turn == FIRST);
    assert!(theirs.iter().all(|(turn, _)| *turn == Turn::NotBefore(at(6))), "{theirs:?}");
    let [(_, write)] = ours.as_slice() else { panic!("{ours:?}") };
    let turn = async |client, now, write| servers.turn(client, at(now + 6), at(now), write).await.unwrap();
    let [second, third] = [(); 2].map(|()| WriteId::random(random));
    assert_eq!(servers.turn(&client, at(6), at(0), write).await.unwrap(), FIRST, "its answer was lost");
    assert_eq!(turn(&other, 0, &second).await, FIRST, "each server by itself");

    servers.answered(&client, &second).await.unwrap();
    assert_eq!(turn(&client, 1, &second).await, Turn::NotBefore(at(6)), "it was another's to give back");
    servers.answered(&client, write).await.unwrap();
    assert_eq!(turn(&client, 1, &second).await, FIRST);
    assert_eq!(turn(&client, 6, &third).await, Turn::NotBefore(at(7)));
    assert_eq!(turn(&client, 7, &third).await, FIRST, "an instance that ended gives nothing back");

    servers.rest(&client, 2, at(60)).await.unwrap();
    assert_eq!(turn(&client, 59, &third).await, Turn::NotBefore(at(60)), "it rests for all");
    servers.answered(&client, &third).await.unwrap();
    assert_eq!(turn(&client, 59, &second).await, Turn::NotBefore(at(60)), "an earlier answer ends no rest");
    assert_eq!(turn(&client, 60, &second).await, Turn::Ours { hangs: 2 });
    servers.answered(&client, &second).await.unwrap();
    assert_eq!(turn(&client, 61, &third).await, FIRST, "its hangs are forgotten");
}
