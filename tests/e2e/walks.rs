//! People at both pages, in a real browser, in both languages.

use serde_json::json;

use crate::{
    browser::{
        Browser, Glass,
        Language::{self, Chinese, English},
        Network,
    },
    kiosk::Machine,
    operator::make_client,
    people::Person,
    phone::fresh_number,
    proxy::{Proxy, instead, json_of},
    screen::Screen,
    service::{Service, eventually},
    tables::Tables,
};

#[tokio::test]
async fn a_person_signs_in_english() {
    a_person_signs_in(English).await;
}

#[tokio::test]
async fn a_person_signs_in_chinese() {
    a_person_signs_in(Chinese).await;
}

async fn a_person_signs_in(language: Language) {
    let mut person = Person::at_a_screen(language).await;
    person.pictures_of_sign_in = Some("phone");
    let screen = &person.screen;
    assert_eq!(screen.run("return document.documentElement.lang").await, language.tag());
    person.shoot_screen("screen-waiting").await;
    let number = screen.text("match-number").await;

    let phone = person.scans().await;
    person.signs_in(&phone).await;
    // I1
    assert_eq!(phone.text("client-name").await, "Saoma");
    let browser = phone.text("seen-browser").await;
    let named = match language {
        English => browser.starts_with("Chrome on "),
        Chinese => browser.ends_with(" 上的 Chrome"),
    };
    assert!(named, "{browser}");
    person.shoot(&phone, "phone-consent").await;
    screen.reaches("scanned").await;
    assert_eq!(screen.text("match-number-large").await, number);
    person.shoot_screen("screen-scanned").await;

    phone.press_at(&choice(&number)).await;
    person.shoot(&phone, "phone-consent-picked").await;
    phone.press("confirm").await;
    phone.reaches("confirmed").await;
    person.shoot(&phone, "phone-confirmed").await;

    screen.reaches("signed-in").await;
    screen.has("verified", "data-result", "verified").await;
    // The ticket leaves the address before a person can copy it.
    assert_eq!(screen.address().await, format!("{}/welcome", person.service.url));
    assert!(!screen.text("nick-name").await.is_empty());
    assert!(!screen.text("member-id").await.is_empty());
    person.shoot_screen("welcome-signed-in").await;

    // F3: the service tells the phone that scanned how it ended, whenever it asks.
    phone.reload().await;
    phone.reaches("confirmed").await;

    // A ticket works once: coming back to the page does not sign in again.
    screen.go_to(&format!("{}/welcome", person.service.url)).await;
    screen.reaches("failed").await;
    person.shoot_screen("welcome-failed").await;
}

#[tokio::test]
async fn a_person_says_no_english() {
    a_person_says_no(English).await;
}

#[tokio::test]
async fn a_person_says_no_chinese() {
    a_person_says_no(Chinese).await;
}

async fn a_person_says_no(language: Language) {
    let person = Person::at_a_screen(language).await;
    let screen = &person.screen;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    phone.press("cancel").await;
    phone.reaches("cancelled").await;
    person.shoot(&phone, "phone-cancelled").await;
    screen.reaches("cancelled").await;
    person.shoot_screen("screen-cancelled").await;

    // Who is signed in on the phone is asked at once the next time. D14: a wrong number ends it.
    screen.press("new-code").await;
    screen.reaches("waiting").await;
    let number = screen.text("match-number").await;
    phone.go_to(&person.reads_the_qr().await).await;
    phone.reaches("consent").await;
    phone.press_at(&format!("[data-testid=match-choice]:not([data-value='{number}'])")).await;
    phone.press("confirm").await;
    phone.reaches("error").await;
    person.shoot(&phone, "phone-error").await;
    screen.reaches("cancelled").await;

    phone.run("location.reload()").await;
    phone.reaches("gone").await;
    person.shoot(&phone, "phone-gone").await;
}

#[tokio::test]
async fn codes_run_out_english() {
    codes_run_out(English).await;
}

#[tokio::test]
async fn codes_run_out_chinese() {
    codes_run_out(Chinese).await;
}

async fn codes_run_out(language: Language) {
    let person = Person::at_a_screen(language).await;
    let (screen, tables) = (&person.screen, Tables::of(&person.service));

    // The service says so: five times the page asks for a new one by itself, then it waits.
    let mut code = person.code().await;
    for _ in 0..5 {
        tables.expire(&code).await;
        code = renewed(&person, &code).await;
        person.shoot_screen("screen-renewed").await;
    }
    tables.expire(&code).await;
    screen.reaches("expired").await;
    person.shoot_screen("screen-expired").await;
    screen.press("new-code").await;
    screen.reaches("waiting").await;
    assert_ne!(person.code().await, code);

    in_the_dark(&person).await;
    without_a_network(&person).await;
}

/// Waits for the code that replaces this one.
async fn renewed(person: &Person, old: &str) -> String {
    let address = async || {
        let link = person.screen.run("return document.querySelector('[data-testid=open-here]').href").await;
        let code = link.as_str()?.rsplit('/').next()?.split('-').next()?.to_owned();
        (code != old).then_some(code)
    };
    let code = eventually("a new code", address).await;
    person.screen.reaches("waiting").await;
    assert_eq!(person.code().await, code, "the picture is the new code's");
    code
}

