//! The filter of the Sessions table's stream, in `template.yaml`. Lambda invokes `notify` for what it lets through.

use std::{fs, path::Path, time::Duration};

use acceptance::World;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use notify::BatchAnswer;
use saoma_domain::{
    cases::{Opened, Opening},
    client::Client,
    identity::{ClientId, Phone, SignInId},
    oauth::Scopes,
    ports::{Clock, Randomness},
    rotation::Sighting,
    secrets::{SessionCode, TokenId},
    session::{
        Abandonment, Asks, Bar, CancelReason, Claim, Command, Decision, DeviceId, Dialect, Ext, Flow,
        LoginPolicy, RedeemKey, Redemption, ScreenClaims, Seen, Session, State, Ties, TraceId,
    },
    text::CleanText,
};
use saoma_dynamo::session_item::to_item;
use saoma_memory::world::Posted;
use serde_json::{Map, Value, json};
use strum::VariantArray;

use crate::notify::registers;

/// How many filters AWS allows for one event source, unless it is asked for more.
const MOST_FILTERS: usize = 5;

// B9: every change that a session of any flow can take, from its opening to its end.
#[tokio::test]
async fn the_streams_filter_lets_through_what_notify_tells_and_nothing_else() {
    let filters = filters();
    assert!(filters.len() <= MOST_FILTERS, "{} filters", filters.len());
    let passes = |record: &Value| filters.iter().any(|filter| matches(record, filter));

    let world = World::default();
    let person = world.sign_in("13800138000").await;
    registers(&world, &person, "fcm-token-1").await;
    let client = Client::plain(
        ClientId::parse("any-dialect").unwrap(),
        CleanText::new("Any"),
        Dialect::VARIANTS.to_vec(),
    );
    world.memory.put_client(client.clone());
    let phone = Phone { account: person.account, sign_in: SignInId::parse(&"5".repeat(32)).unwrap() };

    let (mut told, mut untold, mut states, mut reasons) = (0, 0, Vec::new(), Vec::new());
    for flow in flows(&*world.random) {
        for (event, session) in changes(&world, &client, flow, &phone) {
            let effect = has_an_effect(&world, &session).await;
            let name = format!("{event} of {:?} to {:?}", session.flow, session.state);
            assert_eq!(passes(&record(event, &session)), effect, "{name}");
            assert!(!passes(&record("REMOVE", &session)), "the end of {name}");
            *if effect { &mut told } else { &mut untold } += 1;
            states.push(session.state.name());
            if let State::Cancelled { reason, .. } = session.state {
                reasons.push(reason);
            }
        }
    }
    assert!(told > 0 && untold > 0, "{told} changes are told, {untold} are not");
    for state in ["pending", "scanned", "confirmed", "redeemed", "cancelled"] {
        assert!(states.contains(&state), "no change leads to {state}");
    }
    assert!(CancelReason::VARIANTS.iter().all(|reason| reasons.contains(reason)), "{reasons:?}");
}

/// One session's data of each flow, as far as notify or the filter tells them apart.
fn flows(random: &dyn Randomness) -> Vec<Flow> {
    let ties = |trace: &str| Ties {
        trace: TraceId::parse(&trace.repeat(32)).unwrap(),
        device: DeviceId::parse(&"d".repeat(32)).unwrap(),
        policy: LoginPolicy::Ipad,
    };
    let fallback = SessionCode::random(random);
    let flows = vec![
        Flow::kiosk(random),
        Flow::web(None),
        Flow::shop(random),
        Flow::Remembered { ties: ties("a"), asks: Asks::Scan },
        Flow::Remembered { ties: ties("b"), asks: Asks::Person { fallback } },
        Flow::Oauth { scopes: Scopes::parse("openid"), request: None, key: None, rotates: false },
        Flow::Asked { scopes: Scopes::parse("openid"), words: None, request: None },
    ];
    let spoken: Vec<Dialect> = flows.iter().map(Flow::dialect).collect();
    assert!(Dialect::VARIANTS.iter().all(|dialect| spoken.contains(dialect)), "a contract is missing");
    flows
}

