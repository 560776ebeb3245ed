//! An edge in front of the API says where callers are, and is believed when it proves itself (`docs/security.md` D6).

use acceptance::{Answer, Call, World};
use insta::assert_snapshot;
use serde_json::json;

use crate::{logs::captured, web::basic};

const HEADER: &str = "cloudfront-viewer-address";
/// The secrets `one` and `two`, as `EDGE_SECRET_SHA256` has them.
const HASHES: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed,\
                      3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";
/// Where the edge calls from.
const EDGE: &str = "192.0.2.1";
const CREATE: &str = "/api/qrCode/createLoginQrCode";

fn world() -> World {
    World::with(&[("EDGE_ADDRESS_HEADER", HEADER), ("EDGE_SECRET_SHA256", HASHES)])
}

/// A call as the edge passes it on, for a caller at this address.
fn through(call: Call, ip: &str) -> Call {
    call.from_ip(EDGE).header("x-edge-secret", "one").header(HEADER, &format!("{ip}:46532"))
}

async fn create(world: &World, call: Call) -> Answer {
    world.call(call).await
}

/// Where the newest session was opened from.
fn seen(world: &World, answer: &Answer) -> String {
    world.session(&answer.text("id")).seen.ip.unwrap().to_string()
}

#[tokio::test]
async fn the_caller_is_where_the_edge_says() {
    let world = world();
    for ip in ["203.0.113.9", "2001:db8::9"] {
        let created = create(&world, through(Call::post(CREATE), ip)).await;
        assert_eq!(created.status, 200, "{}", created.whole());
        assert_eq!(seen(&world, &created), ip);
    }
    let second = through(Call::post(CREATE), "203.0.113.9").header("x-edge-secret", "two");
    assert_eq!(create(&world, second).await.status, 200, "while the secret is changed");
}

// D6
#[tokio::test]
async fn without_an_edge_no_header_is_believed() {
    let world = World::default();
    let call = Call::post(CREATE).from_ip("203.0.113.7");
    let spoofed = [HEADER, "x-forwarded-for", "cf-connecting-ip", "x-real-ip", "forwarded", "x-edge-secret"];
    let call = spoofed.iter().fold(call, |call, name| call.header(name, "198.51.100.66:80"));
    assert_eq!(seen(&world, &create(&world, call).await), "203.0.113.7");
}

// D6: what the caller adds to the edge's headers changes nothing.
#[tokio::test]
async fn behind_an_edge_the_callers_own_headers_are_not_believed() {
    let world = world();
    let call = through(Call::post(CREATE), "203.0.113.9");
    let call = call.header("x-forwarded-for", "198.51.100.66").header("forwarded", "for=198.51.100.66");
    assert_eq!(seen(&world, &create(&world, call).await), "203.0.113.9");
}

// D6
#[tokio::test]
async fn a_call_round_the_edge_is_refused_by_every_function() {
    let world = world();
    let at = |ip: &str| format!("{ip}:46532");
    let bare = || Call::post(CREATE).from_ip(EDGE);
    for call in [
        Call::post(CREATE),
        Call::post(CREATE).header(HEADER, &at("203.0.113.9")),
        Call::post(CREATE).header("x-forwarded-for", "203.0.113.9"),
        bare().header("x-edge-secret", "three").header(HEADER, &at("203.0.113.9")),
        bare().header("x-edge-secret", "one,one").header(HEADER, &at("203.0.113.9")),
        bare().header("x-edge-secret", HASHES.split(',').next().unwrap()).header(HEADER, &at("203.0.113.9")),
        bare().header("x-edge-secret", "").header(HEADER, &at("203.0.113.9")),
        bare().header("x-edge-secret", "one"),
        bare().header("x-edge-secret", "one").header(HEADER, "203.0.113.9"),
        bare().header("x-edge-secret", "one").header(HEADER, "203.0.113.9:1,198.51.100.66:2"),
        bare().header("x-edge-secret", "one").header("x-forwarded-for", "203.0.113.9"),
    ] {
        let refused = world.call(call).await;
        refused.problem(403, "edge_required");
        assert!(world.memory.sessions().is_empty());
    }
    for path in
        ["/qr/code", "/login/webhook", "/qrlogin/createcode", "/.well-known/jwks.json", "/", "/api/user/me"]
    {
        let refused = world.call(Call::get(path)).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.whole().contains("edge_required"), "{path}: {}", refused.whole());
    }
    for path in ["/api/user/refresh", "/api/device/register"] {
        world.call(Call::post(path).json(&json!({}))).await.problem(403, "edge_required");
    }
    assert_eq!(world.memory.calls(), 0, "no store is asked");
}

