//! Accounts and their visits.

use std::net::IpAddr;

use saoma_domain::{
    account::{Account, AccountStatus, VisitCount},
    identity::{AccountId, ClientId, ForeignIdentity, Identity},
    issuer::{Issuer, Subject},
    ports::{Accounts, Randomness, Visits},
    secrets::SessionCode,
};

use super::{
    fixtures::{at, random_number},
    steps::write,
};

/// An identity has one account, and either finds the account. Repeating a registration under its own id succeeds
/// (`docs/security.md` K12).
pub async fn one_account_an_identity(accounts: &dyn Accounts, random: &dyn Randomness) {
    let number = random_number(random);
    let identity = Identity::Phone(number.clone());
    let account = Account {
        id: AccountId::random(random),
        phone_number: Some(number),
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    assert_eq!(accounts.account(account.id).await.unwrap(), None);
    assert_eq!(accounts.account_by(&identity).await.unwrap(), None);
    let registering = write();
    for _ in 0..2 {
        assert!(accounts.register(&account, &identity, &registering).await.unwrap());
    }
    assert_eq!(accounts.account(account.id).await.unwrap(), Some(account.clone()));
    assert_eq!(accounts.account_by(&identity).await.unwrap(), Some(account.clone()));
    let second = Account { id: AccountId::random(random), ..account.clone() };
    assert!(!accounts.register(&second, &identity, &write()).await.unwrap(), "the identity is taken");
    assert_eq!(accounts.account(second.id).await.unwrap(), None, "nothing of it was stored");
    let free = Identity::Phone(random_number(random));
    assert!(!accounts.register(&account, &free, &write()).await.unwrap(), "the account's id is taken");

    for _ in 0..2 {
        assert!(accounts.link(account.id, &free).await.unwrap(), "linking again changes nothing");
    }
    assert_eq!(accounts.account_by(&free).await.unwrap(), Some(account.clone()));
    assert!(!accounts.link(second.id, &free).await.unwrap(), "it is another account's");
    accounts.unlink(second.id, &free).await.unwrap();
    assert_eq!(accounts.account_by(&free).await.unwrap(), Some(account.clone()), "it is not theirs");
    accounts.unlink(account.id, &free).await.unwrap();
    assert_eq!(accounts.account_by(&free).await.unwrap(), None);
}

/// Another issuer's person is found by client, registration, issuer and subject together, and by nothing else. A subject
/// that looks like a telephone number or an account's number is neither.
pub async fn a_foreign_person_is_of_one_client(accounts: &dyn Accounts, random: &dyn Randomness) {
    let number = random_number(random);
    let person = ForeignIdentity {
        client: ClientId::parse("a").unwrap(),
        registered_at: at(0),
        issuer: Issuer::parse("https://id.example").unwrap(),
        subject: Subject::parse(number.as_str()).unwrap(),
    };
    let account = Account {
        id: AccountId::random(random),
        phone_number: None,
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    let found = async |person: &ForeignIdentity| {
        accounts.account_by(&Identity::Foreign(person.clone())).await.unwrap()
    };
    assert!(accounts.register(&account, &Identity::Foreign(person.clone()), &write()).await.unwrap());
    assert_eq!(found(&person).await, Some(account.clone()));
    assert_eq!(accounts.account_by(&Identity::Phone(number)).await.unwrap(), None);
    for other in [
        ForeignIdentity { client: ClientId::parse("b").unwrap(), ..person.clone() },
        ForeignIdentity { registered_at: at(1), ..person.clone() },
        ForeignIdentity { issuer: Issuer::parse("https://id.example/").unwrap(), ..person.clone() },
        ForeignIdentity { subject: Subject::parse(&account.id.to_string()).unwrap(), ..person.clone() },
    ] {
        assert_eq!(found(&other).await, None, "{other:?}");
    }
}

/// Visits: each login counts once, even when a lost answer makes the caller repeat the call.
pub async fn a_login_is_one_visit(store: &(impl Accounts + Visits), random: &dyn Randomness) {
    let account = AccountId::random(random);
    let (first, second) = (SessionCode::random(random), SessionCode::random(random));
    let ip: IpAddr = "203.0.113.7".parse().unwrap();
    let once = VisitCount { count: 1, last_at: at(10), last_ip: Some(ip) };
    assert_eq!(store.visits(account).await.unwrap(), VisitCount::default());
    for secs in [10, 11] {
        store.count_visit(account, &first, Some(ip), at(secs)).await.unwrap();
        assert_eq!(store.visits(account).await.unwrap(), once);
    }
    store.count_visit(account, &second, None, at(20)).await.unwrap();
    let twice = VisitCount { count: 2, last_at: at(20), last_ip: None };
    assert_eq!(store.visits(account).await.unwrap(), twice);
    assert_eq!(store.account(account).await.unwrap(), None, "counting makes no account");
}
