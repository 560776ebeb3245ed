//! The codes sent by SMS, and the callers who asked for them.

use std::{net::IpAddr, sync::Arc};

use saoma_domain::{
    identity::SignInId,
    ports::{Challenges, KeyedTag, Randomness},
    sms_challenge::{Challenge, ChallengeId, Lane, LiveCode, Records, Used},
    sms_code::CodeNonce,
};
use tokio::task::JoinSet;

use super::{
    fixtures::{at, key, random_number},
    steps::write,
};

/// A challenge and its number's lane are stored together or not at all, and only over the version before.
/// Repeating a write under its own id succeeds (`docs/security.md` D1, K12).
pub async fn challenges_follow_one_another(challenges: Arc<dyn Challenges>, random: &dyn Randomness) {
    let (id, number) = (ChallengeId::random(random), random_number(random));
    assert_eq!(challenges.records(&id).await.unwrap(), None);
    let before = challenges.records_of(&id, &number).await.unwrap();
    let fresh = Records { lane: Lane::default(), challenge: Challenge::new(number.clone()) };
    assert_eq!(before, fresh);

    let code = LiveCode { nonce: CodeNonce::random(&key(), random), expires_at: at(300), tries: 0 };
    let lane = Lane { version: 1, code: Some(code), sent_at: at(0), sent: 1, day_began_at: at(0) };
    let challenge = Challenge { version: 1, messages: 1, asked_at: at(0), ..before.challenge.clone() };
    let first = Records { lane, challenge };
    let sending = write();
    assert!(challenges.replace(&id, &before, &first, &sending).await.unwrap());
    assert!(challenges.replace(&id, &before, &first, &sending).await.unwrap(), "its answer was lost");
    assert!(!challenges.replace(&id, &before, &first, &write()).await.unwrap(), "it is stored already");
    assert_eq!(challenges.records(&id).await.unwrap(), Some(first.clone()));

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (challenges, id, first) = (Arc::clone(&challenges), id.clone(), first.clone());
        running.spawn(async move {
            let next = tried(&first);
            challenges.replace(&id, &first, &next, &write()).await.unwrap()
        });
    }
    let winners = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1, "parallel guesses write equal records, and still count one by one");

    let second = tried(&first);
    let other = ChallengeId::random(random);
    let joined = challenges.records_of(&other, &number).await.unwrap();
    assert_eq!(joined, Records { lane: second.lane.clone(), challenge: Challenge::new(number.clone()) });
    let shares = Challenge { version: 1, messages: 1, asked_at: at(0), ..joined.challenge.clone() };
    let shares = Records { challenge: shares, ..joined.clone() };
    assert!(challenges.replace(&other, &joined, &shares, &write()).await.unwrap(), "the lane stays");
    assert_eq!(challenges.records(&id).await.unwrap(), Some(second.clone()));

    let used =
        Used { code: KeyedTag { key: key(), hash: [7; 32] }, sign_in: SignInId::random(random), at: at(9) };
    let done = Records {
        lane: Lane { version: 3, code: None, ..second.lane.clone() },
        challenge: Challenge { version: 3, used: Some(used), ..second.challenge.clone() },
    };
    assert!(challenges.replace(&id, &second, &done, &write()).await.unwrap());
    assert_eq!(challenges.records(&id).await.unwrap(), Some(done));
    let late_try = tried(&shares);
    assert!(
        !challenges.replace(&other, &shares, &late_try, &write()).await.unwrap(),
        "the lane has moved on"
    );
    assert_eq!(challenges.records(&other).await.unwrap().unwrap().challenge, shares.challenge);
}

fn tried(before: &Records) -> Records {
    let Records { lane, challenge } = before.clone();
    let code = lane.code.map(|code| LiveCode { tries: code.tries + 1, ..code });
    Records {
        lane: Lane { version: lane.version + 1, code, ..lane },
        challenge: Challenge { version: challenge.version + 1, tries: challenge.tries + 1, ..challenge },
    }
}

/// Networks are counted up to their limit, and once for each write.
pub async fn networks_are_counted_to_their_limit(challenges: &dyn Challenges, random: &dyn Randomness) {
    let mut address = [0; 16];
    random.fill(&mut address);
    let ip = IpAddr::from(address);
    let lost = write();
    for (write, allowed) in
        [(&lost, true), (&lost, true), (&write(), true), (&write(), true), (&write(), false)]
    {
        assert_eq!(challenges.count_ip(ip, at(0), 3, write).await.unwrap(), allowed);
    }
    assert!(challenges.count_ip(ip, at(86_400), 3, &write()).await.unwrap(), "a new day");
}
