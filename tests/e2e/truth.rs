//! Pages tell the truth, and every wait has an end: with answers that break off, a tab that sleeps, and browsers that
//! keep no data.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Glass, Habit, Language::English},
    people::Person,
    phone::{fresh_number, sms_code},
    proxy::{Proxy, Spoilt, instead, of_the_gateway, stalling, without_its_body},
    region::Region,
    service::eventually,
};

/// A script with which another tab holds the account's lock forever.
const HOLD_THE_LOCK: &str = "navigator.locks.request('saoma.account', () => new Promise(() => {}))";
/// Has the access token renewed at the next call.
const LET_THE_TOKEN_AGE: &str = "const account = JSON.parse(localStorage['saoma.account']); \
     account.expiresAt = 0; localStorage['saoma.account'] = JSON.stringify(account)";
/// Shortens the longest waits of a page, those for an answer, to a tenth.
const BE_LESS_PATIENT: &str = "const later = window.setTimeout; \
     window.setTimeout = (work, ms, ...given) => later(work, ms > 10_000 ? ms / 10 : ms, ...given)";

/// The phone page of a QR that was read on the screen, behind a proxy.
async fn scans_through(person: &Person, proxy: &Proxy, read: &str) -> Browser {
    let phone = Browser::open(person.language, Glass::Hand).await;
    phone.go_to(&format!("{}/q/{read}", proxy.url)).await;
    phone
}

/// The beginning of the request by which the phone page confirms a code that was read. It leaves the tag out.
fn confirms(read: &str) -> &'static str {
    let (code, _) = read.split_once('-').unwrap();
    format!("POST /q/{code}/confirm").leak()
}

// F4
#[tokio::test]
async fn an_answer_without_its_body_is_asked_for_again() {
    let person = Person::at_a_screen(English).await;
    let confirm = |number, answer: Vec<u8>| if number == 0 { without_its_body(&answer) } else { answer };
    let code = person.read_code().await;
    let path = confirms(&code);
    let proxy = Proxy::before(&person.service, path, confirm).await;
    let phone = scans_through(&person, &proxy, &code).await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    assert_eq!(proxy.count(), 2);
    person.screen.reaches("signed-in").await;
}

// A service that is busy for a while says nothing of the code, which lives on; nor does API Gateway, in its own shape.
#[tokio::test]
async fn a_code_outlives_a_service_that_fails_for_a_while() {
    let person = Person::at_a_blank_screen(English).await;
    let busy = |number, answer| match number {
        0 | 2 => of_the_gateway("503 Service Unavailable"),
        3 => instead("503 Service Unavailable", &json!({"statusflag": -1, "code": "unavailable"})),
        _ => answer,
    };
    // The page asks for a code twice, then polls.
    let proxy = Proxy::before(&person.service, "GET /qr/", busy).await;
    person.screen.go_to(&format!("{}/", proxy.url)).await;
    person.screen.reaches("waiting").await;
    let code = person.code().await;
    let answered = async || (proxy.count() > 4 && !person.screen.shows("note").await).then_some(());
    eventually("a poll that is answered", answered).await;
    let state = "return document.querySelector('main').dataset.state";
    assert_eq!(person.screen.run(state).await, "waiting");
    assert_eq!(person.code().await, code);
}

// The place of the keyboard is not lost with the code that had it.
#[tokio::test]
async fn a_new_code_leaves_the_keyboard_its_place() {
    let person = Person::at_a_blank_screen(English).await;
    let armed = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&armed);
    let over = move |_, answer| {
        let expired = json!({"statusflag": -2, "reason": "expired"});
        if ends.swap(false, Ordering::SeqCst) { instead("200 OK", &expired) } else { answer }
    };
    let proxy = Proxy::before(&person.service, "GET /qr/login", over).await;
    person.screen.prepare("window.WebSocket = undefined").await; // polls come every few seconds
    person.screen.go_to(&format!("{}/", proxy.url)).await;
    person.screen.reaches("waiting").await;
    let first = person.code().await;
    person.screen.run("document.getElementById('here').focus()").await;
    armed.store(true, Ordering::SeqCst);
    eventually("a new code", async || (person.code().await != first).then_some(())).await;
    assert_eq!(person.screen.run("return document.activeElement.id").await, "title");
}

