//! Operators' commands: whole answers, refusals, and repetitions of commands whose answers were lost.

use std::time::Duration;

use acceptance::{Call, LOGO, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use saoma_domain::{
    history::{Act, Entry},
    identity::{AccountId, ClientId},
    ports::{Clock, HistoryWriter, WebhookKeys},
    session::Dialect,
};
use saoma_memory::Fault;
use serde_json::{Value, json};

use crate::{
    allowed::{ID, has_token},
    issuers::{self, Issuer},
    logs::captured,
    people::leaving::settled,
    web::basic,
};

const WRITE: &str = "p6Yw3sQd0bV4x1kTzR8uFg";

fn create() -> Value {
    json!({
        "do": "client.create", "write": WRITE, "id": "region-1", "name": "Region", "dialect": "remembered",
        "webhook": "https://region.example/in",
    })
}

async fn good(world: &World, event: Value) -> Value {
    let answer = world.command(event).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

async fn refused(world: &World, event: Value) -> String {
    let answer = world.command(event).await;
    assert_eq!(answer["ok"], false, "{answer}");
    assert!(answer["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{answer}");
    answer["code"].as_str().unwrap().to_owned()
}

async fn webhook_key(world: &World, secret: &str) -> (u16, String) {
    let call = Call::get("/login/webhook").header("authorization", &basic("region-1", secret));
    let answer = world.call(call).await;
    (answer.status.as_u16(), answer.json()["secret"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_client_is_created_shown_changed_and_removed() {
    let world = World::default();
    let created = good(&world, create()).await;
    let secret = created["secret"].as_str().unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&created["client"]).unwrap());
    assert_eq!(webhook_key(&world, secret).await.0, 200);
    let shown = good(&world, json!({"do": "client.show", "id": "region-1"})).await;
    assert_eq!((&shown["client"], &shown["secret"]), (&created["client"], &Value::Null));
    assert_eq!(good(&world, json!({"do": "client.list"})).await["clients"], json!(["region-1"]));
    let changed =
        good(&world, json!({"do": "client.change", "id": "region-1", "webhook": "", "policy": "pick"}));
    let changed = changed.await["client"].clone();
    assert_eq!((&changed["webhook"], &changed["policy"]), (&Value::Null, &json!("pick")));
    assert_eq!(changed["name"], "Region", "what is not written stays");
    let with_logo = async |file: &[u8]| {
        let event = json!({"do": "client.change", "id": "region-1", "logo": STANDARD.encode(file)});
        good(&world, event).await["client"]["logo"].clone()
    };
    assert_eq!(with_logo(LOGO).await, "a PNG of 205 bytes");
    assert_eq!(with_logo(b"").await, Value::Null);
    good(&world, json!({"do": "client.remove", "id": "region-1"})).await;
    assert_eq!(good(&world, json!({"do": "client.list"})).await["clients"], json!([]));
    assert_eq!(refused(&world, json!({"do": "client.show", "id": "region-1"})).await, "unknown_client");
}

#[tokio::test]
async fn what_is_no_command_changes_nothing() {
    let world = World::default();
    good(&world, create()).await;
    let named = |field: &str, value: Value| {
        let mut event = json!({"do": "client.change", "id": "region-1"});
        event[field] = value;
        event
    };
    for (event, code) in [
        (json!({}), "unreadable"),
        (json!([]), "unreadable"),
        (json!({"do": "client.destroy", "id": "region-1"}), "unreadable"),
        (json!({"do": "keys.none"}), "unreadable"),
        (json!({"do": "client.show", "id": "region-1", "by": ""}), "unreadable"),
        (json!({"do": "client.show", "id": "no such id"}), "bad_setting"),
        (json!({"do": "client.show", "id": "another"}), "unknown_client"),
        (named("orgins", json!([])), "unreadable"),
        (named("write", json!("short")), "unreadable"),
        (named("name", json!("")), "bad_setting"),
        (named("webhook", json!("http://region.example/")), "bad_setting"),
        (named("networks", json!(["192.0.2.0/24"])), "bad_setting"),
        (json!({"do": "client.create", "id": "region-1", "name": "Again"}), "client_exists"),
        (json!({"do": "client.create", "id": "phone", "name": "Our own page's app"}), "bad_setting"),
        (json!({"do": "client.create", "id": "site", "name": "No page", "dialect": "web"}), "bad_setting"),
        (named("dialect", json!("web")), "bad_setting"),
        (named("page", json!("https://a.example/?ticket=evil")), "bad_setting"),
        (json!({"do": "client.rotate-secret", "id": "region-1", "keepHours": 169}), "bad_setting"),
        (json!({"do": "client.enroll", "id": "another", "machine": "lobby-1"}), "unknown_client"),
        (json!({"do": "client.enroll", "id": "region-1", "machine": "lobby.1"}), "bad_setting"),
        (json!({"do": "client.enroll", "id": "region-1"}), "unreadable"),
        (json!({"do": "client.unenroll", "id": "region-1", "machine": "lobby-1"}), "unknown_machine"),
        (json!({"do": "account.lock", "id": "3000876"}), "unknown_account"),
        (json!({"do": "account.lock", "id": "3000876", "phone": "+8613800138000"}), "bad_account"),
        (json!({"do": "account.find", "phone": "1"}), "bad_account"),
        (json!({"do": "account.find", "client": "region-1"}), "bad_account"),
        (json!({"do": "account.find", "client": "region-1", "subject": ""}), "bad_account"),
        (
            json!({"do": "account.find", "client": "region-1", "subject": "ann", "id": "3000876"}),
            "bad_account",
        ),
        (json!({"do": "account.find", "client": "region-1", "subject": "ann"}), "no_issuer"),
        (json!({"do": "account.find", "client": "another", "subject": "ann"}), "unknown_client"),
        (json!({"do": "account.export", "id": "3000876"}), "unknown_account"),
        (json!({"do": "account.delete", "id": "3000876"}), "unknown_account"),
        (json!({"do": "account.delete", "id": "03000876"}), "bad_account"),
        (json!({"do": "account.delete", "phone": "+8613800138000"}), "unreadable"),
    ] {
        assert_eq!(refused(&world, event.clone()).await, code, "{event}");
    }
    let shown = good(&world, json!({"do": "client.show", "id": "region-1"})).await;
    assert_eq!(shown["client"]["name"], "Region");
}

// K19
#[tokio::test]
async fn a_machine_is_enrolled_shown_and_unenrolled() {
    let world = World::default();
    good(&world, create()).await;
    let command = |name: &str| json!({"do": name, "id": "region-1", "machine": "lobby-1"});
    let enrolled = good(&world, command("client.enroll")).await;
    let secret = enrolled["secret"].as_str().unwrap();
    assert_snapshot!(enrolled.to_string().replace(secret.split_once('.').unwrap().1, "<bits>"), @r#"{"machine":{"enrolledAt":1705998038,"id":"region-1","machine":"lobby-1"},"ok":true,"secret":"lobby-1.<bits>"}"#);
    assert_eq!(refused(&world, command("client.enroll")).await, "machine_exists");
    let shown = good(&world, json!({"do": "client.show", "id": "region-1"})).await;
    assert_eq!(shown["machines"], json!(["lobby-1"]));
    assert!(!shown.to_string().contains(secret));
    assert_snapshot!(good(&world, command("client.unenroll")).await.to_string(), @r#"{"ok":true,"unenrolled":"lobby-1"}"#);
    let shown = good(&world, json!({"do": "client.show", "id": "region-1"})).await;
    assert_eq!(shown["machines"], json!([]));
    let again = good(&world, command("client.enroll")).await;
    assert_ne!(again["secret"], secret, "another secret");
}

// K4
#[tokio::test]
async fn a_client_that_is_registered_again_has_another_webhook_key() {
    let world = World::default();
    let first = good(&world, create()).await["secret"].as_str().unwrap().to_owned();
    let (_, key) = webhook_key(&world, &first).await;
    good(&world, json!({"do": "client.remove", "id": "region-1"})).await;
    let mut again = create();
    again["write"] = json!("another-write-0123456789");
    let second = good(&world, again).await["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let (status, other) = webhook_key(&world, &second).await;
    assert_eq!(status, 200);
    assert_ne!(key, other);
}

// K4: the old secret and key stay good for a while, or not.
#[tokio::test]
async fn a_secret_that_was_rotated_is_good_as_long_as_the_operator_says() {
    for (hours, still_good) in [(json!(1), 200), (json!(0), 401)] {
        let world = World::default();
        let first = good(&world, create()).await["secret"].as_str().unwrap().to_owned();
        let (_, key) = webhook_key(&world, &first).await;
        let rotate = json!({"do": "client.rotate-secret", "id": "region-1", "keepHours": hours});
        let second = good(&world, rotate).await["secret"].as_str().unwrap().to_owned();
        let (status, other) = webhook_key(&world, &second).await;
        assert_eq!(status, 200, "the new one is good at once");
        assert_ne!(key, other);
        assert_eq!(webhook_key(&world, &first).await.0, still_good, "{hours}");
        let ask = Call::post("/login/getLoginQrcodeV2").json(&json!({"region": "region-1"}));
        let ask = ask.header("authorization", &basic("region-1", &first));
        assert_eq!(world.call(ask).await.status, still_good, "{hours}: at once, by every call");
        let id = ClientId::parse("region-1").unwrap();
        let client = world.service.client(&*world.memory, &id).await.unwrap().unwrap();
        let keys = world.service.keys.webhook_keys(&client, world.service.clock.now());
        assert_eq!(keys.len(), if still_good == 200 { 2 } else { 1 });
        crate::web::pass(&world, 3600);
        assert_eq!(webhook_key(&world, &first).await.0, 401);
        assert_eq!(webhook_key(&world, &second).await.0, 200);
    }
}

// K12: every command that changes a client, and whose answer is lost, gives the same answer when it is sent again.
#[tokio::test]
async fn a_command_whose_answer_was_lost_is_sent_again() {
    let with = |name: &str| json!({"do": name, "write": "again-0123456789abcdef", "id": "region-1"});
    let mut commands = vec![create()];
    let machine = |name: &str| {
        let mut event = with(name);
        event["machine"] = json!("lobby-1");
        event
    };
    commands.extend(["client.enroll", "client.unenroll"].map(machine));
    commands.extend(["client.change", "client.disable", "client.remove", "client.rotate-secret"].map(with));
    for event in commands {
        for calls in 0.. {
            let world = World::default();
            if event["do"] != "client.create" {
                good(&world, create()).await;
            }
            if event["do"] == "client.unenroll" {
                good(&world, json!({"do": "client.enroll", "id": "region-1", "machine": "lobby-1"})).await;
            }
            world.memory.inject(calls, Fault::AnswerLost);
            let first = world.command(event.clone()).await;
            let over = world.memory.disarm();
            let again = good(&world, event.clone()).await;
            if over {
                assert!(calls > 1, "{event} makes more calls than {calls}");
                assert_eq!(first, again, "{event}");
                break;
            }
            assert_eq!(first["code"], "unavailable");
            if let Some(secret) = again["secret"].as_str().filter(|_| event["do"] != "client.enroll") {
                assert_eq!(
                    webhook_key(&world, secret).await.0,
                    200,
                    "the secret that came is the one that counts"
                );
            }
        }
    }
}

// K12: the others have no `write`, because they say what shall be. Sent again they find it so, and give the same answer.
#[tokio::test]
async fn a_command_that_says_what_shall_be_is_sent_again() {
    for (first, event) in [
        (json!({"do": "client.disable", "id": "region-1"}), json!({"do": "client.enable", "id": "region-1"})),
        (json!({"do": "account.unlock"}), json!({"do": "account.lock"})),
        (json!({"do": "account.lock"}), json!({"do": "account.unlock"})),
        (json!({"do": "sms.on"}), json!({"do": "sms.off"})),
        (json!({"do": "sms.off"}), json!({"do": "sms.on"})),
    ] {
        let name = event["do"].as_str().unwrap().to_owned();
        for at in 0.. {
            let world = World::default();
            good(&world, create()).await;
            let person = world.sign_in("13800138000").await;
            let about = |event: &Value| {
                let mut event = event.clone();
                if name.starts_with("account.") {
                    event["id"] = json!(person.account.to_string());
                }
                event
            };
            good(&world, about(&first)).await;
            world.memory.inject(at, Fault::AnswerLost);
            let answer = world.command(about(&event)).await;
            let over = world.memory.disarm();
            let again = good(&world, about(&event)).await;
            // Locking writes the history first, and a history that cannot be written stops nothing.
            assert!(answer == again || answer["code"] == "unavailable", "{name} at {at}: {answer}");
            if over {
                assert!(at > 0, "{name} makes a call");
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_account_is_found_and_its_number_masked() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let by_number = good(&world, json!({"do": "account.find", "phone": "13800138000"})).await;
    let by_id = good(&world, json!({"do": "account.find", "id": person.account.to_string()})).await;
    assert_eq!(by_number, by_id);
    assert_eq!(by_id["account"]["phone"], "138****8000");
    assert_eq!(by_id["account"]["status"], "active");
}

fn about(name: &str, account: AccountId) -> Value {
    json!({"do": name, "id": account.to_string()})
}

// K18
#[tokio::test]
async fn an_operator_exports_what_the_person_would_download() {
    let world = World::default();
    let person = settled(&world).await;
    let mut own = world.call(Call::get("/api/user/export").bearer(&person.token)).await.json();
    for list in ["signIns", "history", "machines", "pairs", "pushes"] {
        assert!(own[list].as_array().is_some_and(|rows| !rows.is_empty()), "{list}");
    }
    assert_eq!(own["signIns"][0]["current"], true);
    own["signIns"][0]["current"] = json!(false); // an operator has no sign-in there
    let by_number = json!({"do": "account.export", "phone": person.number});
    for command in [about("account.export", person.account), by_number] {
        assert_eq!(good(&world, command).await["export"], own);
    }
}

// K18 J6
#[tokio::test]
async fn an_operator_deletes_an_account_as_its_person_would() {
    let (log, _guard) = captured();
    let world = World::default();
    let person = settled(&world).await;
    // A locked account, too: the person's own call refuses it.
    good(&world, about("account.lock", person.account)).await;
    for _ in 0..2 {
        let deleted = good(&world, about("account.delete", person.account)).await;
        assert_eq!(deleted, json!({"ok": true, "more": false}));
        assert_eq!(world.memory.kinds_that_name(&person.account.to_string()), ["sessions", "accounts"]);
        assert_eq!(world.post.sent().forgotten, ["FCM/fcm-token-0123456789"]);
    }
    let found = good(&world, about("account.find", person.account)).await;
    assert_eq!((&found["account"]["status"], &found["account"]["phone"]), (&json!("deleted"), &Value::Null));
    for name in ["account.export", "account.lock", "account.unlock", "account.end-sign-ins"] {
        assert_eq!(refused(&world, about(name, person.account)).await, "account_deleted", "{name}");
    }
    let by_number = json!({"do": "account.find", "phone": person.number});
    assert_eq!(refused(&world, by_number).await, "unknown_account", "the number is free");
    world.call(Call::get("/api/user/me").bearer(&person.token)).await.problem(401, "unauthorized");

    world.memory.inject(0, Fault::Refused);
    assert_eq!(refused(&world, about("account.delete", person.account)).await, "unavailable");
    let lines = log.of("an operator's command");
    let told = lines.iter().filter(|line| line["audit"] == "account.delete");
    let told: Vec<_> = told.map(|it| (&it["actor"], it["account"].as_str(), &it["outcome"])).collect();
    let id = person.account.to_string();
    let line = |outcome: &'static str| (json!("operator"), id.as_str(), json!(outcome));
    let lines = [line("done"), line("done"), line("unavailable")];
    assert_eq!(told, lines.each_ref().map(|(by, id, outcome)| (by, Some(*id), outcome)));
}

// B12 W8
#[tokio::test]
async fn an_operator_repeats_the_deletion_of_thousands_of_records() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for n in 1..1200 {
        let at = world.clock.now().plus(Duration::from_secs(n));
        world.memory.write(person.account, &Entry::of_operator(Act::Locked, at)).await.unwrap();
    }
    for more in [true, true, false] {
        assert_eq!(good(&world, about("account.delete", person.account)).await["more"], more);
    }
    assert_eq!(world.memory.kinds_that_name(&person.account.to_string()), ["accounts"]);
}

// K12: the store fails at one call, and the command is sent again.
#[tokio::test]
async fn an_export_or_a_deletion_is_sent_again() {
    for name in ["account.export", "account.delete"] {
        let lucky = World::default();
        let person = settled(&lucky).await;
        let before = lucky.memory.calls();
        let expected = good(&lucky, about(name, person.account)).await;
        let calls = lucky.memory.calls() - before;
        assert!(calls > 3, "{name}: {calls}");
        for (fault, at) in
            [Fault::Refused, Fault::AnswerLost].iter().flat_map(|f| (0..calls).map(move |at| (f, at)))
        {
            let case = format!("{name}: {fault:?} at call {at} of {calls}");
            let world = World::default();
            let person = settled(&world).await;
            world.memory.inject(at, *fault);
            assert_eq!(refused(&world, about(name, person.account)).await, "unavailable", "{case}");
            assert!(!world.memory.disarm(), "{case}: did not strike");
            assert_eq!(good(&world, about(name, person.account)).await, expected, "{case}");
            assert_eq!(world.memory.census(), lucky.memory.census(), "{case}");
            let id = person.account.to_string();
            assert_eq!(world.memory.kinds_that_name(&id), lucky.memory.kinds_that_name(&id), "{case}");
        }
    }
}

// N1 K18: these people have no account page.
#[tokio::test]
async fn the_account_of_another_issuers_person_is_found_exported_and_deleted() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let login = issuers::open(&world, &issuer, Dialect::Web).await;
    let token = issuer.token(&world, "ann");
    for step in ["scan", "confirm"] {
        assert_eq!(issuers::page(&world, step, &login.code, &token).await.status, 200);
    }
    crate::web::pass(&world, 1);
    assert!(has_token(&login.takes(&world).await));
    let ann = issuers::claimant(&world, &login);
    let of = |name: &str, subject: &str| json!({"do": name, "client": ID, "subject": subject});
    let found = good(&world, of("account.find", "ann")).await;
    assert_eq!(found["account"]["id"], ann.to_string());
    assert_eq!(refused(&world, of("account.find", "bob")).await, "unknown_account");

    let export = good(&world, of("account.export", "ann")).await["export"].clone();
    assert_eq!(export["account"]["memberId"], ann.to_string());
    assert_eq!(export["signIns"][0]["method"], "foreign");
    let happened = export["history"].as_array().unwrap().iter().map(|entry| entry["what"].clone());
    assert_eq!(happened.collect::<Vec<_>>(), ["login", "signed_in"]);

    assert!(world.memory.kinds_that_name(&ann.to_string()).contains(&"identities"));
    for _ in 0..2 {
        assert_eq!(good(&world, about("account.delete", ann)).await["more"], false);
        assert_eq!(world.memory.kinds_that_name(&ann.to_string()), ["sessions", "accounts"]);
    }
    assert_eq!(refused(&world, of("account.find", "ann")).await, "unknown_account");
    issuers::page(&world, "confirm", &login.code, &token).await.problem(409, "not_scanned");
    // The person may begin again, as a new one.
    let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
    assert_eq!(issuers::page(&world, "scan", &code, &token).await.status, 200);
    let anew = world.session(&code).state.claim().unwrap().by.account;
    assert_ne!(anew, ann);
    assert_eq!(good(&world, of("account.find", "ann")).await["account"]["id"], anew.to_string());
}

// K12: a write names one step.
#[tokio::test]
async fn the_write_of_another_command_prints_no_secret() {
    let world = World::default();
    good(&world, create()).await;
    let write = "another-write-of-22-ch";
    good(&world, json!({"do": "client.change", "write": write, "id": "region-1", "name": "Renamed"})).await;
    let refused =
        world.command(json!({"do": "client.rotate-secret", "write": write, "id": "region-1"})).await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("write_spent")), "{refused}");
}
