//! What is written of a login, once, and what a person is told.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use saoma_domain::{
    cases::{Logins, Opening, Target},
    client::Client,
    history::{Entry, EntryId},
    identity::{AccountId, Approver, ClientId, Phone, SignInId},
    ports::{Clock, HistoryWriter, StoreError},
    push::{PushKind, PushMessage},
    rotation::Sighting,
    secrets::TokenId,
    session::{Ext, Flow, RedeemKey, ScreenClaims, Seen, State},
};
use saoma_memory::Fault;

use super::*;
use crate::{crowd::at_once, oauth};

const TOKEN: &str = "fcm-token-0123456789";

async fn register(world: &World, person: &Person, token: &str) {
    let body = json!({"platform": "FCM", "token": token});
    let answer = world.call(Call::post("/api/device/push").bearer(&person.token).json(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.whole());
}

// B4: fifty screens with the same secret, and one entry.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_is_written_once() {
    let world = Arc::new(World::default());
    let person = world.sign_in(NUMBER).await;
    let created = confirmed_kiosk(&world, &person).await;
    let polls = vec![kiosk_poll(&created, &created.text("pollToken")); 50];
    at_once(&world, polls).await;
    assert_eq!(rows(&world, &person, "logins").await.len(), 1);
}

// Rule 7 of the session core: a poll writes nothing, also the polls of a screen that has its token.
#[tokio::test]
async fn a_screen_that_polls_on_costs_no_write() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let created = kiosk_login(&world, &person).await;
    let before = world.memory.census();
    for _ in 0..9 {
        world.clock.advance(Duration::from_secs(2));
        world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
    }
    assert_eq!(world.memory.census(), before);
}

/// A history that fails.
struct Failing;

#[async_trait]
impl HistoryWriter for Failing {
    async fn write(&self, _: AccountId, _: &Entry) -> Result<(), StoreError> {
        Err(StoreError::new("made to fail"))
    }

    async fn entry(&self, _: AccountId, _: &EntryId) -> Result<Option<Entry>, StoreError> {
        Err(StoreError::new("made to fail"))
    }
}

// B12
#[tokio::test]
async fn a_login_counts_when_its_entry_cannot_be_written() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let sid = world.call(get(&person, "me")).await.text("signIn");
    let phone = Phone { account: person.account, sign_in: SignInId::parse(&sid).unwrap() };
    let wired = saoma_memory::wired::logins(&world.memory, world.random.clone());
    let logins = Logins { history: Arc::new(Failing), ..wired };
    let now = world.clock.now();
    let client = Client::plain(
        ClientId::parse("saoma").unwrap(),
        saoma_domain::text::CleanText::new("Saoma"),
        vec![saoma_domain::session::Dialect::Web],
    );
    let opening = Opening {
        client: &client,
        flow: Flow::web(None),
        claims: ScreenClaims::default(),
        seen: Seen::default(),
        opener: None,
        life: Duration::from_mins(5),
    };
    let opened = logins.open(opening, now).await.unwrap();
    let by = Approver { phone, app: ClientId::phone(), address: None };
    let target = Target { code: opened.session.code.clone(), dialect: None, sighting: Sighting::default() };
    logins.scan(&target, by.clone(), Ext::default(), now).await.unwrap();
    let session = logins.confirm(&target, by, None, now).await.unwrap();
    let id = TokenId::random(&*world.random);
    let redeemed = logins.redeem(session, RedeemKey::Ticket, id.clone(), None, now).await.unwrap();
    assert!(!redeemed.in_history);
    let again = logins.redeem(redeemed.session, RedeemKey::Ticket, id.clone(), None, now).await.unwrap();
    assert_eq!(again.redemption.id, id);
    assert!(matches!(again.session.state, State::Redeemed { .. }));
    assert!(rows(&world, &person, "logins").await.is_empty());
}

