//! The registered clients, as operators change them.

use std::{sync::Arc, time::Duration};

use saoma_domain::{
    account::{Account, AccountStatus},
    client::{Client, Logo, Lookup, Origin, Previous, Registration, ReturnUrl, WebhookUrl},
    identity::{AccountId, ClientId, Identity},
    issuer::{Audience, Issuer, KeySetUrl, TokenAlgorithm, TokenIssuer},
    oauth::{ClientAuth, GrantType, OauthClient, Pkce, RedirectUri, RegisteredKeys},
    opener::{EnrolledMachine, MachineName, Opener},
    ports::{Accounts, Checks, Clients, Freshness, Kept, Randomness, Registry, Sessions},
    secrets::Secret,
    session::{Dialect, MatchPolicy, Session},
    text::CleanText,
};
use tokio::task::JoinSet;

use super::{
    fixtures::{at, person, random_number},
    steps::{open_largest, write},
};

/// The picture of the documentation's examples.
const LOGO: &[u8] = include_bytes!("../../../../docs/images/logo.png");

/// A client with every setting, under an id of its own.
fn largest(random: &dyn Randomness) -> Client {
    let hex = Registration::random(random).as_str().to_owned();
    let id = ClientId::parse(&hex).unwrap();
    let origin = |place: &str| Origin::parse(&format!("https://{hex}{place}.example")).unwrap();
    Client {
        logo: Logo::from_png(LOGO),
        match_policy: MatchPolicy::Pick,
        return_url: ReturnUrl::parse("https://shop.example/in"),
        origins: vec![origin("a"), origin("b")],
        secret: Some(Secret::random(random).hash()),
        webhook: WebhookUrl::parse("https://shop.example/hook"),
        apps: vec![ClientId::parse("their-app").unwrap()],
        networks: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        oauth: OauthClient {
            redirect_uris: vec![RedirectUri::parse("https://shop.example/cb").unwrap()],
            logout_uris: vec![RedirectUri::parse("https://shop.example/bye").unwrap()],
            grants: GrantType::ALL.to_vec(),
            auth: ClientAuth::None,
            keys: Some(RegisteredKeys::from_checked("{\"keys\": []}")),
            pushes: true,
            pkce: Pkce::Optional,
            signed: TokenAlgorithm::Rs256,
        },
        issuer: Some(TokenIssuer {
            issuer: Issuer::parse("https://id.example/").unwrap(),
            audience: Audience::parse("saoma").unwrap(),
            keys: KeySetUrl::parse("https://id.example/keys").unwrap(),
            algorithm: TokenAlgorithm::Rs256,
        }),
        strict: true,
        rotates: true,
        max_age: Some(Duration::from_mins(5)),
        registration: Registration::random(random),
        previous: Some(Previous {
            secret: Some(Secret::random(random).hash()),
            registration: Registration::random(random),
            until: at(1000),
        }),
        registered_at: at(0),
        ..Client::plain(id, CleanText::new("A shop"), vec![Dialect::Web])
    }
}

