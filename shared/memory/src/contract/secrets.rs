//! The signing secret's versions and their stages.

use saoma_domain::{
    client::Registration,
    ports::{KeyStage, KeyStages, Randomness, SecretVersion, SigningSecret},
};

/// The ids at the three stages: current, pending, previous.
fn stages(secret: &SigningSecret) -> [Option<&str>; 3] {
    [Some(id(&secret.current)), secret.pending.as_ref().map(id), secret.previous.as_ref().map(id)]
}

fn id(version: &SecretVersion) -> &str {
    &version.id
}

/// A secret without a value gets its first version, and its second as every other secret does (`docs/security.md` E13).
pub async fn an_empty_secret_gets_its_first_version(secret: &dyn KeyStages, random: &dyn Randomness) {
    let fresh = || Registration::random(random).as_str().to_owned();
    let (first, second) = (fresh(), fresh());
    assert_eq!(secret.find().await.unwrap(), None);
    assert!(secret.read().await.is_err());
    for _ in 0..2 {
        secret.add(KeyStage::Current, &first, "the first text").await.unwrap();
        assert_eq!(stages(&secret.read().await.unwrap()), [Some(first.as_str()), None, None]);
    }
    secret.add(KeyStage::Pending, &second, "the second text").await.unwrap();
    secret.promote(&second, &first).await.unwrap();
    let read = secret.read().await.unwrap();
    assert_eq!(stages(&read), [Some(second.as_str()), None, Some(first.as_str())]);
}

/// A version is published, promoted and dropped, and every step may come again (`docs/security.md` E13, K9). It begins
/// with a secret that has one version.
pub async fn a_secret_is_rotated_and_dropped(secret: &dyn KeyStages, random: &dyn Randomness) {
    // Secrets Manager takes ids of 32 to 64 characters.
    let fresh = || Registration::random(random).as_str().to_owned();
    let (second, third) = (fresh(), fresh());
    let begun = secret.read().await.unwrap();
    let first = begun.current.id.clone();
    assert_eq!(stages(&begun), [Some(first.as_str()), None, None]);

    for _ in 0..2 {
        secret.add(KeyStage::Pending, &second, "the second text").await.unwrap();
        let read = secret.read().await.unwrap();
        assert_eq!(stages(&read), [Some(first.as_str()), Some(second.as_str()), None]);
        assert_eq!(read.pending.unwrap().text, "the second text");
        assert_eq!(read.current, begun.current, "what signs stays as it is");
    }
    for _ in 0..2 {
        secret.promote(&second, &first).await.unwrap();
        let read = secret.read().await.unwrap();
        assert_eq!(stages(&read), [Some(second.as_str()), None, Some(first.as_str())]);
        assert_eq!(read.previous, Some(begun.current.clone()), "what signed verifies");
    }
    for _ in 0..2 {
        // A version that became current may keep the label of the pending stage.
        secret.remove(KeyStage::Pending, &second).await.unwrap();
        secret.remove(KeyStage::Previous, &first).await.unwrap();
        assert_eq!(stages(&secret.read().await.unwrap()), [Some(second.as_str()), None, None]);
    }
    for _ in 0..2 {
        secret.add(KeyStage::Current, &third, "the third text").await.unwrap();
        let read = secret.read().await.unwrap();
        assert_eq!((read.current.id, read.pending), (third.clone(), None), "at once, without publishing");
    }
    secret.remove(KeyStage::Pending, &first).await.unwrap();
    assert_eq!(secret.read().await.unwrap().current.id, third, "a stage that it does not have");
}