#[tokio::test]
async fn the_refusal_is_in_the_contracts_shape_and_the_log_says_why() {
    let (log, _guard) = captured();
    let world = world();
    let refused = world.call(Call::get("/qr/code").header("x-edge-secret", "a-wrong-secret")).await;
    assert_snapshot!(refused.json().to_string(), @r#"{"code":"edge_required","errorCode":-1,"message":"Call the service at its public address.","statusflag":-1}"#);
    let lines = log.of("refused");
    assert_eq!(lines[0]["cause"], "the edge's secret is missing or not good");
    world.call(Call::get("/qr/code").header("x-edge-secret", "one")).await;
    assert_eq!(
        log.of("refused")[1]["cause"],
        "the edge proved itself, but names no address that can be read"
    );
    assert!(!format!("{:?}", log.of("refused")).contains("a-wrong-secret"));
}

// D6 D10 D11: limits count callers, and not the edge that they come through.
#[tokio::test]
async fn limits_count_the_caller_and_not_the_edge() {
    let world = world();
    let guess = |ip: &str| {
        let call = Call::post("/qr/ticket").header("authorization", &basic("shop", "guess"));
        through(call.json(&json!({"ticket": "x"})), ip)
    };
    for _ in 0..120 {
        assert_eq!(world.call(guess("203.0.113.9")).await.status, 401);
    }
    assert_eq!(world.call(guess("203.0.113.9")).await.status, 429);
    assert_eq!(world.call(guess("203.0.113.10")).await.status, 401);
    for _ in 0..60 {
        assert_eq!(world.call(through(Call::post(CREATE), "203.0.113.11")).await.status, 200);
    }
    assert_eq!(world.call(through(Call::post(CREATE), "203.0.113.11")).await.status, 429);
    assert_eq!(world.call(through(Call::post(CREATE), "203.0.113.12")).await.status, 200);
}

// D6 I3 I9 J6: a client's networks, what the phone is told, and the audit, too.
#[tokio::test]
async fn networks_consent_and_audit_see_the_caller() {
    let world = world();
    let (log, _guard) = captured();
    world.register_client("clinic", |client| saoma_domain::client::Client {
        networks: vec!["203.0.113.0/24".parse().unwrap()],
        ..client
    });
    let open = |ip: &str| through(Call::post(CREATE).header("channel", "clinic"), ip);
    world.call(open("198.51.100.66")).await.problem(403, "network_not_allowed");
    let created = world.call(open("203.0.113.9")).await;
    assert_eq!(created.status, 200);
    assert!(log.of("a step of a session").iter().any(|line| line["address"] == "203.0.113.9"));
    for (ip, same) in [("203.0.113.9", true), ("203.0.113.10", false)] {
        let person = sign_in(&world, ip).await;
        let created = world.call(open("203.0.113.9")).await;
        let scan = Call::post(&format!("/q/{}/scan", created.text("id"))).bearer(&person).json(&json!({}));
        let scanned = world.call(through(scan, ip)).await;
        assert_eq!(scanned.json()["consent"]["seen"]["sameNetwork"], same, "{}", scanned.whole());
        crate::web::pass(&world, 61);
    }
    assert_eq!(world.memory.counted_under("network"), 2, "messages are charged to callers' networks");
}

/// Signs in through the edge; the token.
async fn sign_in(world: &World, ip: &str) -> String {
    let challenge = saoma_domain::sms_challenge::ChallengeId::random(&*world.random).as_str().to_owned();
    let send =
        Call::post("/api/user/sendCode").json(&json!({"phone": "13800138000", "challenge": challenge}));
    assert_eq!(world.call(through(send, ip)).await.status, 200);
    let body = json!({"challenge": challenge, "code": world.outbox.last_code().unwrap()});
    world.call(through(Call::post("/api/user/login/code").json(&body), ip)).await.text("token")
}