// F4: the question stays, the person is told, and pressing again works; also when an answer stalls.
#[tokio::test]
async fn answers_that_never_come_whole_end_in_words() {
    let person = Person::at_a_screen(English).await;
    let code = person.read_code().await;
    let confirm = |number, answer: Vec<u8>| match number {
        1 => stalling(&answer),
        0 | 2 => Spoilt::from(without_its_body(&answer)),
        _ => Spoilt::from(answer),
    };
    let path = confirms(&code);
    let proxy = Proxy::before(&person.service, path, confirm).await;
    let phone = scans_through(&person, &proxy, &code).await;
    person.signs_in(&phone).await;
    phone.run(BE_LESS_PATIENT).await;
    // A screen that is let in meanwhile would change what the service answers.
    person.picks(&phone).await;
    person.screen.go_to("about:blank").await;
    phone.press("confirm").await;
    let told = async || phone.text("consent-problem").await.starts_with("Connection lost").then_some(());
    eventually("word of the lost connection", told).await;
    person.shoot(&phone, "phone-consent-lost").await;
    assert_eq!(proxy.count(), 3);
}

// F4: at /phone, too, the page tells only an ending that it has read.
#[tokio::test]
async fn a_lost_answer_to_a_prompt_is_no_cancel() {
    let person = Person::at_a_blank_screen(English).await;
    let region = Region::registered(&person.service).await;
    let lost = |_, answer: Vec<u8>| without_its_body(&answer);
    let proxy = Proxy::before(&person.service, "POST /login/answer", lost).await;
    let scanned = region.asks(None).await;
    region.first(&scanned).await;
    person.screen.go_to(&format!("{}/login/qrcode/{scanned}?size=280", person.service.url)).await;
    let phone = scans_through(&person, &proxy, &person.read_code().await).await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    let uin = region.result(&scanned).await["uin"].as_u64();

    phone.go_to(&format!("{}/phone", proxy.url)).await;
    phone.reaches("prompts").await;
    let asked = region.asks(uin).await;
    phone.reaches("consent").await;
    person.agrees(&phone).await;
    phone.reaches("gone").await;
    let told = phone.text("gone-lead").await;
    assert!(told.contains("cannot say how it ended"), "{told}");
    assert_eq!(region.result(&asked).await["code"], 0, "the device was let in");
    assert_eq!(proxy.count(), 3);
}

// One attempt to sign in by SMS is one challenge, over lost answers and reloads (`docs/accounts.md`). F4: a refresh whose
// answer is lost ends no sign-in.
#[tokio::test]
async fn a_lost_answer_neither_begins_a_second_attempt_nor_ends_a_sign_in() {
    let person = Person::at_a_screen(English).await;
    let armed = Arc::new(AtomicBool::new(true));
    let loses = Arc::clone(&armed);
    let lost = move |_, answer: Vec<u8>| {
        if loses.swap(false, Ordering::SeqCst) { without_its_body(&answer) } else { answer }
    };
    let proxy = Proxy::before(&person.service, "POST /api/user/", lost).await;
    let phone = scans_through(&person, &proxy, &person.read_code().await).await;
    phone.reaches("phone-number").await;
    let number = fresh_number();
    phone.write("phone-input", number.trim_start_matches("+86")).await;
    phone.press("send-code").await;
    let repeated = async || (proxy.count() >= 2).then_some(());
    eventually("a repeated call", repeated).await;
    phone.run("location.reload()").await;
    at_the_code(&phone, &number).await;
    phone.write("sms-input", &sms_code(&person.service, &number).await).await;
    phone.reaches("consent").await;

    let bodies = proxy.bodies();
    let challenge = bodies[0]["challenge"].as_str().unwrap();
    let drawn = challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    assert!(challenge.len() == 22 && drawn, "{challenge}");
    assert!(bodies.len() >= 3 && bodies.iter().all(|body| body["challenge"] == challenge), "{bodies:?}");

    phone.run(LET_THE_TOKEN_AGE).await;
    armed.store(true, Ordering::SeqCst);
    phone.reload().await;
    phone.reaches("consent").await;
    let refreshed = proxy.bodies().split_off(bodies.len());
    let refresh_token = refreshed[0]["refreshToken"].as_str().unwrap();
    assert!(refreshed.len() == 2 && refreshed[1]["refreshToken"] == refresh_token, "{refreshed:?}");
}

