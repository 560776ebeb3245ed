//! A client's server has a known person asked on their phone (OpenID Connect CIBA Core 1.0, poll mode).

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::{
    account::AccountStatus,
    client::Client,
    oauth::{ClientAuth, GrantType, OauthClient},
    push::{PushKind, PushMessage},
    session::{Dialect, MatchPolicy, Session},
};
use serde_json::{Value, json};

use super::{Device, claims, form, pass, refused};
use crate::{
    crowd::{ROUNDS, get_one_token_set},
    remembered::{answer, pending},
};

pub(super) const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DESK: &str = "help-desk";
const NUMBER: &str = "13800138000";

/// A client's server that signs people in by device, and asks them from then on.
pub(crate) struct Server {
    id: &'static str,
    secret: String,
}

impl Server {
    pub(crate) fn registered(world: &World, id: &'static str) -> Self {
        Self::with(world, id, |client| client)
    }

    fn with(world: &World, id: &'static str, change: impl FnOnce(Client) -> Client) -> Self {
        let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken, GrantType::Ciba];
        let oauth = OauthClient { grants, auth: ClientAuth::ClientSecret, ..OauthClient::default() };
        let secret = world
            .register_client(id, |client| change(Client { dialects: vec![Dialect::Oauth], oauth, ..client }));
        Self { id, secret: secret.reveal().to_owned() }
    }

    fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Call {
        let proof = [("client_id", self.id), ("client_secret", &*self.secret)];
        form(path, &[&proof, pairs].concat())
    }

    /// The person signs in by scan; their tokens.
    pub(crate) async fn scanned_by(&self, world: &World, person: &Person) -> Value {
        let begun = world.call(self.form("/oauth/device_authorization", &[("scope", "openid")])).await;
        assert_eq!(begun.status, 200, "{}", begun.whole());
        let device = Device { client: self.id, begun: begun.json() };
        device.approved_by(world, person).await;
        let exchange = [("grant_type", super::DEVICE_GRANT), ("device_code", device.text("device_code"))];
        let tokens = world.call(self.form("/oauth/token", &exchange)).await;
        assert_eq!(tokens.status, 200, "{}", tokens.whole());
        world.stream_all().await;
        tokens.json()
    }

    pub(crate) fn asking(&self, pairs: &[(&str, &str)]) -> Call {
        self.form("/oauth/bc-authorize", &[&[("scope", "openid")], pairs].concat())
    }

    async fn ask(&self, world: &World, pairs: &[(&str, &str)]) -> Answer {
        let answer = world.call(self.asking(pairs)).await;
        world.stream_all().await;
        answer
    }

    /// Asks the person of [`NUMBER`]; the id to poll with.
    pub(crate) async fn asked(&self, world: &World, pairs: &[(&str, &str)]) -> String {
        let answer = self.ask(world, &[&[("login_hint", NUMBER)], pairs].concat()).await;
        assert_eq!(answer.status, 200, "{}", answer.whole());
        answer.text("auth_req_id")
    }

    pub(crate) fn exchange(&self, id: &str) -> Call {
        self.form("/oauth/token", &[("grant_type", CIBA), ("auth_req_id", id)])
    }

    async fn poll(&self, world: &World, id: &str) -> Answer {
        world.call(self.exchange(id)).await
    }
}

/// A world with the help desk, and a person who has signed in there by scan.
async fn with_desk() -> (World, Server, Person) {
    let world = World::default();
    let desk = Server::registered(&world, DESK);
    let person = world.sign_in(NUMBER).await;
    desk.scanned_by(&world, &person).await;
    (world, desk, person)
}

fn session(world: &World, id: &str) -> Session {
    world.session(id.split('.').next().unwrap())
}

/// The person says so to the one request that waits.
pub(crate) async fn decides(world: &World, person: &Person, accept: bool, number: Option<&str>) -> Answer {
    let waiting = pending(world, person).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let trace = waiting[0]["traceId"].as_str().unwrap();
    answer(world, person, json!({"traceId": trace, "accept": accept, "matchNumber": number})).await
}