/// A client is stored, changed and removed with the rows of its origins, each version once. A write that comes again
/// succeeds again (`docs/security.md` K12). When it is removed, its id says when that was (A15, K4).
pub async fn a_client_is_kept_with_its_origins<S: Registry + Clients>(store: &S, random: &dyn Randomness) {
    let first = largest(random);
    let (id, knows) =
        (&first.id, async |n: usize| store.knows_origin(first.origins.get(n).unwrap()).await.unwrap());
    let is_read = async |client: Option<&Client>| {
        let found = store.client(id, Freshness::Strong).await.unwrap();
        assert_eq!(found.registered().as_ref(), client);
        assert_eq!(store.registered(id).await.unwrap().map(|(client, _)| client), client.cloned());
        assert_eq!(store.all().await.unwrap().contains(id), client.is_some());
    };
    let is_removed = async |at| {
        let found = store.client(id, Freshness::Strong).await.unwrap();
        assert_eq!(found, Lookup::unregistered(id, at));
    };
    is_read(None).await;
    is_removed(None).await;
    let registering = write();
    for _ in 0..2 {
        assert_eq!(
            store.keep(None, &first, &registering).await.unwrap(),
            Kept::Stored,
            "its answer was lost"
        );
    }
    assert_eq!(store.registered(id).await.unwrap(), Some((first.clone(), registering)));
    assert_eq!(store.keep(None, &first, &write()).await.unwrap(), Kept::Behind, "the id is taken");
    is_read(Some(&first)).await;
    assert!(knows(0).await && knows(1).await);

    let origins = vec![first.origins.get(1).unwrap().clone()];
    let second = Client { origins, enabled: false, previous: None, version: 2, ..first.clone() };
    let changing = write();
    for _ in 0..2 {
        assert_eq!(store.keep(Some(&first), &second, &changing).await.unwrap(), Kept::Stored);
    }
    assert_eq!(store.keep(Some(&first), &second, &write()).await.unwrap(), Kept::Behind);
    is_read(Some(&second)).await;
    assert!(!knows(0).await && knows(1).await);

    // Another client has the same origin, which stays known when the first client goes.
    let sibling = Client { origins: second.origins.clone(), ..largest(random) };
    assert_eq!(store.keep(None, &sibling, &write()).await.unwrap(), Kept::Stored);
    assert_eq!(store.remove(&first, &write(), at(6)).await.unwrap(), Kept::Behind, "not as last written");
    let removing = write();
    assert!(!store.was_removed(id, &removing).await.unwrap());
    for now in [at(7), at(8)] {
        assert_eq!(store.remove(&second, &removing, now).await.unwrap(), Kept::Stored, "its answer was lost");
    }
    assert!(store.was_removed(id, &removing).await.unwrap());
    assert!(!store.was_removed(id, &write()).await.unwrap());
    is_read(None).await;
    is_removed(Some(at(7))).await;
    assert_eq!(store.keep(Some(&second), &second, &write()).await.unwrap(), Kept::Behind, "it is removed");
    assert!(knows(1).await, "the sibling has it");
    assert_eq!(store.remove(&sibling, &write(), at(8)).await.unwrap(), Kept::Stored);
    assert!(!knows(1).await);

    // The id may be registered again, and a repetition of its removal does not touch the new client.
    assert_eq!(store.keep(None, &first, &write()).await.unwrap(), Kept::Stored);
    assert!(!store.was_removed(id, &removing).await.unwrap());
    is_read(Some(&first)).await;
    assert_eq!(store.remove(&first, &write(), at(9)).await.unwrap(), Kept::Stored);
    is_read(None).await;
    is_removed(Some(at(9))).await;
}

/// Of two operators who change the same version, one wins.
pub async fn one_operator_wins<S: Registry + 'static>(store: Arc<S>, random: &dyn Randomness) {
    let first = largest(random);
    assert_eq!(store.keep(None, &first, &write()).await.unwrap(), Kept::Stored);
    let mut running = JoinSet::new();
    for n in 0..4 {
        let (store, first) = (Arc::clone(&store), first.clone());
        let next = Client { strict: n % 2 == 0, version: 2, ..first.clone() };
        running.spawn(async move { store.keep(Some(&first), &next, &write()).await.unwrap() });
    }
    let kept = running.join_all().await;
    assert_eq!(kept.iter().filter(|it| **it == Kept::Stored).count(), 1, "{kept:?}");
    let (stored, _) = store.registered(&first.id).await.unwrap().unwrap();
    assert_eq!(stored.version, 2);
    assert_eq!(store.remove(&stored, &write(), at(1)).await.unwrap(), Kept::Stored);
}

/// A redemption reads phone, account, client and machine as last written, in one call. Any of them may be missing.
pub async fn a_redemption_reads_everything_together(
    checks: &dyn Checks,
    registry: &dyn Registry,
    sessions: &dyn Sessions,
    random: &dyn Randomness,
) {
    let (client, phone) = (largest(random), person(random));
    let session = open_largest(sessions, random).await.session;
    let session = Session { client: client.id.clone(), ..session };
    let name = session.opener.as_ref().and_then(Opener::machine).unwrap();
    let machine = machine_of(&client, name.as_str(), random);
    let read = async |found: Lookup, is_machine: Option<&EnrolledMachine>| {
        let read = checks.redemption(&phone, &session).await.unwrap();
        assert!(read.phone.sign_in.is_none() && read.phone.account.is_none());
        assert_eq!(read.client, found);
        assert_eq!(read.opener.machine.as_ref(), is_machine);
    };
    let there = || Lookup::of(&client.id, Some(client.clone()));
    read(Lookup::unregistered(&client.id, None), None).await;
    assert_eq!(registry.keep(None, &client, &write()).await.unwrap(), Kept::Stored);
    read(there(), None).await;
    assert!(registry.enroll(&machine, &write()).await.unwrap().is_some());
    read(there(), Some(&machine)).await;
    assert!(registry.unenroll(&client.id, name, at(1)).await.unwrap());
    read(there(), None).await;
    assert_eq!(registry.remove(&client, &write(), at(2)).await.unwrap(), Kept::Stored);
    read(Lookup::unregistered(&client.id, Some(at(2))), None).await;
}

