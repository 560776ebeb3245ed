//! What messages may cost: networks, countries, the whole service, wrong codes, and the operators' switch.

use acceptance::{Answer, Call, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{MINUTE, NUMBER, challenge, send_call, send_patiently, send_with, wrong};

/// The nth number of a thousand blocks, and a challenge of its own.
fn nth(n: u32) -> (String, String) {
    let number = format!("13{:03}{:06}", n % 1000, n);
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    (number, URL_SAFE_NO_PAD.encode(bytes))
}

async fn ask(world: &World, n: u32, ip: &str, more: &Value) -> Answer {
    let (number, challenge) = nth(n);
    world.call(send_with(&challenge, &number, more).from_ip(ip)).await
}

// K6 H3 D6: a network is a /24 or a /48. Past its soft limit it pays in work, past its hard one with waiting.
#[tokio::test]
async fn a_network_solves_puzzles_past_its_soft_limit_and_waits_past_its_hard_one() {
    for within in ["198.51.100.", "2001:db8:7:"] {
        let world = World::with(&[("SMS_PER_NETWORK_PER_DAY", "2")]);
        let ip =
            |n: u32| if within.contains(':') { format!("{within}{n:x}::1") } else { format!("{within}{n}") };
        let mut solved = Vec::new();
        for n in 0..20 {
            let (number, challenge) = nth(n);
            let call = |more: &Value| send_with(&challenge, &number, more).from_ip(&ip(n + 1));
            let (answer, bits) = send_patiently(&world, call).await;
            assert_eq!(answer.status, 200, "{n}");
            solved.extend(bits);
        }
        assert_eq!(solved, [[13; 2].as_slice(), &[14; 4], &[15; 8], &[16; 4]].concat());
        let forged = nth(20);
        let forged = send_with(&forged.1, &forged.0, &json!({})).from_ip(&ip(1));
        let refusal = world.call(forged.header("x-forwarded-for", "192.0.2.1")).await;
        refusal.problem(429, "too_many_requests");
        assert!(refusal.header("retry-after").parse::<u64>().unwrap() <= 86_400);
        assert_eq!(ask(&world, 20, "192.0.2.1", &json!({})).await.status, 200, "another network");
        world.clock.advance(std::time::Duration::from_hours(24));
        assert_eq!(ask(&world, 21, &ip(1), &json!({})).await.status, 200, "another day");
    }
}

// K8: fifty people behind one carrier address.
#[tokio::test]
async fn past_fifty_people_of_one_address_the_next_solves_a_puzzle_and_a_known_device_does_not() {
    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    for n in 0..49 {
        assert_eq!(ask(&world, n, "203.0.113.7", &json!({})).await.status, 200);
    }
    ask(&world, 50, "203.0.113.7", &json!({})).await.problem(429, "puzzle_required");
    world.clock.advance(MINUTE);
    let known = send_with(&challenge(1), NUMBER, &json!({"known": owner.known}));
    assert_eq!(world.call(known).await.status, 200);
}

// K6: numbers of one block, such as a range that pays for what it gets.
#[tokio::test]
async fn a_block_of_numbers_solves_puzzles_past_its_share() {
    let world = World::default();
    for n in 0..20 {
        let call = send_with(&nth(n).1, &format!("138001380{n:02}"), &json!({}));
        assert_eq!(world.call(call.from_ip(&format!("198.51.{n}.1"))).await.status, 200);
    }
    let call = send_with(&nth(20).1, "13800138020", &json!({})).from_ip("192.0.2.1");
    world.call(call).await.problem(429, "puzzle_required");
}

// K6
#[tokio::test]
async fn only_the_countries_of_the_deployment_are_served() {
    let world = World::with(&[("SMS_COUNTRIES", "86,852")]);
    for (n, number, status) in [(1, NUMBER, 200), (2, "+852 9123 4567", 200), (3, "+1 415 555 2671", 400)] {
        assert_eq!(world.call(send_call(n, number)).await.status.as_u16(), status, "{number}");
    }
    world.call(send_call(4, "+44 7911 123456")).await.problem(400, "country_not_served");
    let by_default = World::with(&[("SMS_COUNTRIES", "")]);
    by_default.call(send_call(1, "+852 9123 4567")).await.problem(400, "country_not_served");
    assert_eq!(by_default.call(send_call(1, NUMBER)).await.status, 200);
}

// K6: a country has half of the service's messages, so that it cannot use up all of them.
#[tokio::test]
async fn a_country_has_its_share() {
    let world = World::with(&[("SMS_PER_DAY", "40"), ("SMS_PER_NETWORK_PER_DAY", "1000")]);
    let (mut sent, mut puzzles) = (0, 0);
    for n in 0..40 {
        match ask(&world, n, &format!("198.51.{n}.1"), &json!({})).await.status.as_u16() {
            200 => sent += 1,
            _ => puzzles += 1,
        }
    }
    assert_eq!((sent, puzzles), (10, 30), "a quarter without puzzles");
    assert_eq!(world.call(send_call(1, "+44 7911 123456")).await.status, 200);
}

// K6: the service's budget holds, the warning is written, and a known device is served from its share.
#[tokio::test]
async fn a_thousand_networks_that_ask_for_ten_thousand_messages_stay_in_the_budget() {
    let variables = [("SMS_PER_DAY", "500"), ("SMS_COUNTRIES", "86")];
    let world = World::with(&variables);
    let owner = world.sign_in(NUMBER).await;
    let (lines, guard) = crate::logs::captured();
    let mut refused = 0;
    for n in 0..10_000 {
        let answer = ask(&world, n, &format!("10.{}.{}.1", n % 1000 / 250, n % 250), &json!({})).await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(world.outbox.messages().len(), 250, "half of the budget is to be had without work");
    assert_eq!(refused, 10_000 - 249);
    // Those who do the work get what is left, but for the share of known devices.
    for n in 10_000..10_151 {
        let (number, challenge) = nth(n);
        let call =
            |more: &Value| send_with(&challenge, &number, more).from_ip(&format!("10.9.{}.1", n % 250));
        let (answer, _) = send_patiently(&world, call).await;
        assert_eq!(answer.status == 200, n < 10_150, "{n}");
    }
    assert_eq!(world.outbox.messages().len(), 400);
    drop(guard);
    let warnings = lines.of("a budget for text messages is past its limit");
    for level in ["soft", "hard"] {
        let of = |line: &&Value| {
            line["budget"] == "service" && line["budget_level"] == level && line["level"] == "WARN"
        };
        assert_eq!(warnings.iter().filter(of).count(), 1, "{level}: {warnings:#?}");
    }
    let known = send_with(&challenge(1), NUMBER, &json!({"known": owner.known}));
    assert_eq!(world.call(known).await.status, 200);
}

/// A guess at the nth number's code.
async fn guess(world: &World, n: u32, ip: &str, right: bool) -> Answer {
    assert_eq!(ask(world, n, &format!("10.{}.{}.1", n / 250, n % 250), &json!({})).await.status, 200);
    let code = world.outbox.last_code().unwrap();
    let code = if right { code } else { wrong(&code, 1) };
    let body = json!({"challenge": nth(n).1, "code": code});
    world.call(Call::post("/api/user/login/code").json(&body).from_ip(ip)).await
}

// K7 D3: a source that guesses across numbers is stopped, and a success does not wipe its count.
#[tokio::test]
async fn a_network_that_guesses_across_numbers_is_stopped() {
    let world = World::with(&[("SMS_PER_DAY", "100000")]);
    let mut compared = 0;
    for n in 0..150 {
        let right = n % 10 == 0;
        let answer = guess(&world, n, "198.51.100.9", right).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 3600);
            continue;
        }
        compared += usize::from(answer.status == 401);
        assert_eq!(answer.status == 200, right);
    }
    assert_eq!(compared, 100);
    let right = guess(&world, 200, "198.51.100.250", true).await;
    right.problem(429, "too_many_requests");
    assert_eq!(guess(&world, 201, "198.51.101.1", true).await.status, 200, "another network");
    world.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(guess(&world, 202, "198.51.100.9", true).await.status, 200, "an hour later");
}

