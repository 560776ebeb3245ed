//! A machine signs in by a mini-program (`docs/kiosk.md`).

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    jwt,
    phone::Phone,
    qr,
    screen::{Answer, Screen},
    service::Service,
    tables::Tables,
};

const CREATE: &str = "/api/qrCode/createLoginQrCode";

/// A machine and the QR it shows.
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) poll_token: String,
    created: Answer,
    http: Screen,
}

impl Machine {
    /// A machine that has just asked for its QR.
    pub(crate) async fn shows_a_qr(service: &Service) -> Self {
        let http = Screen::new(service);
        let created = http.post(CREATE, None, &claims()).await.good();
        Self::of(http, created)
    }

    /// A machine of this client.
    pub(crate) async fn of_a_product(service: &Service, client: &str) -> Self {
        let http = Screen::new(service);
        let created = http.post_with(CREATE, ("channel", client), &claims()).await.good();
        Self::of(http, created)
    }

    fn of(http: Screen, created: Answer) -> Self {
        Self { id: created.text("id"), poll_token: created.text("pollToken"), created, http }
    }

    /// Asks how it stands, with this in the `token` header.
    pub(crate) async fn status(&self, token: Option<&str>) -> Value {
        self.http.post(&self.path("get"), token, &claims()).await.json()
    }

    /// Asks how it stands, as itself.
    pub(crate) async fn own_status(&self) -> Value {
        self.status(Some(&self.poll_token)).await
    }

    /// The path of a step: `get`, `scan`, `bind`, `cancel`.
    pub(crate) fn path(&self, step: &str) -> String {
        format!("/api/qrCode/{step}LoginQrCode/{}", self.id)
    }

    /// What it was told when it asked for its QR.
    pub(crate) fn created(&self) -> Value {
        self.created.json()
    }

    /// The number on its screen.
    pub(crate) fn number(&self) -> String {
        self.created.text("matchNumber")
    }
}

fn claims() -> Value {
    json!({"deviceName": "BM05", "deviceMac": "22:33"})
}

#[tokio::test]
async fn a_machine_signs_in_from_picture_to_token() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);

    // G4, E1: the picture says the address and the code, and nothing else.
    let picture = machine.http.get(&machine.created.text("codeUrl")).await.good();
    assert_eq!(
        (picture.header("content-type"), picture.header("x-content-type-options")),
        ("image/png", "nosniff")
    );
    assert_eq!(qr::read(&picture.body), format!("{}{}", service.qr_start(), machine.id));
    assert_eq!(machine.own_status().await["codeStatus"], "DEFAULT");

    let scanned = phone.post(&machine.path("scan"), &json!({})).await.good().json();
    assert_eq!(scanned["codeStatus"], "SCAN");
    assert_eq!(scanned["consent"]["screen"], claims()); // I1
    assert_eq!(machine.own_status().await["codeStatus"], "SCAN");

    let number = json!({"matchNumber": machine.number()});
    phone.post(&machine.path("bind"), &number).await.good();

    // A1: a caller who knows only the id learns only that the login is done.
    let seen = machine.status(None).await;
    assert_eq!((&seen["codeStatus"], &seen["memberToken"]), (&"SUCCESS".into(), &Value::Null));

    let signed_in = machine.own_status().await;
    assert_eq!(signed_in["codeStatus"], "SUCCESS");
    let token = jwt::verified(&service, signed_in["memberToken"].as_str().unwrap()).await;
    assert_eq!(token["sub"], phone.member_id.as_str());
    assert_eq!(token["aud"], "HOSPITAL_SAAS");
    assert_eq!(token["scope"], Value::Null); // A12
}

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_parallel_polls_after_one_confirm_give_one_token() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post(&machine.path("scan"), &json!({})).await.good();
    phone.post(&machine.path("bind"), &json!({})).await.good();

    let polls: Vec<_> = (0..50)
        .map(|_| {
            let (http, path, token) = (machine.http.clone(), machine.path("get"), machine.poll_token.clone());
            tokio::spawn(
                async move { http.post(&path, Some(&token), &claims()).await.good().text("memberToken") },
            )
        })
        .collect();
    let mut tokens = HashSet::new();
    for poll in polls {
        tokens.insert(poll.await.unwrap());
    }
    assert_eq!(tokens.len(), 1, "{tokens:?}");
}

#[tokio::test]
async fn a_cancelled_login_gives_nothing() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post(&machine.path("scan"), &json!({})).await.good();
    assert_eq!(phone.post(&machine.path("cancel"), &json!({})).await.good().text("codeStatus"), "FAILED");
    let over = machine.own_status().await;
    assert_eq!((&over["codeStatus"], &over["memberToken"]), (&"FAILED".into(), &Value::Null));
    assert_ne!(phone.post(&machine.path("bind"), &json!({})).await.status, 200);
}

// D14
#[tokio::test]
async fn a_wrong_match_number_ends_the_login() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    let scanned = phone.post(&machine.path("scan"), &json!({})).await.good().json();
    let choices = scanned["consent"]["matchNumber"]["choices"].as_array().unwrap();
    let wrong = choices.iter().find(|number| **number != machine.number()).unwrap();

    let refused = phone.post(&machine.path("bind"), &json!({"matchNumber": wrong})).await;
    assert_eq!(refused.text("code"), "wrong_match_number", "{}", refused.told());
    assert_eq!(machine.own_status().await["codeStatus"], "FAILED");
    let right = phone.post(&machine.path("bind"), &json!({"matchNumber": machine.number()})).await;
    assert_ne!(right.status, 200, "{}", right.told());
}

// A7
#[tokio::test]
async fn another_person_cannot_decide() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    let other = Phone::signed_in(&service).await;
    phone.post(&machine.path("scan"), &json!({})).await.good();
    for step in ["scan", "bind", "cancel"] {
        let refused = other.post(&machine.path(step), &json!({})).await;
        assert_eq!(refused.status, 403, "{step}: {}", refused.told());
    }
    assert_eq!(machine.own_status().await["codeStatus"], "SCAN");
}

// C1
#[tokio::test]
async fn a_login_out_of_time_has_failed() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post(&machine.path("scan"), &json!({})).await.good();
    phone.post(&machine.path("bind"), &json!({})).await.good();
    Tables::of(&service).expire(&machine.id).await;
    let over = machine.own_status().await;
    assert_eq!((&over["codeStatus"], &over["memberToken"]), (&"FAILED".into(), &Value::Null));
}