#[tokio::test]
async fn a_whole_login_of_a_person_who_is_asked() {
    let (world, desk, person) = with_desk().await;
    let begun = desk.ask(&world, &[("login_hint", "+86 138 0013 8000"), ("binding_message", "Call 7-W4SCT")]);
    let begun = begun.await;
    assert_snapshot!("ciba_begun", begun.whole());
    let id = begun.text("auth_req_id");
    assert_snapshot!("ciba_pending", desk.poll(&world, &id).await.whole());
    let waiting = pending(&world, &person).await;
    assert_snapshot!("ciba_consent", format!("{:#}", json!(waiting)));
    let trace = waiting[0]["traceId"].as_str().unwrap();
    let yes = json!({"traceId": trace, "accept": true});
    for _ in 0..2 {
        assert_snapshot!("ciba_answered", answer(&world, &person, yes.clone()).await.whole());
    }
    let tokens = desk.poll(&world, &id).await;
    assert_snapshot!("ciba_tokens", tokens.whole());
    assert_snapshot!("ciba_claims", format!("{:#}", claims(&tokens.text("id_token"))));
    assert!(pending(&world, &person).await.is_empty());
    pass(&world, 30);
    assert_eq!(desk.poll(&world, &id).await.json(), tokens.json(), "B8");
    pass(&world, 1);
    refused(&desk.poll(&world, &id).await, 400, "invalid_grant");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &tokens.text("refresh_token"))];
    refused(&world.call(desk.form("/oauth/token", &refresh)).await, 400, "invalid_grant");
}

#[tokio::test]
async fn an_account_and_an_id_token_are_hints_too() {
    let world = World::default();
    let desk = Server::registered(&world, DESK);
    let other = Server::registered(&world, "other");
    let person = world.sign_in(NUMBER).await;
    let of_desk = desk.scanned_by(&world, &person).await["id_token"].as_str().unwrap().to_owned();
    let of_other = other.scanned_by(&world, &person).await["id_token"].as_str().unwrap().to_owned();
    let account = person.account.to_string();
    pass(&world, 3600);
    for hint in [("login_hint", account.as_str()), ("id_token_hint", &of_desk)] {
        let begun = desk.ask(&world, &[hint]).await;
        assert_eq!(begun.status, 200, "{}", begun.whole());
    }
    let broken = format!("{}x", &of_desk[..of_desk.len() - 1]);
    for wrong in [of_other.as_str(), &broken, "x", &"x".repeat(9000), &person.token] {
        refused(&desk.ask(&world, &[("id_token_hint", wrong)]).await, 400, "invalid_request");
    }
    for hints in [
        &[][..],
        &[("login_hint", NUMBER), ("id_token_hint", &of_desk)],
        &[("login_hint_token", "x")],
        &[("login_hint", NUMBER), ("login_hint_token", "x")],
    ] {
        refused(&desk.ask(&world, hints).await, 400, "invalid_request");
    }
}

