//! A person types the code that a device shows (`docs/oauth.md`), in a real browser, in both languages.

use serde_json::{Value, json};

use crate::{
    browser::{
        Browser, Glass,
        Language::{self, Chinese, English},
    },
    oauth::learns_data,
    operator::make_client,
    people::Person,
    phone::fresh_number,
    proxy::{Proxy, without_its_body},
    screen::{Answer, Screen},
    service::{Service, eventually},
};

/// What a client asks for.
const SCOPE: &str = "openid profile phone offline_access";
/// The `grant_type` of RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A television with a client of its own, which shows a user code.
#[derive(Clone)]
pub(crate) struct Tv {
    client: String,
    http: Screen,
    begun: Value,
}

impl Tv {
    pub(crate) async fn begins(service: &Service) -> Self {
        let client = format!("tv-{}", &fresh_number()[3..]);
        let words = ["DIALECT=oauth", "GRANTS=device_code,refresh_token", "AUTH=none", "NAME=Living Room"];
        let words: Vec<_> = words.into_iter().map(str::to_owned).chain([format!("ID={client}")]).collect();
        make_client(service, &words).await;
        let http = Screen::new(service);
        let asked = [("client_id", client.as_str()), ("scope", SCOPE), ("device_name", "TV 55")];
        let begun = http.post_form("/oauth/device_authorization", &asked).await.good().json();
        Self { client, http, begun }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.begun[name].as_str().unwrap()
    }

    /// Polls once.
    pub(crate) async fn polls(&self) -> Answer {
        let asked = [
            ("grant_type", DEVICE_GRANT),
            ("client_id", self.client.as_str()),
            ("device_code", self.text("device_code")),
        ];
        self.http.post_form("/oauth/token", &asked).await
    }

    /// Polls until it is signed in.
    async fn is_signed_in(&self) -> Value {
        eventually("a television that is signed in", async || {
            let answer = self.polls().await;
            (answer.status == 200).then(|| answer.json())
        })
        .await
    }
}

#[tokio::test]
async fn a_person_types_the_code_of_a_device_english() {
    a_person_types_the_code_of_a_device(English).await;
}

#[tokio::test]
async fn a_person_types_the_code_of_a_device_chinese() {
    a_person_types_the_code_of_a_device(Chinese).await;
}

// D4 D1
async fn a_person_types_the_code_of_a_device(language: Language) {
    let mut person = Person::at_a_blank_screen(language).await;
    person.pictures_of_sign_in = Some("device");
    let tv = Tv::begins(&person.service).await;
    let phone = Browser::open(language, Glass::Hand).await;
    phone.go_to(tv.text("verification_uri")).await;
    phone.reaches("phone-number").await;
    person.shoot(&phone, "device-number").await;
    person.types_in_until(&phone, &fresh_number(), "user-code").await;
    person.shoot(&phone, "device").await;
    finds_mistakes(&person, &phone).await;

    // Small, with spaces for dashes, and in the wide letters of a Chinese keyboard.
    let typed = wide(&tv.text("user_code").to_lowercase().replace('-', " "));
    enters(&phone, &typed).await;
    assert_eq!(value(&phone).await, tv.text("user_code"), "dashes as on the television");
    phone.press("send-user-code").await;
    phone.reaches("consent").await;
    assert!(phone.address().await.contains("/q/"), "the page of a scanned code");
    assert_eq!(phone.text("client-name").await, "Living Room");
    assert_eq!(phone.text("claim-name").await, "TV 55");
    learns_data(&phone, language).await;
    assert!(phone.shows("stays").await, "it asked to stay");
    person.shoot(&phone, "device-consent").await;
    let number = tv.text("match_number");
    phone.press_at(&format!("[data-testid=match-choice][data-value='{number}']")).await;
    phone.press("confirm").await;
    phone.reaches("confirmed").await;
    let tokens = tv.is_signed_in().await;
    assert_eq!(tokens["scope"], SCOPE);
}