/// The opening of a session, and each different state that commands bring it to; each with the name of its stream event.
fn changes(world: &World, client: &Client, flow: Flow, phone: &Phone) -> Vec<(&'static str, Session)> {
    let now = world.clock.now();
    let opening = Opening {
        flow,
        client,
        claims: ScreenClaims::default(),
        seen: Seen::default(),
        opener: None,
        life: Duration::from_mins(5),
    };
    let Opened { mut session, secret } = opening.draw(&*world.random, now);
    let claim = Claim { by: phone.clone(), at: now.whole_secs() };
    if session.is_prompt() {
        session.state = State::Scanned { claim: claim.clone() }; // a prompt is born so
    }
    let redemption = Redemption { id: TokenId::from_stored("token"), at: now.whole_secs() };
    let right = session.match_number;
    let wrong = session.match_choices().unwrap().into_iter().find(|number| *number != right);
    let mut commands = vec![
        Command::Scan(claim, Ext::default(), Sighting::default()),
        Command::Confirm(phone.clone(), Some(right)),
        Command::Confirm(phone.clone(), wrong),
        Command::Decline(phone.clone(), Sighting::default()),
        Command::Replace(secret.clone()),
        Command::Bar(Bar::Account),
        Command::Bar(Bar::SignIn),
        Command::Redeem(RedeemKey::Screen(secret), redemption),
    ];
    // A question by OAuth is never given up: it waits until it expires.
    if session.ties().is_some() {
        commands.extend([Abandonment::Undeliverable, Abandonment::Superseded].map(Command::Abandon));
    }
    let mut reached = vec![("INSERT", session)];
    let mut next = 0;
    while let Some((_, from)) = reached.get(next).cloned() {
        next += 1;
        for command in &commands {
            let Ok(Decision::Moves(change) | Decision::Ends(change, _)) = from.decide(command, now) else {
                continue;
            };
            let to = change.applied_to(&from);
            if !reached.iter().any(|(_, known)| known.state == to.state) {
                reached.push(("MODIFY", to));
            }
        }
    }
    reached
}

/// Whether notify does anything about a session that has just been stored so.
async fn has_an_effect(world: &World, session: &Session) -> bool {
    world.post.change(|posted| *posted = Posted::default());
    world.memory.force(session.clone());
    let before = world.memory.sessions();
    assert_eq!(world.stream(std::slice::from_ref(session)).await, BatchAnswer::default());
    let posted = world.post.sent();
    let said = !(posted.messages.is_empty() && posted.queued.is_empty() && posted.pushes.is_empty());
    said || world.memory.sessions() != before
}

/// The patterns of the mapping `NotifyStream`.
fn filters() -> Vec<Value> {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("template.yaml");
    let template = fs::read_to_string(template).unwrap();
    let (_, mapping) = template.split_once("\n  NotifyStream:\n").unwrap();
    let mapping = mapping.split("\n\n").next().unwrap();
    let patterns = mapping.lines().filter_map(|line| line.trim().strip_prefix("- Pattern: '"));
    patterns.map(|line| serde_json::from_str(line.trim_end_matches('\'')).unwrap()).collect()
}

/// Lambda's rules, as far as the template uses them: each name of a pattern leads to a pattern, or to the values of which the
/// record must have one.
fn matches(record: &Value, pattern: &Value) -> bool {
    let pattern = pattern.as_object().unwrap();
    pattern.iter().all(|(name, wanted)| match wanted {
        Value::Array(values) => {
            assert!(values.iter().all(Value::is_string), "this test does not know the filter {wanted}");
            values.contains(&record[name])
        }
        Value::Object(_) => matches(&record[name], wanted),
        _ => panic!("no such pattern: {wanted}"),
    })
}

/// A record of the stream, with what the table holds or held.
fn record(event: &str, session: &Session) -> Value {
    let image: Map<String, Value> = to_item(session)
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                AttributeValue::S(text) => json!({"S": text}),
                AttributeValue::N(digits) => json!({"N": digits}),
                AttributeValue::B(bytes) => json!({"B": STANDARD.encode(bytes)}),
                other => panic!("not in a session: {other:?}"),
            };
            (name, value)
        })
        .collect();
    let image_name = if event == "REMOVE" { "OldImage" } else { "NewImage" };
    json!({"eventName": event, "dynamodb": {image_name: image}})
}