// H5: who has no account, never signed in here, is locked or said no looks the same.
#[tokio::test]
async fn people_who_cannot_be_asked_look_the_same() {
    let (world, desk, person) = with_desk().await;
    let (stranger, locked) = (world.sign_in("13800138001").await, world.sign_in("13800138002").await);
    let other = Server::registered(&world, "other");
    other.scanned_by(&world, &stranger).await;
    desk.scanned_by(&world, &locked).await;
    world.set_status(&locked, AccountStatus::Locked);
    desk.asked(&world, &[]).await;
    assert_eq!(decides(&world, &person, false, None).await.status, 200);
    let hints =
        ["13900000000", &stranger.number, &locked.number, NUMBER, "not a number", "4155552671", "1234567890"];
    let sessions = world.memory.sessions().len();
    let mut told = Vec::new();
    for hint in hints.map(str::to_owned).into_iter().chain(["9".repeat(10_000)]) {
        let answer = desk.ask(&world, &[("login_hint", &hint)]).await;
        refused(&answer, 400, "unknown_user_id");
        told.push(answer.whole());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(world.memory.sessions().len(), sessions, "nothing was opened");
    for person in [&person, &stranger] {
        assert!(pending(&world, person).await.is_empty());
    }
    desk.scanned_by(&world, &person).await;
    desk.asked(&world, &[]).await;
}

// A yes proves no more than the pair does: it does not take back a no to another question.
#[tokio::test]
async fn only_a_scan_lets_a_client_ask_again_after_a_no() {
    let (world, desk, person) = with_desk().await;
    let older = desk.asked(&world, &[]).await;
    let waiting = pending(&world, &person).await;
    pass(&world, 1);
    desk.asked(&world, &[]).await;
    let newest = pending(&world, &person).await;
    let decide = async |prompt: &Value, accept: bool| {
        let decided = answer(&world, &person, json!({"traceId": prompt["traceId"], "accept": accept})).await;
        assert_eq!(decided.status, 200, "{}", decided.whole());
    };
    decide(&newest[0], false).await;
    decide(&waiting[0], true).await;
    assert_eq!(desk.poll(&world, &older).await.status, 200);
    refused(&desk.ask(&world, &[("login_hint", NUMBER)]).await, 400, "unknown_user_id");
    desk.scanned_by(&world, &person).await;
    desk.asked(&world, &[]).await;
}

// A client without the grant keeps no list of whom it may ask.
#[tokio::test]
async fn a_client_that_may_not_ask_has_no_pairs() {
    let world = World::default();
    super::register(&world, super::TV);
    let person = world.sign_in(NUMBER).await;
    Device::signed_in(&world, &person).await;
    let pairs = world.call(Call::get("/api/user/pairs").bearer(&person.token)).await;
    assert_eq!(pairs.json()["rows"], json!([]));
}

// H1 K14
#[tokio::test]
async fn a_client_asks_three_times_in_ten_minutes_and_all_clients_six_times() {
    let (world, desk, person) = with_desk().await;
    let others = ["second", "third"].map(|id| Server::registered(&world, id));
    for other in &others {
        other.scanned_by(&world, &person).await;
    }
    for server in [&desk, &others[0]] {
        for _ in 0..3 {
            server.asked(&world, &[]).await;
        }
        refused(&server.ask(&world, &[("login_hint", NUMBER)]).await, 400, "unknown_user_id");
    }
    refused(&others[1].ask(&world, &[("login_hint", NUMBER)]).await, 400, "unknown_user_id");
    assert_eq!(pending(&world, &person).await.len(), 6, "several questions wait side by side");
    pass(&world, 600);
    desk.asked(&world, &[]).await;
}

// D14: two digits are the number to pick.
#[tokio::test]
async fn two_digits_are_the_number_that_the_person_must_pick() {
    let (world, desk, person) = with_desk().await;
    let id = desk.asked(&world, &[("binding_message", "42")]).await;
    let waiting = pending(&world, &person).await;
    let shown = &waiting[0]["consent"];
    assert_eq!(shown["matchNumber"]["policy"], "pick");
    assert!(shown["matchNumber"]["choices"].as_array().unwrap().contains(&json!("42")));
    assert_eq!(shown.get("bindingMessage"), None);
    let bare = decides(&world, &person, true, None).await;
    assert_eq!((bare.status.as_u16(), bare.text("reason")), (400, "match_number_required".to_owned()));
    assert_eq!(decides(&world, &person, true, Some("42")).await.text("state"), "confirmed");
    assert_eq!(desk.poll(&world, &id).await.status, 200);
    let id = desk.asked(&world, &[("binding_message", "42")]).await;
    assert_eq!(decides(&world, &person, true, Some("43")).await.status, 403);
    refused(&desk.poll(&world, &id).await, 400, "access_denied");
    refused(&desk.ask(&world, &[("login_hint", NUMBER)]).await, 400, "unknown_user_id");
}

// W10
#[tokio::test]
async fn a_message_that_would_be_shown_otherwise_is_refused() {
    let (world, desk, _) = with_desk().await;
    for bad in ["00", "pay\u{202E}7", "a\nb", "\u{200B}", &"x".repeat(129)] {
        let answer = desk.ask(&world, &[("login_hint", NUMBER), ("binding_message", bad)]).await;
        refused(&answer, 400, "invalid_binding_message");
    }
    let strict =
        Server::with(&world, "strict", |client| Client { match_policy: MatchPolicy::Pick, ..client });
    for without in [&[][..], &[("binding_message", "Call 7")]] {
        let answer = strict.ask(&world, &[&[("login_hint", NUMBER)], without].concat()).await;
        refused(&answer, 400, "invalid_binding_message");
    }
}

#[tokio::test]
async fn a_question_waits_as_long_as_asked_and_no_longer_than_a_session() {
    let (world, desk, person) = with_desk().await;
    let late = desk.asked(&world, &[("requested_expiry", "20")]).await;
    let long = desk.ask(&world, &[("login_hint", NUMBER), ("requested_expiry", "86400")]).await;
    assert_eq!((&long.json()["expires_in"], &long.json()["interval"]), (&json!(300), &json!(3)));
    pass(&world, 20);
    refused(&desk.poll(&world, &late).await, 400, "expired_token");
    pass(&world, 279);
    assert_eq!(pending(&world, &person).await.len(), 1);
    pass(&world, 1);
    assert!(pending(&world, &person).await.is_empty());
    for bad in ["0", "-1", "1.5", "x", "99999999999999999999999"] {
        let answer = desk.ask(&world, &[("login_hint", NUMBER), ("requested_expiry", bad)]).await;
        refused(&answer, 400, "invalid_request");
    }
}

// D7 D8
#[tokio::test]
async fn polls_have_a_pace_and_an_approval_is_never_withheld() {
    let (world, desk, person) = with_desk().await;
    let id = desk.asked(&world, &[]).await;
    let before = session(&world, &id);
    refused(&desk.poll(&world, &id).await, 400, "authorization_pending");
    pass(&world, 1);
    refused(&desk.poll(&world, &id).await, 400, "slow_down");
    pass(&world, 8);
    refused(&desk.poll(&world, &id).await, 400, "authorization_pending");
    assert_eq!(session(&world, &id), before, "a poll writes nothing");
    decides(&world, &person, true, None).await;
    assert_eq!(desk.poll(&world, &id).await.status, 200);
}

// A2 A5 A9
#[tokio::test]
async fn only_the_client_that_asked_gets_the_tokens_and_by_this_grant_only() {
    let (world, desk, person) = with_desk().await;
    let other = Server::registered(&world, "other");
    let id = desk.asked(&world, &[]).await;
    decides(&world, &person, true, None).await;
    let code = id.split('.').next().unwrap();
    for wrong in [code.to_owned(), format!("{code}."), format!("{code}.x"), "x".repeat(10_000)] {
        refused(&desk.poll(&world, &wrong).await, 400, "invalid_grant");
    }
    refused(&other.poll(&world, &id).await, 400, "invalid_grant");
    let as_device = [("grant_type", super::DEVICE_GRANT), ("device_code", id.as_str())];
    refused(&world.call(desk.form("/oauth/token", &as_device)).await, 400, "invalid_grant");
    assert_eq!(desk.poll(&world, &id).await.status, 200);
    let begun = world.call(desk.form("/oauth/device_authorization", &[("scope", "openid")])).await;
    let device = Device { client: DESK, begun: begun.json() };
    device.approved_by(&world, &person).await;
    refused(&desk.poll(&world, device.text("device_code")).await, 400, "invalid_grant");
}

// A7 W15: the question is this person's, on any of their phones, and by its code it is unknown.
#[tokio::test]
async fn only_the_person_who_is_asked_can_answer() {
    let (world, desk, person) = with_desk().await;
    let stranger = world.sign_in("13800138001").await;
    let id = desk.asked(&world, &[]).await;
    let waiting = pending(&world, &person).await;
    let trace = waiting[0]["traceId"].as_str().unwrap();
    assert!(pending(&world, &stranger).await.is_empty());
    let before = session(&world, &id);
    for accept in [true, false] {
        let answer = answer(&world, &stranger, json!({"traceId": trace, "accept": accept})).await;
        assert_eq!(answer.status, 404, "{}", answer.whole());
    }
    for step in ["scan", "confirm", "cancel"] {
        let answer = crate::pages::step(&world, step, &person, before.code.as_str(), &json!({})).await;
        assert_eq!(answer.status, 404, "{}", answer.whole());
    }
    assert_eq!(session(&world, &id), before);
    let second_phone = world.sign_in(NUMBER).await;
    assert_eq!(decides(&world, &second_phone, true, None).await.text("state"), "confirmed");
    assert_eq!(desk.poll(&world, &id).await.status, 200);
}

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_polls_at_once_get_one_token_set() {
    for _ in 0..ROUNDS {
        let (world, desk, person) = with_desk().await;
        let id = desk.asked(&world, &[]).await;
        decides(&world, &person, true, None).await;
        get_one_token_set(world, desk.exchange(&id)).await;
    }
}

// H7
#[tokio::test]
async fn the_persons_phones_are_pushed_to_and_no_server_is_told() {
    let (world, desk, person) = with_desk().await;
    let told = world.post.sent().messages.len();
    let push = Call::post("/api/device/push").bearer(&person.token);
    let push = world.call(push.json(&json!({"platform": "FCM", "token": "fcm-token-1"}))).await;
    assert_eq!(push.status, 200, "{}", push.whole());
    let id = desk.asked(&world, &[]).await;
    let waiting = pending(&world, &person).await;
    let trace = waiting[0]["traceId"].as_str().unwrap().to_owned();
    let pushes = world.post.sent().pushes;
    let prompt = PushMessage { kind: PushKind::Prompt, id: trace };
    assert_eq!(pushes.last(), Some(&("FCM/fcm-token-1".to_owned(), prompt)));
    assert_eq!(world.post.sent().messages.len(), told, "there is nothing to tell yet");
    let asked = session(&world, &id);
    world.stream(&[asked.clone(), asked]).await;
    refused(&desk.poll(&world, &id).await, 400, "authorization_pending");
}

// A15
#[tokio::test]
async fn a_client_that_may_ask_no_more_is_refused_at_its_next_step() {
    let (world, desk, person) = with_desk().await;
    let id = desk.asked(&world, &[]).await;
    decides(&world, &person, true, None).await;
    let grants = json!({"do": "client.change", "id": DESK, "grants": ["device_code"]});
    let changed = world.command(grants).await;
    assert_eq!(changed["ok"], true, "{changed}");
    pass(&world, 10);
    refused(&desk.poll(&world, &id).await, 400, "unauthorized_client");
    refused(&desk.ask(&world, &[("login_hint", NUMBER)]).await, 400, "unauthorized_client");
    let public = Server::with(&world, "public", |client| {
        let oauth = OauthClient { auth: ClientAuth::None, ..client.oauth };
        Client { oauth, ..client }
    });
    let ask = [("client_id", public.id), ("scope", "openid"), ("login_hint", NUMBER)];
    refused(&world.call(form("/oauth/bc-authorize", &ask)).await, 400, "unauthorized_client");
}

// I8 K18: what lets a client ask is in the person's list, and ends there.
#[tokio::test]
async fn a_person_sees_and_ends_what_lets_a_client_ask() {
    let (world, desk, person) = with_desk().await;
    let list = Call::get("/api/user/pairs").bearer(&person.token);
    let rows = world.call(list).await.json()["rows"].as_array().unwrap().clone();
    assert_eq!((rows.len(), &rows[0]["loginPolicy"], &rows[0]["mayAsk"]), (1, &json!(3), &json!(true)));
    let end = Call::new("DELETE", &format!("/api/user/pairs/{}", rows[0]["id"].as_str().unwrap()));
    assert_eq!(world.call(end.bearer(&person.token)).await.status, 204);
    refused(&desk.ask(&world, &[("login_hint", NUMBER)]).await, 400, "unknown_user_id");
}

#[tokio::test]
async fn a_request_must_ask_for_an_id_token_and_in_plain_parameters() {
    let (world, desk, _) = with_desk().await;
    let hint = ("login_hint", NUMBER);
    let asked = |pairs: &[(&str, &str)]| world.call(desk.form("/oauth/bc-authorize", pairs));
    refused(&asked(&[hint]).await, 400, "invalid_request");
    refused(&asked(&[hint, ("scope", "profile")]).await, 400, "invalid_scope");
    refused(&asked(&[hint, ("scope", "openid"), ("request", "x.y.z")]).await, 400, "invalid_request");
    let wrong = Server { secret: "wrong".to_owned(), ..Server::registered(&world, "wrong") };
    refused(&wrong.ask(&world, &[hint]).await, 401, "invalid_client");
}

#[tokio::test]
async fn only_a_server_is_registered_for_the_grant_and_for_any_network() {
    let world = World::default();
    let create = |more: Value| {
        let mut command =
            json!({"do": "client.create", "id": "desk", "name": "Desk", "grants": ["ciba", "device_code"]});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    for (more, field) in
        [(json!({"auth": "none"}), "auth"), (json!({"networks": ["192.0.2.0/24"]}), "networks")]
    {
        let refused = world.command(create(more)).await;
        assert_eq!(refused["ok"], false, "{refused}");
        assert!(refused["detail"].as_str().is_some_and(|it| it.starts_with(field)), "{refused}");
    }
    let created = world.command(create(json!({}))).await;
    assert_eq!(created["ok"], true, "{created}");
}
