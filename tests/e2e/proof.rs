//! A client that trusts only its own machines and asks for a fresh proof: the machine is enrolled by the operator's tool, and
//! the person proves again who they are, in a real browser, in both languages.

use std::time::Duration;

use saoma_app::system::SystemRandom;
use saoma_domain::{ports::Randomness, secrets::SessionCode};
use serde_json::{Value, json};

use crate::{
    browser::{
        Browser, Glass,
        Language::{self, Chinese, English},
    },
    operator::make_client,
    people::Person,
    phone::{fresh_number, sms_code},
    screen::{Answer, Screen},
    service::{Service, eventually},
};

const CREATE: &str = "/api/qrCode/createLoginQrCode";

#[tokio::test]
async fn a_person_proves_again_who_they_are_english() {
    a_person_proves_again_who_they_are(English).await;
}

#[tokio::test]
async fn a_person_proves_again_who_they_are_chinese() {
    a_person_proves_again_who_they_are(Chinese).await;
}

/// An id that no other test uses.
fn fresh_id() -> String {
    let mut bytes = [0; 4];
    SystemRandom.fill(&mut bytes);
    format!("clinic-{}", u32::from_le_bytes(bytes))
}

/// Registers a strict client whose people prove themselves within a minute; a secret of its machine.
async fn strict(service: &Service, id: &str) -> String {
    let command = async |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).chain([format!("ID={id}")]).collect();
        make_client(service, &words).await
    };
    command(&["NAME=Clinic", "DIALECT=kiosk", "STRICT=yes", "MAX_AGE=60"]).await;
    let secret = command(&["DO=enroll", "MACHINE=lobby-1"]).await.secret();
    assert_eq!(command(&["DO=show"]).await.field("machines"), "lobby-1");
    secret
}

// I5 K19
async fn a_person_proves_again_who_they_are(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    let (service, id) = (&person.service, fresh_id());
    let secret = strict(service, &id).await;
    let refused = Screen::machine(service, &id, "lobby-1.guess").post(CREATE, None, &json!({})).await;
    assert_eq!(refused.status, 401, "{}", refused.told());
    let machine = Screen::machine(service, &id, &secret);
    let (phone, number) = (Browser::open(language, Glass::Hand).await, fresh_number());
    let early = machine.post(CREATE, None, &json!({"deviceName": "BM05"})).await.good();
    phone.go_to(&format!("{}/q/{}", service.url, early.text("id"))).await;
    phone.reaches("phone-number").await;
    person.types_in(&phone, &number).await;

    // The proof grows old, and the person scans the machine's next QR.
    tokio::time::sleep(Duration::from_secs(61)).await;
    let created = machine.post(CREATE, None, &json!({"deviceName": "BM05"})).await.good();
    let code = SessionCode::parse(&created.text("id")).unwrap();
    phone.go_to(&format!("{}/q/{code}", service.url)).await;
    phone.reaches("consent").await;
    phone
        .press_at(&format!("[data-testid=match-choice][data-value='{}']", created.text("matchNumber")))
        .await;
    phone.press("confirm").await;
    phone.press("proof-send").await;
    told(&phone, "!document.querySelector('#proof-code').hidden").await;
    let fresh = sms_code(service, &number).await;
    person.shoot(&phone, "phone-proof").await;
    let wrong = if fresh == "000000" { "000001" } else { "000000" };
    phone.write("proof-input", wrong).await;
    phone.press("proof-submit").await;
    told(&phone, "document.querySelector('[data-testid=proof-problem]').textContent !== ''").await;
    person.shoot(&phone, "phone-proof-wrong").await;
    phone.run("document.querySelector('[data-testid=proof-input]').value = ''").await;
    phone.write("proof-input", &fresh).await;
    phone.press("proof-submit").await;
    phone.reaches("confirmed").await;
    assert!(status(&machine, &created).await["memberToken"].is_string());
}

/// Waits until this is true on the page.
async fn told(phone: &Browser, what: &str) {
    let script = format!("return {what}");
    eventually(what, async || (phone.run(&script).await == true).then_some(())).await;
}

async fn status(machine: &Screen, created: &Answer) -> Value {
    let path = format!("/api/qrCode/getLoginQrCode/{}", created.text("id"));
    machine.post(&path, Some(&created.text("pollToken")), &json!({"deviceName": "BM05"})).await.json()
}
