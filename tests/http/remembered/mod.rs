//! `/login/*` (`docs/remembered.md`): hosted clients, asynchronous answers, logins without a scan.

mod begin;
mod prompts;
mod qrcode;
mod reach;
mod results;

use acceptance::{Answer, Call, Person, World};
use saoma_domain::{
    client::{Client, WebhookUrl},
    session::{Dialect, MatchPolicy},
};
use serde_json::{Value, json};

use crate::{pages, web::basic};

/// The device of the contract's example.
pub(crate) const DEVICE: &str = "2441eadfde32bd2d71153eb184facce2";

/// A hosted client's server.
pub(crate) struct Region {
    pub(crate) id: &'static str,
    basic: String,
}

impl Region {
    /// A registered one with a webhook.
    pub(crate) fn registered(world: &World, id: &'static str) -> Self {
        Self::with(world, id, |client| client)
    }

    /// A registered one with these changes.
    pub(crate) fn with(world: &World, id: &'static str, change: impl FnOnce(Client) -> Client) -> Self {
        let secret = world.register_client(id, |client| {
            change(Client {
                dialects: vec![Dialect::Remembered],
                webhook: WebhookUrl::parse("https://region.example/saoma"),
                match_policy: MatchPolicy::Show,
                ..client
            })
        });
        Self { id, basic: basic(id, secret.reveal()) }
    }

    /// Its `Authorization` header.
    pub(crate) fn authorization(&self) -> &str {
        &self.basic
    }

    pub(crate) async fn send(&self, world: &World, call: Call) -> Answer {
        world.call(call.header("authorization", &self.basic)).await
    }

    /// The call that asks for a login.
    pub(crate) fn call(&self, mut wishes: Value) -> Call {
        wishes["region"] = json!(self.id);
        let call = Call::post("/login/getLoginQrcodeV2").json(&wishes);
        call.header("authorization", &self.basic)
    }

    /// Asks for a login; the acknowledgement.
    pub(crate) async fn ask(&self, world: &World, wishes: Value) -> Answer {
        world.call(self.call(wishes)).await
    }

    /// Asks for a login and lets the stream run. Returns the trace.
    pub(crate) async fn trace(&self, world: &World, wishes: Value) -> String {
        let answer = self.ask(world, wishes).await;
        assert_eq!(answer.status, 200, "{}", answer.whole());
        world.stream_all().await;
        answer.text("traceId")
    }

    /// The answers of a trace so far.
    pub(crate) async fn results(&self, world: &World, trace: &str) -> Vec<Value> {
        let answer = self.send(world, Call::get(&format!("/login/results/{trace}"))).await;
        assert_eq!(answer.status, 200, "{}", answer.whole());
        answer.json()["results"].as_array().unwrap().clone()
    }

    /// Exchanges a ticket for a token.
    pub(crate) async fn exchange(&self, world: &World, ticket: &Value) -> Answer {
        self.send(world, Call::post("/qr/ticket").json(&json!({"ticket": ticket}))).await
    }
}

/// The kinds of answers of a trace.
pub(crate) async fn kinds(world: &World, region: &Region, trace: &str) -> Vec<String> {
    let results = region.results(world, trace).await;
    results.iter().map(|result| result["resultType"].as_str().unwrap().to_owned()).collect()
}

/// The code in the QR of a trace.
pub(crate) async fn code(world: &World, region: &Region, trace: &str) -> String {
    let results = region.results(world, trace).await;
    let shown = results.iter().find(|result| result["resultType"] == "LOGIN_getLoginQrcode");
    let text = shown.unwrap_or_else(|| panic!("no QR: {results:?}"))["imgBuf"].as_str().unwrap();
    text.rsplit('/').next().unwrap().to_owned()
}

/// A step of a phone with a code.
pub(crate) async fn phone(world: &World, person: &Person, code: &str, step: &str) {
    let answer = pages::step(world, step, person, code, &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.whole());
    world.stream_all().await;
}

/// Runs a login by QR on this device, which makes the pair. Returns the trace.
pub(crate) async fn log_in(world: &World, region: &Region, person: &Person, wishes: Value) -> String {
    let trace = region.trace(world, wishes).await;
    let code = code(world, region, &trace).await;
    phone(world, person, &code, "scan").await;
    phone(world, person, &code, "confirm").await;
    trace
}

/// The body with both device and person, which asks for a login without a scan.
pub(crate) fn both(person: &Person) -> Value {
    json!({"deviceId": DEVICE, "uin": uin(person)})
}

pub(crate) fn uin(person: &Person) -> u64 {
    person.account.get()
}

/// The person's phone is open and asks for its prompts.
pub(crate) async fn pending(world: &World, person: &Person) -> Vec<Value> {
    let answer = world.call(Call::get("/login/pending").bearer(&person.token)).await;
    assert_eq!(answer.status, 200, "{}", answer.whole());
    answer.json()["pending"].as_array().unwrap().clone()
}

/// A person answers a prompt.
pub(crate) async fn answer(world: &World, person: &Person, body: Value) -> Answer {
    let answer = world.call(Call::post("/login/answer").bearer(&person.token).json(&body)).await;
    world.stream_all().await;
    answer
}

/// Asserts a refusal in the contract's shape.
pub(crate) fn refused(answer: &Answer, status: u16, reason: &str) {
    assert_eq!(answer.status, status, "{}", answer.whole());
    let body = answer.json();
    assert_eq!((&body["code"], &body["reason"]), (&json!(status), &json!(reason)), "{body}");
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
}

/// The code of a trace's prompt. No caller of the service ever sees it.
pub(crate) fn trace_code(world: &World, trace: &str) -> String {
    let sessions = world.memory.sessions();
    let prompt = sessions.iter().find(|session| {
        session.is_prompt() && session.ties().is_some_and(|ties| ties.trace.as_str() == trace)
    });
    prompt.unwrap().code.to_string()
}
