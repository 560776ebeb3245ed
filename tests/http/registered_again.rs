//! A client is removed, and another one is registered under its id: it gets nothing that the first one left behind
//! (`docs/security.md` K4).

use acceptance::{Answer, Call, World};
use saoma_domain::{client::Client, session::Dialect};
use serde_json::{Value, json};

use crate::{
    allowed::has_token,
    operations::kiosk_poll,
    pages::step,
    remembered::{DEVICE, Region, answer, both, kinds, log_in, pending, uin},
    web::{Pc, basic, let_in, pass},
};

const NUMBER: &str = "13800138000";
const ID: &str = "a-client";
/// How old a client may be at a step that is no redemption.
const AGE: u64 = 10;

async fn command(world: &World, event: Value) -> Value {
    let answer = world.command(event.clone()).await;
    assert_eq!(answer["ok"], true, "{event}: {answer}");
    answer
}

/// Removes the client of this id and registers another one under it. Returns the `Authorization` of its server.
async fn registered_again(world: &World, dialect: Dialect, settings: Value) -> String {
    pass(world, 1);
    command(world, json!({"do": "client.remove", "id": ID})).await;
    let mut create = json!({"do": "client.create", "id": ID, "name": "Another", "dialect": dialect.as_str()});
    create.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let created = command(world, create).await;
    pass(world, AGE);
    basic(ID, created["secret"].as_str().unwrap())
}

async fn ask(world: &World, authorization: &str, mut wishes: Value) -> String {
    wishes["region"] = json!(ID);
    let call = Call::post("/login/getLoginQrcodeV2").json(&wishes).header("authorization", authorization);
    let asked = world.call(call).await;
    world.stream_all().await;
    asked.text("traceId")
}

async fn results(world: &World, authorization: &str, trace: &str) -> Answer {
    let call = Call::get(&format!("/login/results/{trace}"));
    world.call(call.header("authorization", authorization)).await
}

// K4
#[tokio::test]
async fn another_client_of_the_id_asks_none_of_its_people() {
    let world = World::default();
    let region = Region::registered(&world, ID);
    let person = world.sign_in(NUMBER).await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    let before = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &before).await, ["LOGIN_scan"], "the pair asks without a scan");
    let authorization = registered_again(&world, Dialect::Remembered, json!({})).await;

    assert!(pending(&world, &person).await.is_empty(), "the earlier client's prompt");
    let late = answer(&world, &person, json!({"traceId": before, "accept": true})).await;
    assert_eq!(late.status, 404, "{}", late.whole());
    let trace = ask(&world, &authorization, both(&person)).await;
    assert!(pending(&world, &person).await.is_empty());
    let told = results(&world, &authorization, &trace).await.json();
    assert_eq!(told["results"][0]["resultType"], "LOGIN_getLoginQrcode");
    let trace = ask(&world, &authorization, json!({"uin": uin(&person)})).await;
    let told = results(&world, &authorization, &trace).await.json();
    assert_ne!(told["results"][0]["deviceId"], DEVICE, "it does not learn the earlier client's device");
}

// K4 W15
#[tokio::test]
async fn another_client_of_the_id_reads_none_of_its_traces() {
    let world = World::default();
    let region = Region::registered(&world, ID);
    let person = world.sign_in(NUMBER).await;
    let signed_in = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let waiting = region.trace(&world, json!({})).await;
    let qr = |trace: &str| Call::get(&format!("/login/qrcode/{trace}"));
    assert_eq!(world.call(qr(&waiting)).await.status, 200);
    let authorization = registered_again(&world, Dialect::Remembered, json!({})).await;
    for trace in [&signed_in, &waiting] {
        assert_eq!(results(&world, &authorization, trace).await.status, 404);
        assert_eq!(world.call(qr(trace)).await.status, 404);
    }
    let own = ask(&world, &authorization, json!({})).await;
    assert_eq!(results(&world, &authorization, &own).await.status, 200);
    assert_eq!(world.call(qr(&own)).await.status, 200);
}