// K7 K8: a known device behind the same address still signs in.
#[tokio::test]
async fn a_known_device_behind_a_stopped_network_signs_in() {
    let world = World::with(&[("SMS_PER_DAY", "100000")]);
    let owner = world.sign_in(NUMBER).await;
    for n in 0..100 {
        guess(&world, n, "203.0.113.9", false).await;
    }
    let known = send_with(&challenge(1), NUMBER, &json!({"known": owner.known}));
    assert_eq!(world.call(known).await.status, 200);
    let code = world.outbox.last_code().unwrap();
    assert_eq!(world.call(super::login_call(1, &code)).await.status, 200);
}

// K1: a phone that was stolen is no known device after an operator has ended the account's sign-ins.
#[tokio::test]
async fn ending_the_sign_ins_of_an_account_ends_its_known_devices() {
    let world = World::with(&[("SMS_PER_DAY", "100000")]);
    let owner = world.sign_in(NUMBER).await;
    for n in 0..100 {
        guess(&world, n, "203.0.113.9", false).await;
    }
    world.clock.advance(std::time::Duration::from_secs(2));
    let ended = json!({"do": "account.end-sign-ins", "id": owner.account.to_string()});
    assert_eq!(world.command(ended).await["ok"], true);
    world.clock.advance(std::time::Duration::from_mins(2));
    let known = send_with(&challenge(1), NUMBER, &json!({"known": owner.known}));
    assert_eq!(world.call(known).await.status, 429, "the network is stopped, and the device is a stranger");
}