// K18 B12: a refresh token lives for months, and its person ends it by the entry in the history. So there is none without it.
#[tokio::test]
async fn an_oauth_client_gets_no_tokens_of_a_login_that_is_not_in_the_history() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for at in 0.. {
            let world = World::default();
            oauth::register(&world, oauth::TV);
            let person = world.sign_in(NUMBER).await;
            let device = oauth::Device::begin(&world).await;
            device.approved_by(&world, &person).await;
            // The history is written again at once when the first write fails.
            let before = world.memory.calls();
            world.memory.inject_twice(at, fault);
            let mut tokens = world.call(device.exchange()).await;
            world.memory.disarm();
            let over = at >= world.memory.calls() - before;
            if tokens.status == 503 {
                tokens = world.call(device.exchange()).await;
            }
            assert!(!tokens.text("refresh_token").is_empty(), "{fault:?} at {at}");
            assert_eq!(rows(&world, &person, "logins").await.len(), 1, "{fault:?} at {at}");
            if over {
                break;
            }
        }
    }
}

// I8 H7: the notice names the login, and nothing that a stranger could use.
#[tokio::test]
async fn a_new_login_is_told_to_the_persons_phones_by_its_id() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    register(&world, &person, TOKEN).await;
    kiosk_login(&world, &person).await;
    world.stream_all().await;
    let id = first_id(&world, &person, "logins").await;
    let pushes = world.post.sent().pushes;
    let notice = PushMessage { kind: PushKind::SignedIn, id: id.clone() };
    assert_eq!(pushes, [(format!("FCM/{TOKEN}"), notice)]);
    assert_eq!(end(&world, &person, &format!("logins/{id}")).await.status, 204, "and its id ends it");
}

// I8: as after a login; the phone that signs in is not told of itself, and a new person has no other.
#[tokio::test]
async fn a_phone_that_signs_in_is_told_to_the_persons_other_phones() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    register(&world, &person, TOKEN).await;
    world.clock.advance(Duration::from_mins(2));
    let gone = world.sign_in(NUMBER).await;
    register(&world, &gone, "gone-token").await;
    assert_eq!(world.call(Call::post("/api/user/logout").bearer(&gone.token)).await.status, 204);
    world.post.change(|posted| posted.pushes.clear());
    world.clock.advance(Duration::from_mins(2));
    world.sign_in(OTHER).await;
    assert_eq!(world.post.sent().pushes, [], "another person");
    let thief = world.sign_in(NUMBER).await;
    let newest = rows(&world, &person, "history").await[0].clone();
    assert_eq!(newest["what"], "signed_in");
    let notice = PushMessage { kind: PushKind::NewPhone, id: newest["id"].as_str().unwrap().to_owned() };
    assert_eq!(world.post.sent().pushes, [(format!("FCM/{TOKEN}"), notice)]);
    let sign_in = newest["signIn"].as_str().unwrap();
    assert_eq!(end(&world, &person, &format!("sign-ins/{sign_in}")).await.status, 204);
    world.call(refresh(&thief)).await.problem(401, "unauthorized");
}

// I8: a sign-in whose answer was lost is told once more, under the same id, and never to the phone itself.
#[tokio::test]
async fn a_sign_in_that_is_repeated_is_told_under_the_same_id_and_not_to_itself() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    register(&world, &person, TOKEN).await;
    world.clock.advance(Duration::from_mins(2));
    let challenge = "AAAAAAAAAAAAAAAAAAAAAA";
    let asked = json!({"phone": NUMBER, "challenge": challenge});
    assert_eq!(world.call(Call::post("/api/user/sendCode").json(&asked)).await.status, 200);
    let body = json!({"challenge": challenge, "code": world.outbox.last_code().unwrap()});
    let login = Call::post("/api/user/login/code").json(&body);
    let token = world.call(login.clone()).await.text("token");
    let own = json!({"platform": "FCM", "token": "its-own-token"});
    assert_eq!(world.call(Call::post("/api/device/push").bearer(&token).json(&own)).await.status, 200);
    assert_eq!(world.call(login).await.status, 200);
    let pushes = world.post.sent().pushes;
    let id = first_id(&world, &person, "history").await;
    let notice = (format!("FCM/{TOKEN}"), PushMessage { kind: PushKind::NewPhone, id });
    assert_eq!(pushes, [notice.clone(), notice]);
}

