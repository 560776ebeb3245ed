//! The sign-ins of the people, and the records that a phone's step is checked against.

use std::sync::Arc;

use saoma_domain::{
    account::{Account, AccountStatus},
    identity::{AccountId, ClientId, Identity, SignInId},
    oauth::{KeyThumbprint, Scopes},
    opener::{MachineName, Opener},
    ports::{
        Accounts, Begun, Checks, Created, KeyName, Randomness, Replaced, Sessions, SignIns, StepRecords,
    },
    refresh::Family,
    secrets::{Secret, SessionCode},
    session::{Seen, Session},
    sign_in::{Holder, Method, PhoneRecords, SignIn},
    text::CleanText,
};
use tokio::task::JoinSet;

use super::{
    fixtures::{KEY, at, key, person, random_number},
    steps::{open_largest, write},
};

fn sign_in(random: &dyn Randomness, account: AccountId) -> SignIn {
    SignIn {
        id: SignInId::random(random),
        account,
        holder: Holder::Phone,
        client: ClientId::parse("their-app").unwrap(),
        method: Method::Sms,
        seen: Seen { ip: Some([192, 0, 2, 7].into()), browser: Some(CleanText::new("Chrome on Android")) },
        version: 1,
        family: Family::begin(at(0), key()),
        ended: false,
        proved_at: at(0),
        created_at: at(0),
        expires_at: at(1000),
    }
}

/// A sign-in of a new account.
pub(super) fn sign_in_of_anybody(random: &dyn Randomness) -> SignIn {
    sign_in(random, AccountId::random(random))
}

fn rotated(before: &SignIn) -> SignIn {
    let family = Family {
        generation: before.family.generation + 1,
        rotated_at: at(5),
        ..Family::begin(at(5), KeyName::of_kid("another-"))
    };
    SignIn { version: before.version + 1, family, expires_at: at(2000), ..before.clone() }
}

/// One caller stores each version of a sign-in, once. An ended sign-in stays ended (`docs/security.md` E15, K12).
pub async fn a_version_of_a_sign_in_is_stored_once<S: SignIns + Checks + 'static>(
    store: Arc<S>,
    random: &dyn Randomness,
) {
    let first = sign_in(random, AccountId::random(random));
    let phone = first.phone();
    assert_eq!(store.phone(&phone).await.unwrap().sign_in, None);
    assert_eq!(store.replace(&rotated(&first), &write()).await.unwrap(), Replaced::Gone);
    let begun = store.begin(&first).await.unwrap();
    assert!(
        [Begun::Stored, Begun::Before(first.clone())].contains(&begun),
        "its answer may have been lost: {begun:?}"
    );
    let read = store.phone(&phone).await.unwrap();
    assert_eq!((read.sign_in, read.account), (Some(first.clone()), None));

    let elsewhere = SignIn { client: ClientId::parse("another-app").unwrap(), ..first.clone() };
    assert_eq!(store.begin(&elsewhere).await.unwrap(), Begun::Before(first.clone()), "as it was begun");

    let second = rotated(&first);
    let rotating = write();
    for _ in 0..2 {
        assert_eq!(store.replace(&second, &rotating).await.unwrap(), Replaced::Stored, "its answer was lost");
    }
    assert_eq!(store.replace(&second, &write()).await.unwrap(), Replaced::Behind(second.clone()));
    assert_eq!(store.begin(&first).await.unwrap(), Begun::Before(second.clone()), "begun before");

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (store, third) = (Arc::clone(&store), rotated(&second));
        running.spawn(async move { store.replace(&third, &write()).await.unwrap() });
    }
    let outcomes = running.join_all().await;
    assert_eq!(outcomes.iter().filter(|it| **it == Replaced::Stored).count(), 1, "one of eight wins");
    let third = rotated(&second);
    assert_eq!(outcomes.iter().filter(|it| **it == Replaced::Behind(third.clone())).count(), 7);

    let scopes = Scopes::parse("openid offline_access");
    let hash = Secret::random(random).hash();
    let name = MachineName::parse("lobby-1").unwrap();
    for opener in [
        None,
        Some(Opener::Server(hash)),
        Some(Opener::Machine(name, hash)),
        Some(Opener::Browser(phone.clone())),
    ] {
        let screen = SignIn {
            holder: Holder::Screen { scopes, key: KeyThumbprint::parse(KEY), opener },
            ..sign_in(random, AccountId::random(random))
        };
        store.begin(&screen).await.unwrap();
        assert_eq!(store.phone(&screen.phone()).await.unwrap().sign_in, Some(screen));
    }

    store.end(&phone).await.unwrap();
    store.end(&phone).await.unwrap();
    let ended = store.phone(&phone).await.unwrap().sign_in.unwrap();
    assert!(ended.ended);
    assert_eq!(store.replace(&rotated(&third), &write()).await.unwrap(), Replaced::Behind(ended));
    let out = sign_in(random, AccountId::random(random));
    store.begin(&out).await.unwrap();
    store.end(&out.phone()).await.unwrap();
    let begun_again = store.begin(&out).await.unwrap();
    assert!(matches!(begun_again, Begun::Before(stored) if stored.ended), "a sign-in that was ended");
    let never = person(random);
    store.end(&never).await.unwrap();
    assert_eq!(store.phone(&never).await.unwrap().sign_in, None, "ending makes nothing");
}