fn machine_of(client: &Client, name: &str, random: &dyn Randomness) -> EnrolledMachine {
    EnrolledMachine {
        client: client.id.clone(),
        name: MachineName::parse(name).unwrap(),
        secret: Secret::random(random).hash(),
        registered_at: client.registered_at,
        enrolled_at: at(0),
    }
}

/// A name is enrolled once, until it is removed or its client is registered anew. A write and a removal that come again
/// succeed again (`docs/security.md` K12).
pub async fn a_machine_is_enrolled_until_it_is_removed<S: Registry + Clients>(
    store: &S,
    random: &dyn Randomness,
) {
    let client = largest(random);
    let first = machine_of(&client, "lobby-1", random);
    let read = async || store.machine(&client.id, &first.name).await.unwrap();
    assert_eq!(read().await, None);
    assert!(!store.unenroll(&client.id, &first.name, at(1)).await.unwrap(), "there is none yet");
    assert_eq!(read().await, None);
    let enrolling = write();
    for _ in 0..2 {
        let later = EnrolledMachine { enrolled_at: at(9), ..first.clone() };
        let sent = if read().await.is_none() { &first } else { &later };
        assert_eq!(
            store.enroll(sent, &enrolling).await.unwrap().as_ref(),
            Some(&first),
            "its answer was lost"
        );
    }
    let second = machine_of(&client, "lobby-1", random);
    assert_eq!(store.enroll(&second, &write()).await.unwrap(), None, "the name is taken");
    assert_eq!(read().await, Some(first.clone()));

    let other = machine_of(&client, "lobby-2", random);
    assert!(store.enroll(&other, &write()).await.unwrap().is_some());
    assert_eq!(store.machines(&client.id).await.unwrap(), [first.clone(), other.clone()]);
    for _ in 0..2 {
        assert!(store.unenroll(&client.id, &first.name, at(2)).await.unwrap(), "its answer was lost");
        assert_eq!(read().await, None);
    }
    assert_eq!(store.machines(&client.id).await.unwrap(), [other]);
    assert_eq!(
        store.enroll(&second, &write()).await.unwrap().as_ref(),
        Some(&second),
        "the name is free again"
    );
    assert_eq!(read().await, Some(second));
    let anew = Client { registered_at: at(5), ..client.clone() };
    let third = machine_of(&anew, "lobby-1", random);
    assert_eq!(store.enroll(&third, &write()).await.unwrap().as_ref(), Some(&third), "an earlier client's");
    assert_eq!(read().await, Some(third));
}

/// An operator locks an account and moves its credentials forward, as often as they like. A deleted account stays so.
pub async fn an_account_is_locked_and_reset(accounts: &dyn Accounts, random: &dyn Randomness) {
    let number = random_number(random);
    let account = Account {
        id: AccountId::random(random),
        phone_number: Some(number.clone()),
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    let id = account.id;
    assert!(!accounts.set_status(id, AccountStatus::Locked).await.unwrap(), "there is none yet");
    assert!(!accounts.reset_credentials(id, at(5)).await.unwrap(), "there is none yet");
    assert_eq!(accounts.account(id).await.unwrap(), None, "nothing is made");
    assert!(accounts.register(&account, &Identity::Phone(number), &write()).await.unwrap());
    for _ in 0..2 {
        assert!(accounts.set_status(id, AccountStatus::Locked).await.unwrap());
        assert!(accounts.reset_credentials(id, at(5)).await.unwrap());
    }
    assert!(accounts.reset_credentials(id, at(3)).await.unwrap(), "a later moment is stored");
    let stored = accounts.account(id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.credentials_at), (AccountStatus::Locked, at(5)));
    assert!(accounts.set_status(id, AccountStatus::Deleted).await.unwrap());
    assert!(!accounts.set_status(id, AccountStatus::Active).await.unwrap());
    assert!(!accounts.reset_credentials(id, at(9)).await.unwrap());
    let stored = accounts.account(id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.credentials_at), (AccountStatus::Deleted, at(5)));
}
