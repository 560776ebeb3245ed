//! The record of side effects that have already succeeded.

use saoma_domain::{
    effect::Effect,
    ports::{Effects, Randomness},
    secrets::SessionCode,
};

use super::fixtures::at;

/// Effects: a note counts for one version of one session, and for no other.
pub async fn effects_are_of_one_version(effects: &dyn Effects, random: &dyn Randomness) {
    let (code, other) = (SessionCode::random(random), SessionCode::random(random));
    assert_eq!(effects.noted(&code, 2).await.unwrap(), []);
    effects.note(&code, 2, &[Effect::Pushed], at(600)).await.unwrap();
    let all = [Effect::Pushed, Effect::Published, Effect::Queued];
    effects.note(&code, 2, &all, at(600)).await.unwrap();
    assert_eq!(effects.noted(&code, 2).await.unwrap(), all, "the newest note counts");
    assert_eq!(effects.noted(&code, 3).await.unwrap(), []);
    assert_eq!(effects.noted(&other, 2).await.unwrap(), []);
}
