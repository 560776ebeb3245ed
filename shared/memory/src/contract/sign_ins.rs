//! The phones that are signed in.

use std::sync::Arc;

use saoma_domain::{
    identity::{AccountId, ClientId, SignInId},
    ports::{Randomness, SignIns},
    sign_in::SignIn,
};
use tokio::task::JoinSet;

use super::fixtures::at;

/// Sign-ins: a generation is good once, and what is revoked stays so (E15).
pub async fn a_generation_is_good_once(sign_ins: Arc<dyn SignIns>, random: &dyn Randomness) {
    let sign_in = SignIn {
        id: SignInId::random(random),
        account: AccountId::random(random),
        app: ClientId::parse("their-app").unwrap(),
        generation: 1,
        revoked: false,
        created_at: at(0),
        expires_at: at(1000),
    };
    assert_eq!(sign_ins.sign_in(&sign_in.id).await.unwrap(), None);
    assert!(!sign_ins.rotate(&sign_in.id, 1, at(2000)).await.unwrap(), "there is none yet");
    sign_ins.begin(&sign_in).await.unwrap();
    assert_eq!(sign_ins.sign_in(&sign_in.id).await.unwrap(), Some(sign_in.clone()));

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (sign_ins, phone) = (Arc::clone(&sign_ins), sign_in.id.clone());
        running.spawn(async move { sign_ins.rotate(&phone, 1, at(2000)).await.unwrap() });
    }
    let winners = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1, "one of eight refreshes wins");
    let rotated = SignIn { generation: 2, expires_at: at(2000), ..sign_in };
    assert_eq!(sign_ins.sign_in(&rotated.id).await.unwrap(), Some(rotated.clone()));

    sign_ins.revoke(&rotated.id).await.unwrap();
    sign_ins.revoke(&rotated.id).await.unwrap();
    assert!(!sign_ins.rotate(&rotated.id, 2, at(3000)).await.unwrap(), "it was revoked");
    assert!(sign_ins.sign_in(&rotated.id).await.unwrap().unwrap().revoked);
    let never = SignInId::random(random);
    sign_ins.revoke(&never).await.unwrap();
    assert_eq!(sign_ins.sign_in(&never).await.unwrap(), None, "revoking makes nothing");
}