/// A code that cannot be one costs no call; one that no device shows is told so, and the field keeps it.
async fn finds_mistakes(person: &Person, phone: &Browser) {
    for (typed, shown, named) in
        [("BCDFGH", "BCDF-GH", "6"), ("bcdfghjklmna", "BCDF-GHJK-LMNA", "A"), ("", "", "0")]
    {
        enters(phone, typed).await;
        phone.press("send-user-code").await;
        let told = async || phone.text("user-code-problem").await.contains(named).then_some(());
        eventually("word of the mistake", told).await;
        assert_eq!(value(phone).await, shown);
        assert_eq!(focus(phone).await, "user-code");
        phone.has("user-code-input", "aria-invalid", "true").await;
    }
    enters(phone, "BCDFGHJKLMNP").await;
    let before = phone.text("user-code-problem").await;
    phone.press("send-user-code").await;
    let told = async || {
        let now = phone.text("user-code-problem").await;
        (!now.is_empty() && now != before).then_some(())
    };
    eventually("word that no sign-in waits for it", told).await;
    person.shoot(phone, "device-unknown").await;
}

/// Puts a text into the field as a paste does, in place of what was there.
async fn enters(phone: &Browser, text: &str) {
    let paste = format!(
        "const field = document.querySelector('[data-testid=user-code-input]'); field.select(); \
         field.setRangeText({}, 0, field.value.length, 'end'); \
         field.dispatchEvent(new InputEvent('input', {{inputType: 'insertFromPaste'}}))",
        json!(text)
    );
    phone.run(&paste).await;
}

async fn value(phone: &Browser) -> String {
    let value = phone.run("return document.querySelector('[data-testid=user-code-input]').value").await;
    value.as_str().unwrap().to_owned()
}

async fn focus(phone: &Browser) -> String {
    let focus = phone.run("return document.activeElement?.id ?? ''").await;
    focus.as_str().unwrap().to_owned()
}

/// A text in the wide forms of East Asian keyboards (U+FF01 to U+FF5E, U+3000).
fn wide(text: &str) -> String {
    let wide = |c: char| match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(c as u32 + 0xFEE0).unwrap(),
        c => c,
    };
    text.chars().map(wide).collect()
}

// Dashes come by themselves, key by key, and the cursor stays where the person types.
#[tokio::test]
async fn a_code_is_typed_key_by_key() {
    let person = Person::at_a_blank_screen(English).await;
    let phone = Browser::open(English, Glass::Hand).await;
    phone.go_to(&format!("{}/device", person.service.url)).await;
    phone.reaches("phone-number").await;
    person.types_in_until(&phone, &fresh_number(), "user-code").await;
    assert_eq!(focus(&phone).await, "user-code");
    let (left, right, back, delete) = ("\u{E012}", "\u{E014}", "\u{E003}", "\u{E017}");
    for (keys, shown) in [
        ("bcdf", "BCDF"),
        ("g", "BCDF-G"),
        (back, "BCDF"),
        ("ghjk-lmnp", "BCDF-GHJK-LMNP"),
        // Behind the H: what is typed pushes the rest on.
        (left.repeat(7).as_str(), "BCDF-GHJK-LMNP"),
        (back, "BCDF-GJKL-MNP"),
        ("h", "BCDF-GHJK-LMNP"),
        // At the dash, each way of deleting gets past it.
        (left.repeat(2).as_str(), "BCDF-GHJK-LMNP"),
        (back, "BCDF-GHJK-LMNP"),
        (back, "BCDG-HJKL-MNP"),
        ("f", "BCDF-GHJK-LMNP"),
        (delete, "BCDF-GHJK-LMNP"),
        (delete, "BCDF-HJKL-MNP"),
        (right, "BCDF-HJKL-MNP"),
    ] {
        phone.write("user-code-input", keys).await;
        assert_eq!(value(&phone).await, shown, "after {keys:?}");
    }
}

// F4
#[tokio::test]
async fn a_typed_code_whose_answer_is_lost_is_sent_again() {
    let person = Person::at_a_blank_screen(English).await;
    let tv = Tv::begins(&person.service).await;
    let lost = |number, answer: Vec<u8>| if number == 0 { without_its_body(&answer) } else { answer };
    let proxy = Proxy::before(&person.service, "POST /oauth/user_code", lost).await;
    let phone = Browser::open(English, Glass::Hand).await;
    phone.go_to(&format!("{}/device", proxy.url)).await;
    phone.reaches("phone-number").await;
    person.types_in_until(&phone, &fresh_number(), "user-code").await;
    enters(&phone, tv.text("user_code")).await;
    phone.press("send-user-code").await;
    phone.reaches("consent").await;
    assert_eq!(proxy.count(), 2);
}
