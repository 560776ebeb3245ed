//! The codes sent by SMS.

use std::{net::IpAddr, sync::Arc};

use saoma_domain::{
    ports::{Randomness, SmsChallenges},
    sms_code::{SmsChallenge, SmsLimits},
};
use tokio::task::JoinSet;

use super::fixtures::{LIFE, at, random_number};

/// SMS challenges: each version follows the one before; addresses are counted up to their limit.
pub async fn challenges_follow_one_another(challenges: Arc<dyn SmsChallenges>, random: &dyn Randomness) {
    let limits = SmsLimits { code_life: LIFE, per_number_per_day: 9, per_ip_per_day: 3 };
    let number = random_number(random);
    assert_eq!(challenges.challenge(&number).await.unwrap(), None);
    let first = SmsChallenge::default().send([7; 32], at(0), limits).unwrap();
    assert!(challenges.replace(&number, &first).await.unwrap());
    assert!(!challenges.replace(&number, &first).await.unwrap(), "its version is stored already");
    assert_eq!(challenges.challenge(&number).await.unwrap(), Some(first.clone()));

    let mut running = JoinSet::new();
    for n in 0..8_u32 {
        let (challenges, number) = (Arc::clone(&challenges), number.clone());
        let next = SmsChallenge { version: 2, tries: n, ..first.clone() };
        running.spawn(async move { challenges.replace(&number, &next).await.unwrap() });
    }
    let winners = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1, "D1: parallel guesses count one by one");
    let used = SmsChallenge { version: 3, code: None, ..first };
    assert!(challenges.replace(&number, &used).await.unwrap());
    assert_eq!(challenges.challenge(&number).await.unwrap(), Some(used));

    let mut address = [0; 16];
    random.fill(&mut address);
    let ip = IpAddr::from(address);
    for allowed in [true, true, true, false, false] {
        assert_eq!(challenges.count_ip(ip, at(0), limits.per_ip_per_day).await.unwrap(), allowed);
    }
    assert!(challenges.count_ip(ip, at(86_400), limits.per_ip_per_day).await.unwrap(), "a new day");
}