// F4: a reload at the moment when the page makes its entry for the code leaves that entry the first of this page.
#[tokio::test]
async fn signing_in_never_goes_back_to_the_page_of_another_site() {
    let person = Person::at_a_screen(English).await;
    for changes_the_number in [true, false] {
        let phone = person.scans().await;
        phone.reaches("phone-number").await;
        phone.run("history.replaceState({ ...history.state, step: 'sms-code' }, '')").await;
        let number = fresh_number();
        phone.write("phone-input", number.trim_start_matches("+86")).await;
        phone.press("send-code").await;
        phone.reaches("sms-code").await;
        let next = if changes_the_number {
            phone.press("change-number").await;
            "phone-number"
        } else {
            phone.write("sms-input", &sms_code(&person.service, &number).await).await;
            "consent"
        };
        phone.reaches(next).await;
        tokio::time::sleep(Duration::from_secs(1)).await; // a page that goes back is gone by then
        phone.reaches(next).await;
        assert_eq!(phone.run("return history.state?.step ?? null").await, Value::Null);
    }
}

/// Goes on until the page asks for the code, whether or not it knows that one is on its way.
async fn at_the_code(phone: &Browser, number: &str) {
    let arrived =
        async || match phone.run("return document.querySelector('main').dataset.state").await.as_str()? {
            "sms-code" => Some(()),
            "phone-number" => {
                let known =
                    phone.run("return !document.querySelector('[data-testid=have-code]').hidden").await;
                let empty = phone
                    .run("return document.querySelector('[data-testid=phone-input]').value === ''")
                    .await;
                if known == true {
                    phone.press("have-code").await;
                } else if empty == true {
                    phone.write("phone-input", number.trim_start_matches("+86")).await;
                    phone.press("send-code").await;
                }
                None
            }
            _ => None,
        };
    eventually("the step of the code", arrived).await;
}

// F5: a tab that holds the lock on the account is frozen.
#[tokio::test]
async fn a_frozen_tab_stops_no_other() {
    let person = Person::at_a_screen(English).await;
    // Once the phone has scanned, the screen shows no QR any more.
    let address = person.reads_the_qr().await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    let frozen = phone.tab().await;
    phone.run(HOLD_THE_LOCK).await;
    phone.run(LET_THE_TOKEN_AGE).await;
    phone.devtools("Page.setWebLifecycleState", json!({"state": "frozen"})).await;
    let other = phone.new_tab(&address).await;
    assert_ne!(other, frozen);
    phone.reaches("consent").await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
}

// F5: site data are blocked. The page works in memory, and says what does not work.
#[tokio::test]
async fn a_phone_that_keeps_nothing_signs_in_and_confirms() {
    let person = Person::at_a_screen(English).await;
    let phone = Browser::with(English, Glass::Hand, Habit::KeepsNothing).await;
    phone.go_to(&person.reads_the_qr().await).await;
    phone.reaches("phone-number").await;
    assert!(phone.text("note").await.contains("blocks this site"), "{}", phone.text("note").await);
    person.types_in(&phone, &fresh_number()).await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    person.screen.reaches("signed-in").await;
}

// F5: the page that waits for requests renews its tokens although the browser denies it the lock.
#[tokio::test]
async fn a_phone_that_keeps_nothing_goes_on_asking() {
    let person = Person::at_a_blank_screen(English).await;
    let proxy = Proxy::before(&person.service, "POST /api/user/refresh", |_, answer| answer).await;
    let phone = Browser::with(English, Glass::Hand, Habit::KeepsNothing).await;
    phone.go_to(&format!("{}/phone", proxy.url)).await;
    phone.reaches("phone-number").await;
    person.types_in_until(&phone, &fresh_number(), "prompts").await;
    phone.run("const now = Date.now; Date.now = () => now() + 3600e3").await;
    let renewed = async || (proxy.count() == 1).then_some(());
    eventually("a refresh", renewed).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!((proxy.count(), phone.text("prompts-title").await.as_str()), (1, "Nothing is waiting"));
    assert!(phone.shows("prompts-title").await, "it was signed out");
}

// F5
#[tokio::test]
async fn a_screen_that_keeps_nothing_says_that_it_cannot_finish() {
    let person = Person::before(English, Habit::KeepsNothing).await;
    person.screen.go_to(&format!("{}/", person.service.url)).await;
    person.screen.reaches("waiting").await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    person.screen.reaches("failed").await;
    let told = person.screen.text("failed-lead").await;
    assert!(told.contains("blocks this site"), "{told}");
    person.shoot_screen("welcome-blocked").await;
}
