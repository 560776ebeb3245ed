//! A client may ask for a fresh proof of who the person is before they agree (`docs/security.md` I5): `MAX_AGE` of a client, and
//! `POST /api/user/prove`.

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::{
    client::Client,
    session::{Dialect, State},
    sms_challenge::ChallengeId,
};
use serde_json::{Value, json};

use crate::{
    allowed::{AGE, DIALECTS, ID, Login, command, has_token},
    crowd::at_once,
    pages,
    remembered::{DEVICE, Region, answer, both, log_in, pending},
    web::pass,
};

const NUMBER: &str = "13800138000";
/// How old a proof may be, in seconds.
const MAX_AGE: u64 = 120;

/// A client of this contract that asks for a fresh proof: a person with an old one, and a login that they have scanned.
async fn scanned(world: &World, dialect: Dialect) -> (Person, Login) {
    let person = world.sign_in(NUMBER).await;
    pass(world, MAX_AGE + 1);
    let login = Login::open(world, dialect).await;
    command(world, &json!({"do": "client.change", "id": ID, "maxAge": MAX_AGE})).await;
    pass(world, AGE);
    login.good(world, "scan", &person).await;
    (person, login)
}

/// Has a code sent to this number: the body that proves it.
async fn code_for(world: &World, number: &str) -> Value {
    let challenge = ChallengeId::random(&*world.random).as_str().to_owned();
    let sent = json!({"phone": number, "challenge": challenge});
    assert_eq!(world.call(Call::post("/api/user/sendCode").json(&sent)).await.status, 200);
    json!({"challenge": challenge, "code": world.outbox.last_code().unwrap()})
}

fn proving(token: &str, body: &Value) -> Call {
    Call::post("/api/user/prove").bearer(token).json(body)
}

async fn prove(world: &World, person: &Person) {
    let body = code_for(world, NUMBER).await;
    let proved = world.call(proving(&person.token, &body)).await;
    assert_eq!(proved.status, 200, "{}", proved.whole());
}

/// The documented calls by which a phone agrees, in each contract.
fn confirming(dialect: Dialect, code: &str, token: &str) -> Call {
    let call = match dialect {
        Dialect::Kiosk => Call::post(&format!("/api/qrCode/bindLoginQrCode/{code}")),
        Dialect::Web => Call::post("/qr/activate").json(&json!({"code": code})),
        Dialect::Shop => Call::post(&format!("/qrlogin/qrcodelogin/{code}")),
        Dialect::Remembered | Dialect::Oauth => Call::post(&format!("/q/{code}/confirm")).json(&json!({})),
    };
    call.header("token", token)
}

// I5
#[tokio::test]
async fn a_person_proves_again_who_they_are_and_goes_on_where_they_were() {
    for &dialect in DIALECTS {
        let world = World::default();
        let (person, login) = scanned(&world, dialect).await;
        let before = login.session(&world);
        for call in [
            confirming(dialect, &login.code, &person.token),
            Call::post(&format!("/q/{}/confirm", login.code)).bearer(&person.token).json(&json!({})),
        ] {
            let refused = world.call(call).await;
            assert_eq!(refused.status, 403, "{dialect:?}: {}", refused.whole());
            assert_eq!(refused.text("code"), "fresh_proof_required");
            assert_eq!(refused.json()["maxAge"], MAX_AGE);
        }
        assert_eq!(login.session(&world), before, "nothing changes");
        prove(&world, &person).await;
        let confirmed = world.call(confirming(dialect, &login.code, &person.token)).await;
        assert_eq!(confirmed.status, 200, "{dialect:?}: {}", confirmed.whole());
        let taken = login.takes(&world).await;
        assert!(has_token(&taken), "{dialect:?}: {}", taken.whole());
    }
}

