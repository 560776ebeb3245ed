//! The codes sent by SMS, and the callers who asked for them.

use std::sync::Arc;

use saoma_domain::{
    identity::{PhoneNumber, SignInId},
    known_device::KnownDevice,
    ports::{Challenges, KeyedTag, KnownDevices, Randomness, Recorded, SignIns},
    secrets::Secret,
    sms_challenge::{Challenge, ChallengeId, Lane, LiveCode, Purpose, Records, Used},
    sms_code::CodeNonce,
};
use tokio::task::JoinSet;

use super::{
    fixtures::{at, key, random_number},
    sign_ins::sign_in_of_anybody,
    steps::write,
};

/// The records of a first message, as they are to be stored over `before`.
pub(super) fn first_message(before: &Records, random: &dyn Randomness) -> Records {
    let challenge = Challenge { version: 1, messages: 1, asked_at: at(0), ..before.challenge.clone() };
    let asker = challenge.id.clone();
    let code = LiveCode { nonce: CodeNonce::random(&key(), random), expires_at: at(300), tries: 0, asker };
    let open =
        Lane { version: 1, code: Some(code), sent_at: at(0), sent: 1, puzzles: 1, day_began_at: at(0) };
    Records { challenge, open, device: None }
}

fn fresh(id: &ChallengeId, number: &PhoneNumber) -> Records {
    let challenge = Challenge::new(id.clone(), number.clone());
    Records { challenge, open: Lane::default(), device: None }
}

/// A challenge and its number's lane are stored together or not at all, and only over the version before.
/// Repeating a write under its own id succeeds (`docs/security.md` D1, K12).
pub async fn challenges_follow_one_another(challenges: Arc<dyn Challenges>, random: &dyn Randomness) {
    let (id, number) = (ChallengeId::random(random), random_number(random));
    assert_eq!(challenges.records(&id).await.unwrap(), None);
    let before = challenges.records_of(&id, &number, None).await.unwrap();
    assert_eq!(before, fresh(&id, &number));

    let first = first_message(&before, random);
    let sending = write();
    for _ in 0..2 {
        let stored = challenges.replace(&before, &first, &[], &sending).await.unwrap();
        assert_eq!(stored, Recorded::Stored, "its answer may have been lost");
    }
    let again = challenges.replace(&before, &first, &[], &write()).await.unwrap();
    assert_eq!(again, Recorded::Behind, "it is stored already");
    assert_eq!(challenges.records(&id).await.unwrap(), Some(first.clone()));

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (challenges, first) = (Arc::clone(&challenges), first.clone());
        running.spawn(async move {
            challenges.replace(&first, &tried(&first), &[], &write()).await.unwrap() == Recorded::Stored
        });
    }
    let winners = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1, "parallel guesses write equal records, and still count one by one");

    let second = tried(&first);
    let other = ChallengeId::random(random);
    let joined = challenges.records_of(&other, &number, None).await.unwrap();
    assert_eq!(joined, Records { open: second.open.clone(), ..fresh(&other, &number) });
    let shares = Challenge { version: 1, messages: 1, asked_at: at(0), ..joined.challenge.clone() };
    let shares = Records { challenge: shares, ..joined.clone() };
    let stored = challenges.replace(&joined, &shares, &[], &write()).await.unwrap();
    assert_eq!(stored, Recorded::Stored, "the lane stays");
    assert_eq!(challenges.records(&id).await.unwrap(), Some(second.clone()));

    let used = Used {
        code: KeyedTag { key: key(), hash: [7; 32] },
        purpose: Purpose::Deletion,
        sign_in: SignInId::random(random),
        at: at(9),
    };
    let done = Records {
        open: Lane { version: 3, code: None, ..second.open.clone() },
        challenge: Challenge { version: 3, used: Some(used), ..second.challenge.clone() },
        device: None,
    };
    assert_eq!(challenges.replace(&second, &done, &[], &write()).await.unwrap(), Recorded::Stored);
    assert_eq!(challenges.records(&id).await.unwrap(), Some(done));
    let late_try = challenges.replace(&shares, &tried(&shares), &[], &write()).await.unwrap();
    assert_eq!(late_try, Recorded::Behind, "the lane has moved on");
    assert_eq!(challenges.records(&other).await.unwrap().unwrap().challenge, shares.challenge);
}

fn tried(before: &Records) -> Records {
    let Records { open, challenge, device } = before.clone();
    let code = open.code.map(|code| LiveCode { tries: code.tries + 1, ..code });
    let (version, tries) = (challenge.version + 1, challenge.tries + 1);
    let wrong = vec![[3; 32]; tries as usize];
    Records {
        open: Lane { version: open.version + 1, code, ..open },
        challenge: Challenge { version, tries, wrong, ..challenge },
        device,
    }
}

/// A known device is stored once, while its sign-in stands. Its lane is stored together with the challenge of its
/// caller, and it ends with its sign-in (`docs/security.md` K5).
pub async fn a_known_device_has_a_lane_and_ends_with_its_sign_in<S>(store: Arc<S>, random: &dyn Randomness)
where
    S: Challenges + KnownDevices + SignIns + 'static,
{
    let (id, number) = (ChallengeId::random(random), random_number(random));
    let sign_in = sign_in_of_anybody(random);
    let phone = sign_in.phone();
    let device = KnownDevice::new(phone.clone(), number.clone(), &Secret::random(random), at(0));
    store.remember(&device).await.unwrap();
    assert_eq!(store.device(&phone).await.unwrap(), None, "there is no such sign-in");
    store.begin(&sign_in).await.unwrap();
    store.remember(&device).await.unwrap();
    assert_eq!(store.device(&phone).await.unwrap(), Some(device.clone()));

    let before = store.records_of(&id, &number, Some(&phone)).await.unwrap();
    assert_eq!(before, Records { device: Some(device.clone()), ..fresh(&id, &number) });
    let sent = first_message(&before, random);
    let lane = Lane { version: 2, ..sent.open };
    let asks = Records {
        challenge: Challenge { device: Some(phone.clone()), ..sent.challenge },
        open: Lane::default(),
        device: Some(KnownDevice { lane, ..device.clone() }),
    };
    let sending = write();
    for _ in 0..2 {
        assert_eq!(
            Challenges::replace(&*store, &before, &asks, &[], &sending).await.unwrap(),
            Recorded::Stored
        );
    }
    assert_eq!(store.records(&id).await.unwrap(), Some(asks.clone()));
    assert_eq!(Challenges::replace(&*store, &before, &asks, &[], &write()).await.unwrap(), Recorded::Behind);
    store.remember(&device).await.unwrap();
    assert_eq!(store.device(&phone).await.unwrap(), asks.device, "it is known already");

    let other = ChallengeId::random(random);
    let afterwards = store.records_of(&other, &number, Some(&phone)).await.unwrap();
    for _ in 0..2 {
        store.end(&phone).await.unwrap();
        assert_eq!(store.device(&phone).await.unwrap(), None);
    }
    let stale = Challenges::replace(&*store, &afterwards, &first_message(&afterwards, random), &[], &write())
        .await
        .unwrap();
    assert_ne!(stale, Recorded::Stored, "a device that has ended");
    assert_eq!(store.records(&id).await.unwrap(), Some(Records { device: None, ..asks }));
    store.remember(&device).await.unwrap();
    assert_eq!(store.device(&phone).await.unwrap(), None, "its sign-in was ended");
}