/// A QR on a dark page is read all the same.
async fn in_the_dark(person: &Person) {
    person.screen.turn("dark").await;
    let phone = person.scans().await;
    phone.turn("dark").await;
    person.signs_in(&phone).await;
    person.screen.reaches("scanned").await;
    person.screen.turn("light").await;
}

/// Without the service the page says so and asks again by itself.
async fn without_a_network(person: &Person) {
    let screen = &person.screen;
    screen.connect(Network::Gone).await;
    screen.press("restart").await;
    screen.reaches("error").await;
    person.shoot_screen("screen-error").await;
    screen.connect(Network::Slow).await;
    screen.reaches("loading").await;
    assert_eq!(screen.text("match-number").await, "", "the number of a code that is gone");
    person.shoot_screen("screen-loading").await;
    screen.reaches("waiting").await;
}

/// The tile with this number.
fn choice(number: &str) -> String {
    format!("[data-testid=match-choice][data-value='{number}']")
}

// I1: a screen's own words are cut to two lines, and push the warning nowhere, also on the smallest phones.
#[tokio::test]
async fn the_warning_is_in_sight_whatever_a_screen_says_of_itself() {
    let service = Service::served();
    let id = format!("kiosk{}", fresh_number().trim_start_matches('+'));
    let words = [format!("ID={id}"), "NAME=Kiosk".to_owned(), "POLICY=off".to_owned()];
    make_client(&service, &words).await;
    let claims = json!({"deviceName": "Support desk ".repeat(4), "deviceMac": "W".repeat(64)});
    let machine = Screen::of_channel(&service, &id);
    let code = machine.post("/api/qrCode/createLoginQrCode", None, &claims).await.good().text("id");
    let person = Person::at_a_blank_screen(English).await;
    let phone = Browser::open(English, Glass::Hand).await;
    let small = json!({"width": 360, "height": 640, "deviceScaleFactor": 2, "mobile": true});
    phone.devtools("Emulation.setDeviceMetricsOverride", small).await;
    phone.go_to(&format!("{}/q/{code}", service.url)).await;
    person.signs_in(&phone).await;
    let seen = "const box = (name) => document.querySelector(name).getBoundingClientRect(); \
         const lines = [...document.querySelectorAll('#claims bdi')].map((each) => \
           Math.round(each.getBoundingClientRect().height / parseFloat(getComputedStyle(each).lineHeight))); \
         const warning = box('[data-testid=warning]'); \
         const inSight = scrollY === 0 && warning.top >= 0 && warning.bottom <= box('.pair').top; \
         return [inSight, warning.bottom <= box('#claims').top, Math.max(...lines)]";
    assert_eq!(phone.run(seen).await, json!([true, true, 2]));
    person.shoot(&phone, "phone-consent-long-claims").await;
}

// I3 K17: another network, and a screen without a number, each come with a warning.
#[tokio::test]
async fn the_question_warns_of_another_network_and_of_a_screen_without_a_number() {
    let person = Person::at_a_blank_screen(English).await;
    let machine = Machine::shows_a_qr(&person.service).await;
    // The first question as it is, each later one from elsewhere.
    let elsewhere = |number, answer: Vec<u8>| {
        if number == 0 {
            return answer;
        }
        let mut question = json_of(&answer);
        question["consent"]["seen"]["sameNetwork"] = false.into();
        instead("200 OK", &question)
    };
    let path: &'static str = format!("POST /q/{}/scan", machine.id).leak();
    let proxy = Proxy::before(&person.service, path, elsewhere).await;
    let phone = &person.screen;
    phone.go_to(&format!("{}/q/{}", proxy.url, machine.id)).await;
    person.signs_in(phone).await;
    assert!(!phone.shows("elsewhere").await, "{}", phone.text("elsewhere").await);
    phone.reload().await;
    phone.reaches("consent").await;
    assert!(phone.shows("elsewhere").await);
    let told = phone.text("elsewhere").await;
    assert!(told.starts_with("The screen is on another network than this phone."), "{told}");

    let hint = async || phone.run("return document.getElementById('match-hint').innerText").await;
    let [plain, warning] =
        ["None of these? Then cancel.", "Without a number we cannot tell which screen you see."];
    assert_eq!(hint().await, plain);
    phone.press("match-none").await;
    let warned = hint().await;
    assert!(warned.as_str().unwrap().starts_with(warning), "{warned}");
    person.shoot(phone, "phone-consent-warned").await;
    phone.press_at(&format!("[data-testid=match-choice][data-value='{}']", machine.number())).await;
    assert_eq!(hint().await, plain);
    phone.press("match-none").await;
    phone.press("confirm").await;
    phone.reaches("confirmed").await;
    assert_eq!(machine.own_status().await["codeStatus"], "SUCCESS");
}
