//! How an account is deleted.

use saoma_domain::{
    account::{Account, AccountStatus},
    belongings::Turn,
    history::Entry,
    identity::{AccountId, ClientId, ForeignIdentity, Identity, PhoneNumber, SignInId},
    issuer::{Issuer, Subject},
    pairing::MadeBy,
    ports::{
        Accounts, Belongings, HistoryWriter, KeyName, Leaving, Machines, Pairs, Prompts, Randomness, SignIns,
        Visits,
    },
    prompt_log::NotedPrompt,
    refresh::Family,
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy, Seen},
    sign_in::{Holder, Method, SignIn},
    text::CleanText,
};

use super::{
    fixtures::{at, random_number},
    steps::write,
};

/// An account with its identity.
async fn registered(store: &impl Accounts, random: &dyn Randomness) -> Account {
    let number = random_number(random);
    let account = account(Some(number.clone()), random);
    assert!(store.register(&account, &Identity::Phone(number), &write()).await.unwrap());
    account
}

/// An account of a person of another issuer.
async fn foreign(store: &impl Accounts, random: &dyn Randomness) -> (Identity, Account) {
    let identity = Identity::Foreign(ForeignIdentity {
        client: ClientId::parse("a").unwrap(),
        registered_at: at(0),
        issuer: Issuer::parse("https://id.example").unwrap(),
        subject: Subject::parse(random_number(random).as_str()).unwrap(),
    });
    let account = account(None, random);
    assert!(store.register(&account, &identity, &write()).await.unwrap());
    (identity, account)
}

fn account(phone_number: Option<PhoneNumber>, random: &dyn Randomness) -> Account {
    Account {
        id: AccountId::random(random),
        phone_number,
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    }
}

fn sign_in(account: AccountId, random: &dyn Randomness) -> SignIn {
    SignIn {
        id: SignInId::random(random),
        account,
        holder: Holder::Phone,
        client: ClientId::phone(),
        method: Method::Sms,
        seen: Seen::default(),
        version: 1,
        family: Family::begin(at(0), KeyName::of_kid("the-key-")),
        ended: false,
        proved_at: at(0),
        created_at: at(0),
        expires_at: at(1000),
    }
}

/// Leaving: an account is refused as soon as it is marked, and its number is free. Its records go a bounded number at a
/// time, however often the call is repeated, and no other account's go with them.
pub async fn a_deleted_account_leaves_its_mark<S>(store: &S, random: &dyn Randomness)
where
    S: Accounts + Belongings + HistoryWriter + Leaving + Machines + Pairs + Prompts + SignIns + Visits,
{
    let (me, you) = (registered(store, random).await, registered(store, random).await);
    for account in [&me, &you] {
        fill(store, account.id, random).await;
    }
    let forget_at = at(400 * 86_400);
    for _ in 0..2 {
        store.mark_deleted(&me, forget_at, &write()).await.unwrap();
        let marked = store.account(me.id).await.unwrap().unwrap();
        assert_eq!((marked.status, marked.phone_number), (AccountStatus::Deleted, None));
    }
    let identity = Identity::Phone(me.phone_number.clone().unwrap());
    assert_eq!(store.account_by(&identity).await.unwrap(), None, "the number is free");
    let anew = Account { id: AccountId::random(random), ..me.clone() };
    assert!(store.register(&anew, &identity, &write()).await.unwrap());
    store.mark_deleted(&me, forget_at, &write()).await.unwrap();
    assert_eq!(store.account_by(&identity).await.unwrap(), Some(anew), "the next account keeps the number");

    let (person, theirs) = foreign(store, random).await;
    for _ in 0..2 {
        store.mark_deleted(&theirs, forget_at, &write()).await.unwrap();
        assert_eq!(store.account_by(&person).await.unwrap(), None, "the person of another issuer is free");
    }
    let anew = Account { id: AccountId::random(random), ..theirs.clone() };
    assert!(store.register(&anew, &person, &write()).await.unwrap());
    store.mark_deleted(&theirs, forget_at, &write()).await.unwrap();
    assert_eq!(store.account_by(&person).await.unwrap(), Some(anew), "the next account keeps the person");

    assert!(!store.remove(me.id, 3).await.unwrap(), "more are left");
    let mut calls = 1;
    while !store.remove(me.id, 3).await.unwrap() {
        calls += 1;
        assert!(calls < 20, "it comes to an end");
    }
    assert!(calls > 1);
    assert!(store.remove(me.id, 3).await.unwrap(), "and stays there");
    assert_eq!(records(store, me.id).await, [0, 0, 0, 0, 0, 0]);
    assert_eq!(records(store, you.id).await, [2, 2, 2, 1, 1, 1]);
}

async fn fill<S>(store: &S, account: AccountId, random: &dyn Randomness)
where
    S: HistoryWriter + Machines + Pairs + Prompts + SignIns + Visits,
{
    for n in 0..2_u64 {
        let sign_in = sign_in(account, random);
        store.begin(&sign_in).await.unwrap();
        store.write(account, &Entry::of_sign_in(&sign_in)).await.unwrap();
        store.bind(account, &CleanText::new(&format!("22:3{n}")), None, at(0), at(0)).await.unwrap();
    }
    let (phone, code) = (sign_in(account, random).phone(), SessionCode::random(random));
    let made_by = MadeBy { session: code.clone(), opened_at: at(0) };
    let (client, device) = (ClientId::parse("region-1").unwrap(), DeviceId::random(random));
    store.pair(&made_by, &client, LoginPolicy::Ipad, &device, &phone, at(0)).await.unwrap();
    store.mark_present(&phone, at(0)).await.unwrap();
    let prompt = NotedPrompt { at: at(0), client: client.clone(), code: code.clone() };
    assert!(store.note(account, &prompt).await.unwrap());
    store.count_visit(account, &code, None, at(0)).await.unwrap();
}

/// How many sign-ins, entries, machines, pairs, phones present and visits an account has.
async fn records<S: Belongings + Prompts + Visits>(store: &S, account: AccountId) -> [usize; 6] {
    let turn = Turn::first(account, 100);
    let visits = store.visits(account).await.unwrap().count;
    [
        store.sign_ins(&turn).await.unwrap().rows.len(),
        store.history(&turn).await.unwrap().rows.len(),
        store.machines(&turn).await.unwrap().rows.len(),
        store.pairs(&turn).await.unwrap().rows.len(),
        store.present(account, at(0)).await.unwrap().len(),
        visits.try_into().unwrap(),
    ]
}