/// One call reads the newest version of a phone's sign-in, its account and a session. Any of them may be missing.
pub async fn a_check_reads_everything_together(
    checks: &dyn Checks,
    store: &(impl SignIns + Accounts),
    sessions: &dyn Sessions,
    random: &dyn Randomness,
) {
    let number = random_number(random);
    let account = Account {
        id: AccountId::random(random),
        phone_number: Some(number.clone()),
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    let sign_in = sign_in(random, account.id);
    let session = open_largest(sessions, random).await.session;
    let unknown = open_largest(&crate::Memory::default(), random).await.session;
    let read = checks.phone_and_session(&sign_in.phone(), &unknown.code).await.unwrap();
    assert!(read.phone.sign_in.is_none() && read.phone.account.is_none() && read.session.is_none());

    store.begin(&sign_in).await.unwrap();
    assert!(store.register(&account, &Identity::Phone(number), &write()).await.unwrap());
    let StepRecords { phone, session: found, watchers } =
        checks.phone_and_session(&sign_in.phone(), &session.code).await.unwrap();
    assert_eq!(
        (phone.sign_in, phone.account, found),
        (Some(sign_in.clone()), Some(account), Some(session.clone()))
    );
    assert!(watchers.is_empty());

    let approved_by = sign_in.id.clone();
    let browser = SignIn {
        holder: Holder::Browser { approved_by, direct: true, matched: true },
        ..self::sign_in(random, sign_in.account)
    };
    store.begin(&browser).await.unwrap();
    let read = checks.phone(&browser.phone()).await.unwrap();
    assert_eq!((read.sign_in, read.approver), (Some(browser.clone()), Some(sign_in.clone())), "a browser");
    // K19: a session says which browser opened it, and its redemption is checked against that browser.
    let code = SessionCode::random(random);
    let opened = Session { code, opener: Some(Opener::Browser(browser.phone())), ..session };
    assert_eq!(sessions.create(&opened, &write()).await.unwrap(), Created::Stored);
    let read = checks.phone_and_session(&sign_in.phone(), &opened.code).await.unwrap();
    assert_eq!(read.session.as_ref(), Some(&opened));
    for by in [&sign_in, &browser] {
        let read = checks.redemption(&by.phone(), &opened).await.unwrap();
        assert_eq!(read.phone.sign_in.as_ref(), Some(by));
        let PhoneRecords { sign_in: opening, approver, .. } = read.opener.browser;
        assert_eq!((opening, approver), (Some(browser.clone()), Some(sign_in.clone())));
    }
    store.end(&sign_in.phone()).await.unwrap();
    let read = checks.phone_and_session(&browser.phone(), &unknown.code).await.unwrap().phone;
    assert!(read.approver.is_some_and(|phone| phone.ended), "as last written");
    let approved_by = SignInId::random(random);
    let orphan = SignIn {
        holder: Holder::Browser { approved_by, direct: false, matched: false },
        ..self::sign_in(random, sign_in.account)
    };
    store.begin(&orphan).await.unwrap();
    let read = checks.phone(&orphan.phone()).await.unwrap();
    assert_eq!((read.sign_in, read.approver), (Some(orphan), None), "its phone is gone");
}