// I5: with the words of RFC 9470 in a header that every contract's shape has.
#[tokio::test]
async fn the_refusal_says_what_is_wanted() {
    let refusal = async |dialect| {
        let world = World::default();
        let (person, login) = scanned(&world, dialect).await;
        world.call(confirming(dialect, &login.code, &person.token)).await.whole()
    };
    let kiosk = refusal(Dialect::Kiosk).await;
    assert_snapshot!(kiosk, @r#"
    403 Forbidden
    content-type: application/problem+json
    www-authenticate: Bearer error="insufficient_user_authentication", max_age="120"
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 208

    {
      "code": "fresh_proof_required",
      "detail": "This client asks the person to prove again who they are: POST /api/user/prove, then confirm again.",
      "maxAge": 120,
      "status": 403,
      "title": "Forbidden",
      "type": "about:blank"
    }
    "#);
    assert_eq!(refusal(Dialect::Shop).await, kiosk);
    let web = refusal(Dialect::Web).await;
    let (head, body) = web.split_once("\n\n").unwrap();
    assert!(
        head.contains(r#"www-authenticate: Bearer error="insufficient_user_authentication", max_age="120""#)
    );
    assert_snapshot!(body, @r#"
    {
      "code": "fresh_proof_required",
      "errorCode": -1,
      "maxAge": 120,
      "message": "This client asks the person to prove again who they are: POST /api/user/prove, then confirm again.",
      "statusflag": -1
    }
    "#);
}

// I5: a person who is asked without a scan, too.
#[tokio::test]
async fn a_prompt_is_accepted_with_a_fresh_proof_and_declined_with_any() {
    for accept in [true, false] {
        let world = World::default();
        let fresh = std::time::Duration::from_secs(MAX_AGE);
        let region = Region::with(&world, ID, |client| Client { max_age: Some(fresh), ..client });
        let person = world.sign_in(NUMBER).await;
        log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
        pass(&world, MAX_AGE + 1);
        pending(&world, &person).await;
        let trace = region.trace(&world, both(&person)).await;
        let press = async || answer(&world, &person, json!({"traceId": trace, "accept": accept})).await;
        if accept {
            let refused = press().await;
            assert_eq!(
                (refused.status.as_u16(), refused.text("reason").as_str()),
                (403, "fresh_proof_required")
            );
            assert_eq!(pending(&world, &person).await.len(), 1, "it waits on");
            prove(&world, &person).await;
        }
        let decided = press().await;
        assert_eq!(decided.status, 200, "{}", decided.whole());
        assert_eq!(decided.text("state"), if accept { "confirmed" } else { "cancelled" });
    }
}

// I5 D14: the contracts say that a wrong number ends the session whenever it is sent.
#[tokio::test]
async fn a_wrong_number_ends_the_session_also_with_an_old_proof() {
    let world = World::default();
    let (person, login) = scanned(&world, Dialect::Kiosk).await;
    let right: u32 = login.session(&world).match_number.to_string().parse().unwrap();
    let number = |number: u32| json!({"matchNumber": format!("{:02}", number % 100)});
    let confirm = async |body: Value| pages::step(&world, "confirm", &person, &login.code, &body).await;
    confirm(number(right)).await.problem(403, "fresh_proof_required");
    confirm(number(right + 1)).await.problem(403, "wrong_match_number");
    assert!(matches!(login.session(&world).state, State::Cancelled { .. }));
}

// I5 K11: what was confirmed with a fresh proof stays confirmed, however old the proof is by now.
#[tokio::test]
async fn a_confirmation_is_repeated_with_an_old_proof() {
    let world = World::default();
    let (person, login) = scanned(&world, Dialect::Kiosk).await;
    prove(&world, &person).await;
    login.good(&world, "confirm", &person).await;
    pass(&world, MAX_AGE + 1);
    login.good(&world, "confirm", &person).await;
    assert!(has_token(&login.takes(&world).await));
    login.good(&world, "confirm", &person).await;
}

// I5: the limit itself is still in time; and a client that asks for nothing admits any proof.
#[tokio::test]
async fn a_proof_is_good_to_the_second() {
    for (max_age, age, good) in [(120, 120, true), (120, 121, false), (0, 800, true)] {
        let world = World::with(&[("SESSION_SECONDS", "900")]);
        let login = Login::open(&world, Dialect::Kiosk).await;
        command(&world, &json!({"do": "client.change", "id": ID, "maxAge": max_age})).await;
        pass(&world, AGE);
        let person = world.sign_in(NUMBER).await;
        pass(&world, age);
        login.good(&world, "scan", &person).await;
        let confirmed = login.step(&world, "confirm", &person).await;
        assert_eq!(confirmed.status, if good { 200 } else { 403 }, "{max_age} {age}");
    }
}

// I5 A11: only the account's own number proves anything, and only to a phone that is signed in.
#[tokio::test]
async fn another_number_another_code_and_another_token_prove_nothing() {
    let world = World::default();
    let (person, login) = scanned(&world, Dialect::Kiosk).await;
    let stays_refused = async || {
        login.step(&world, "confirm", &person).await.problem(403, "fresh_proof_required");
    };
    let others = code_for(&world, "13900139000").await;
    world.call(proving(&person.token, &others)).await.problem(403, "invalid_code");
    stays_refused().await;
    let own = code_for(&world, NUMBER).await;
    let wrong = |code: &str| json!({"challenge": own["challenge"], "code": code});
    for (body, status, code) in [
        (wrong("12345"), 403, "invalid_code"),
        (wrong("abcdef"), 403, "invalid_code"),
        (json!({"code": own["code"]}), 400, "invalid_challenge"),
        (json!({"challenge": "x", "code": own["code"]}), 400, "invalid_challenge"),
        (json!({"challenge": own["challenge"]}), 400, "malformed_body"),
    ] {
        world.call(proving(&person.token, &body)).await.problem(status, code);
    }
    let guess = if own["code"] == "000000" { "000001" } else { "000000" };
    world.call(proving(&person.token, &wrong(guess))).await.problem(403, "invalid_code");
    world.call(Call::post("/api/user/prove").json(&own)).await.problem(401, "unauthorized");
    let stranger = world.sign_in("13700137000").await;
    world.call(proving(&stranger.token, &own)).await.problem(403, "invalid_code");
    stays_refused().await;
    pass(&world, 61);
    world.call(Call::post("/api/user/logout").bearer(&person.token)).await;
    let body = code_for(&world, NUMBER).await;
    world.call(proving(&person.token, &body)).await.problem(401, "unauthorized");
}

// I5 K11: the answer may be lost, and a refresh may come in between.
#[tokio::test]
async fn a_proof_is_repeated_and_lasts_over_a_refresh() {
    let world = World::default();
    let (person, login) = scanned(&world, Dialect::Kiosk).await;
    let body = code_for(&world, NUMBER).await;
    let first = world.call(proving(&person.token, &body)).await;
    assert_snapshot!(first.json().to_string(), @r#"{"authTime":1705998169}"#);
    pass(&world, 20);
    let again = world.call(proving(&person.token, &body)).await;
    assert_eq!(again.json(), first.json(), "when it was first proved");
    pass(&world, 20);
    world.call(proving(&person.token, &body)).await.problem(403, "invalid_code");
    let refreshed = Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token}));
    let token = world.call(refreshed).await.text("token");
    let person = Person { token, ..person };
    login.good(&world, "confirm", &person).await;
}

// I5: the first of the two takes nothing from the second.
#[tokio::test]
async fn a_proof_and_a_refresh_at_the_same_moment_both_count() {
    let world = std::sync::Arc::new(World::default());
    let (person, login) = scanned(&world, Dialect::Kiosk).await;
    let body = code_for(&world, NUMBER).await;
    let refresh = Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token}));
    let calls = vec![proving(&person.token, &body), refresh.clone(), proving(&person.token, &body), refresh];
    let answers: Vec<Answer> = at_once(&world, calls).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    login.good(&world, "confirm", &person).await;
    let newest = answers.iter().find_map(|answer| answer.json()["refreshToken"].as_str().map(str::to_owned));
    let refresh = Call::post("/api/user/refresh").json(&json!({"refreshToken": newest}));
    assert_eq!(world.call(refresh).await.status, 200);
}