// K4 A15
#[tokio::test]
async fn a_sign_in_through_an_earlier_app_of_the_id_is_over() {
    let world = World::default();
    world.register_client(ID, |client| client);
    let person = world.sign_in_through(NUMBER, ID).await;
    let refresh = |token: &str| Call::post("/api/user/refresh").json(&json!({"refreshToken": token}));
    let renewed = world.call(refresh(&person.refresh_token)).await;
    assert_eq!(renewed.status, 200);
    registered_again(&world, Dialect::Kiosk, json!({"apps": [ID]})).await;
    world.call(refresh(&renewed.text("refreshToken"))).await.problem(401, "unauthorized");

    // Its access token is still good for some minutes, and approves nothing of the app's new owner (A17).
    let create = Call::post("/api/qrCode/createLoginQrCode").header("channel", ID);
    let code = world.call(create).await.text("id");
    let scan = || Call::post(&format!("/q/{code}/scan")).json(&json!({}));
    world.call(scan().bearer(&renewed.text("token"))).await.problem(404, "not_found");
    pass(&world, 60);
    let anew = world.sign_in_through(NUMBER, ID).await;
    assert_eq!(world.call(refresh(&anew.refresh_token)).await.status, 200);
    assert_eq!(world.call(scan().bearer(&anew.token)).await.status, 200);
}

// A15 K4: the built-in client of the id is another client, too.
#[tokio::test]
async fn a_built_in_client_has_no_session_of_the_client_that_it_follows() {
    let world = World::default();
    let id = Client::DEFAULT_KIOSK;
    command(&world, json!({"do": "client.create", "id": id, "name": "Ours", "dialect": "kiosk"})).await;
    let person = world.sign_in(NUMBER).await;
    let open = || world.call(Call::post("/api/qrCode/createLoginQrCode"));
    let takes = async |created: &Answer| {
        has_token(&world.call(kiosk_poll(created, &created.text("pollToken"))).await)
    };
    let steps = async |created: &Answer, names: &[&str]| {
        for name in names {
            let answer = step(&world, name, &person, &created.text("id"), &json!({})).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.whole());
        }
    };
    let (pending, scanned, confirmed) = (open().await, open().await, open().await);
    steps(&scanned, &["scan"]).await;
    steps(&confirmed, &["scan", "confirm"]).await;
    let sessions = || [&pending, &scanned, &confirmed].map(|created| world.session(&created.text("id")));
    let before = sessions();

    pass(&world, 1);
    command(&world, json!({"do": "client.remove", "id": id})).await;
    assert!(!takes(&confirmed).await, "at once");
    pass(&world, AGE);
    for (created, name) in [(&pending, "scan"), (&scanned, "confirm"), (&confirmed, "confirm")] {
        let refused = step(&world, name, &person, &created.text("id"), &json!({})).await;
        refused.problem(404, "not_found");
    }
    assert!(!takes(&confirmed).await);
    assert_eq!(sessions(), before, "nothing changes");

    let own = open().await;
    steps(&own, &["scan", "confirm"]).await;
    assert!(takes(&own).await, "a session of the built-in client");
}

// K4 W4
#[tokio::test]
async fn a_signed_in_page_is_not_sent_to_the_page_of_another_client_of_the_id() {
    let world = World::default();
    let page = |page: &str| json!({"page": page});
    world.register_client(ID, |client| client);
    registered_again(&world, Dialect::Web, page("https://first.example/in")).await;
    let person = world.sign_in(NUMBER).await;
    let pc = Pc::read(&world.call(Call::get(&format!("/qr/code?client={ID}"))).await);
    let_in(&world, &person, &pc).await;
    assert!(pc.poll(&world).await.text("url").starts_with("https://first.example/in?ticket="));
    registered_again(&world, Dialect::Web, page("https://second.example/in")).await;
    let polled = pc.poll(&world).await;
    assert_eq!((polled.json()["statusflag"].as_i64(), polled.json()["url"].as_str()), (Some(-2), None));
}

// K4 K18: a person is not told that another client signed them in.
#[tokio::test]
async fn what_an_earlier_client_left_in_a_persons_lists_does_not_bear_the_new_name() {
    let world = World::default();
    let region = Region::registered(&world, ID);
    let person = world.sign_in_through(NUMBER, ID).await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    registered_again(&world, Dialect::Remembered, json!({})).await;
    for list in ["pairs", "history", "sign-ins"] {
        let listed = world.call(Call::get(&format!("/api/user/{list}")).bearer(&person.token)).await;
        let rows = listed.json()["rows"].to_string();
        assert!(rows.contains(ID) && !rows.contains("Another"), "{list}: {rows}");
    }
}
