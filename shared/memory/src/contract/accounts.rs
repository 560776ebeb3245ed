//! Accounts and their visits.

use std::net::IpAddr;

use saoma_domain::{
    account::{Account, AccountStatus, Visits},
    identity::AccountId,
    ports::{Accounts, Randomness},
    secrets::SessionCode,
};

use super::fixtures::{at, random_number};

/// Accounts: one number, one account, found by either.
pub async fn one_account_a_number(accounts: &dyn Accounts, random: &dyn Randomness) {
    let number = random_number(random);
    let account = Account {
        id: AccountId::random(random),
        phone_number: Some(number.clone()),
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    assert_eq!(accounts.account(account.id).await.unwrap(), None);
    assert_eq!(accounts.account_by_phone(&number).await.unwrap(), None);
    assert!(accounts.register(&account).await.unwrap());
    assert_eq!(accounts.account(account.id).await.unwrap(), Some(account.clone()));
    assert_eq!(accounts.account_by_phone(&number).await.unwrap(), Some(account.clone()));
    let second = Account { id: AccountId::random(random), ..account.clone() };
    assert!(!accounts.register(&second).await.unwrap(), "the number is taken");
    assert_eq!(accounts.account(second.id).await.unwrap(), None, "nothing of it was stored");
    let third = Account { phone_number: Some(random_number(random)), ..account };
    assert!(!accounts.register(&third).await.unwrap(), "the account's id is taken");
}

/// Visits: each login counts once, however often a lost answer makes it come again.
pub async fn a_login_is_one_visit(accounts: &dyn Accounts, random: &dyn Randomness) {
    let account = Account {
        id: AccountId::random(random),
        phone_number: None,
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    assert!(accounts.register(&account).await.unwrap());
    let (first, second) = (SessionCode::random(random), SessionCode::random(random));
    let ip: IpAddr = "203.0.113.7".parse().unwrap();
    let once = Visits { count: 1, last_at: at(10), last_ip: Some(ip) };
    assert_eq!(accounts.visits(account.id).await.unwrap(), Visits::default());
    for secs in [10, 11] {
        accounts.count_visit(account.id, &first, Some(ip), at(secs)).await.unwrap();
        assert_eq!(accounts.visits(account.id).await.unwrap(), once);
    }
    accounts.count_visit(account.id, &second, None, at(20)).await.unwrap();
    let twice = Visits { count: 2, last_at: at(20), last_ip: None };
    assert_eq!(accounts.visits(account.id).await.unwrap(), twice);
    assert_eq!(accounts.account(account.id).await.unwrap(), Some(account), "the account is as it was");
    let nobody = AccountId::random(random);
    assert!(accounts.count_visit(nobody, &first, None, at(0)).await.is_err());
    assert_eq!(accounts.account(nobody).await.unwrap(), None, "counting makes no account");
}
