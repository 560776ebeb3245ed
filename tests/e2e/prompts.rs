//! A person who has signed in on a device before is asked at `/phone`, in a real browser, in both
//! languages (`docs/remembered.md`).

use serde_json::{Value, json};

use crate::{
    browser::{
        Browser,
        Language::{self, Chinese, English},
    },
    people::Person,
    region::{DEVICE, NAME, Region},
    service::eventually,
};

#[tokio::test]
async fn a_person_is_asked_without_a_scan_english() {
    a_person_is_asked_without_a_scan(English).await;
}

#[tokio::test]
async fn a_person_is_asked_without_a_scan_chinese() {
    a_person_is_asked_without_a_scan(Chinese).await;
}

async fn a_person_is_asked_without_a_scan(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    let region = Region::registered(&person.service).await;
    let (phone, uin) = first_must_be_scanned(&person, &region).await;

    phone.press("keep-ready").await;
    phone.reaches("prompts").await;
    assert_eq!(phone.address().await, format!("{}/phone", person.service.url));
    person.shoot(&phone, "phone-prompts").await;

    says_yes(&person, &phone, &region, uin).await;
    phone.reaches("prompts").await;
    says_no(&person, &phone, &region, uin).await;

    // After a cancel the next login must be scanned.
    let trace = region.asks(Some(uin)).await;
    let answer = region.first(&trace).await;
    assert_eq!(answer["resultType"], "LOGIN_getLoginQrcode", "{answer}");
    assert_ne!(answer["imgBuf"], "", "{answer}");
}

/// The login by QR that makes the pair: the phone, and whose it is.
async fn first_must_be_scanned(person: &Person, region: &Region) -> (Browser, u64) {
    let trace = region.asks(None).await;
    let answer = region.first(&trace).await;
    assert_eq!(answer["resultType"], "LOGIN_getLoginQrcode", "{answer}");
    assert_eq!(answer["deviceId"], DEVICE);

    let picture = format!("{}/login/qrcode/{trace}?size=280", person.service.url);
    person.screen.go_to(&picture).await;
    assert_eq!(person.reads_the_qr().await, answer["imgBuf"]);
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    assert_eq!(phone.text("client-name").await, NAME); // I1
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;

    let result = region.result(&trace).await;
    assert_eq!(result["code"], 0, "{result}");
    (phone, result["uin"].as_u64().unwrap())
}

async fn says_yes(person: &Person, phone: &Browser, region: &Region, uin: u64) {
    let trace = region.asks(Some(uin)).await;
    let asked = region.first(&trace).await;
    assert_eq!((&asked["resultType"], &asked["imgBuf"]), (&"LOGIN_scan".into(), &"".into()), "{asked}");
    phone.reaches("consent").await;
    assert_eq!(phone.text("client-name").await, NAME); // I1
    let title = phone.run("return document.title").await;
    assert!(title.as_str().unwrap().starts_with("(1) "), "{title}");
    let said = async || phone.text("alarm").await.starts_with(NAME).then_some(());
    eventually("word of it to those who listen", said).await;
    person.shoot(phone, "phone-prompt").await;

    let number = asked["matchNumber"].as_str().unwrap();
    phone.press_at(&format!("[data-testid=match-choice][data-value='{number}']")).await;
    phone.press("confirm").await;
    phone.reaches("confirmed").await;
    person.shoot(phone, "phone-prompt-accepted").await;

    let result = region.result(&trace).await;
    assert_eq!((&result["code"], &result["uin"]), (&0.into(), &uin.into()), "{result}");
    let exchanged = region.http.post("/qr/ticket", None, &json!({"ticket": result["ticket"]})).await.good();
    assert_eq!(exchanged.json()["user"]["memberId"], uin.to_string());
}

async fn says_no(person: &Person, phone: &Browser, region: &Region, uin: u64) {
    let trace = region.asks(Some(uin)).await;
    phone.reaches("consent").await;
    phone.press("cancel").await;
    phone.reaches("cancelled").await;
    person.shoot(phone, "phone-prompt-cancelled").await;
    let result = region.result(&trace).await;
    assert_ne!(result["code"], 0, "{result}");
    assert_eq!((&result["uin"], &result["ticket"]), (&Value::Null, &Value::Null), "{result}");
}