// I8: the sign-in counts when the other phones cannot be told.
#[tokio::test]
async fn a_notice_that_fails_keeps_no_phone_from_signing_in() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    register(&world, &person, TOKEN).await;
    world.post.change(|posted| posted.pushes_fail = true);
    world.clock.advance(Duration::from_mins(2));
    world.sign_in(NUMBER).await;
}

// I8 J6: an operator's hand on an account is in its history, once for each change.
#[tokio::test]
async fn a_person_reads_what_operators_did_to_the_account() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let operate = async |what: &str| {
        world.clock.advance(Duration::from_secs(2));
        let command = json!({"do": format!("account.{what}"), "id": person.account.to_string()});
        assert_eq!(world.command(command).await["ok"], true, "{what}");
    };
    for what in ["lock", "lock", "find", "unlock", "unlock"] {
        operate(what).await;
    }
    let told = async |person: &Person| {
        let rows = rows(&world, person, "history").await;
        rows.iter().map(|row| row["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(&person).await, ["unlocked", "locked", "signed_in"]);
    operate("end-sign-ins").await;
    world.clock.advance(Duration::from_mins(2));
    let back = world.sign_in(NUMBER).await;
    assert_eq!(told(&back).await, ["signed_in", "sign_ins_ended", "unlocked", "locked", "signed_in"]);
}

// H8
#[tokio::test]
async fn the_loser_of_a_push_token_is_told_on_other_phones_and_in_the_history() {
    let world = World::default();
    let loser = world.sign_in(NUMBER).await;
    register(&world, &loser, TOKEN).await;
    world.clock.advance(Duration::from_mins(2));
    let signed_out = world.sign_in(NUMBER).await;
    register(&world, &signed_out, "another-token").await;
    let logout = Call::post("/api/user/logout").bearer(&signed_out.token);
    assert_eq!(world.call(logout).await.status, 204);
    world.clock.advance(Duration::from_mins(2));
    let tablet = world.sign_in(NUMBER).await;
    register(&world, &tablet, "tablet-token").await;

    world.post.change(|posted| posted.pushes.clear()); // of the phones that signed in
    let taker = world.sign_in(OTHER).await;
    for _ in 0..2 {
        register(&world, &taker, TOKEN).await;
    }
    let told = rows(&world, &tablet, "history").await;
    assert_eq!((&told[0]["what"], &told[0]["platform"]), (&json!("push_taken"), &json!("FCM")));
    let once: Vec<_> = told.iter().filter(|row| row["what"] == "push_taken").collect();
    assert_eq!(once.len(), 1);
    let id = told[0]["id"].as_str().unwrap().to_owned();
    let notice = PushMessage { kind: PushKind::PushTaken, id };
    assert_eq!(world.post.sent().pushes, [("FCM/tablet-token".to_owned(), notice)], "no other phone is");
    assert!(rows(&world, &taker, "history").await.iter().all(|row| row["what"] != "push_taken"));
}

// H8: the registration counts when the loser's phones cannot be told.
#[tokio::test]
async fn a_push_that_fails_keeps_no_one_from_registering() {
    let world = World::default();
    let loser = world.sign_in(NUMBER).await;
    register(&world, &loser, TOKEN).await;
    register(&world, &loser, "another-token").await;
    world.post.change(|posted| posted.pushes_fail = true);
    let taker = world.sign_in(OTHER).await;
    register(&world, &taker, TOKEN).await;
    assert_eq!(rows(&world, &loser, "history").await[0]["what"], "push_taken");
}