// D2: many wrong codes, from wherever, make messages cost a puzzle. They close nothing.
#[tokio::test]
async fn a_high_rate_of_wrong_codes_raises_the_puzzle_and_closes_nothing() {
    let world = World::default();
    for n in 0..100 {
        guess(&world, n, &format!("172.16.{n}.1"), false).await.problem(401, "invalid_code");
    }
    let (number, challenge) = nth(5000);
    let call = |more: &Value| send_with(&challenge, &number, more).from_ip("192.0.2.1");
    let (answer, solved) = send_patiently(&world, call).await;
    assert_eq!((answer.status.as_u16(), solved), (200, vec![13]));
    let code = world.outbox.last_code().unwrap();
    let body = json!({"challenge": challenge, "code": code});
    assert_eq!(world.call(Call::post("/api/user/login/code").json(&body)).await.status, 200);
}

// K6: operators switch messages off. Instances hear of it within five seconds.
#[tokio::test]
async fn operators_switch_messages_off_and_on() {
    let world = World::default();
    assert_eq!(ask(&world, 1, "192.0.2.1", &json!({})).await.status, 200);
    let shown = world.command(json!({"do": "sms.off"})).await;
    assert_eq!((&shown["sms"]["on"], &shown["sms"]["sentToday"]), (&json!(false), &json!(1)), "{shown}");
    world.clock.advance(std::time::Duration::from_secs(5));
    let off = ask(&world, 2, "192.0.2.1", &json!({})).await;
    off.problem(503, "sms_off");
    assert_eq!(off.header("retry-after"), "60");
    assert_eq!(world.outbox.messages().len(), 1);
    let code = world.outbox.last_code().unwrap();
    let body = json!({"challenge": nth(1).1, "code": code});
    assert_eq!(world.call(Call::post("/api/user/login/code").json(&body)).await.status, 200);
    assert_eq!(world.command(json!({"do": "sms.on"})).await["sms"]["on"], true);
    world.clock.advance(std::time::Duration::from_secs(5));
    assert_eq!(ask(&world, 2, "192.0.2.1", &json!({})).await.status, 200);
}

// F16: what carriers want registered is to the letter what is sent.
#[tokio::test]
async fn operators_read_the_texts_that_carriers_want_registered() {
    let world = World::default();
    ask(&world, 1, "192.0.2.1", &json!({})).await;
    let (_, sent) = world.outbox.messages().remove(0);
    let texts = world.command(json!({"do": "sms.texts"})).await["texts"].clone();
    let code = world.outbox.last_code().unwrap();
    assert_eq!(texts["zh"].as_str().unwrap().replace("${code}", &code), sent);
    assert!(texts["en"].as_str().unwrap().starts_with("${code} is your Saoma code"), "{texts}");
}

// F16: also where our pages have a port, at which a browser takes no code.
#[tokio::test]
async fn a_text_binds_its_code_to_our_host_and_to_no_host_with_a_port() {
    for (public_url, bound) in [
        ("https://login.example.com", true),
        ("https://login.example.com:8443", false),
        ("http://localhost:9000", false),
    ] {
        let world = World::with(&[("PUBLIC_URL", public_url)]);
        ask(&world, 1, "192.0.2.1", &json!({})).await;
        let (_, sent) = world.outbox.messages().remove(0);
        let texts = world.command(json!({"do": "sms.texts"})).await["texts"].clone();
        let registered = texts["zh"].as_str().unwrap().replace("${code}", &world.outbox.last_code().unwrap());
        assert_eq!((registered.as_str(), sent.contains("\n@")), (sent.as_str(), bound), "{public_url}");
    }
}
