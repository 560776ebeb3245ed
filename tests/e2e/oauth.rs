//! Standard clients sign people in (`docs/oauth.md`), in real browsers, in both languages.

use serde_json::{Value, json};

use crate::{
    browser::{
        Browser, Glass,
        Language::{self, Chinese, English},
    },
    jwt,
    operator::make_client,
    other_site::Site,
    people::Person,
    phone::fresh_number,
    screen::Screen,
    service::{Service, eventually},
    tables::Tables,
};

/// What a client asks for.
const SCOPE: &str = "openid profile phone offline_access";
/// The `grant_type` of RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A television with a client of its own, which shows a user code.
struct Tv {
    client: String,
    http: Screen,
    begun: Value,
}

impl Tv {
    async fn begins(service: &Service) -> Self {
        let client = format!("tv-{}", &fresh_number()[3..]);
        let words = ["DIALECT=oauth", "GRANTS=device_code,refresh_token", "AUTH=none", "NAME=Living Room"];
        let words: Vec<_> = words.into_iter().map(str::to_owned).chain([format!("ID={client}")]).collect();
        make_client(service, &words).await;
        let http = Screen::new(service);
        let asked = [("client_id", client.as_str()), ("scope", SCOPE), ("device_name", "TV 55")];
        let begun = http.post_form("/oauth/device_authorization", &asked).await.good().json();
        Self { client, http, begun }
    }

    fn text(&self, name: &str) -> &str {
        self.begun[name].as_str().unwrap()
    }

    /// Polls until it is signed in.
    async fn is_signed_in(&self) -> Value {
        let asked = [
            ("grant_type", DEVICE_GRANT),
            ("client_id", self.client.as_str()),
            ("device_code", self.text("device_code")),
        ];
        eventually("a television that is signed in", async || {
            let answer = self.http.post_form("/oauth/token", &asked).await;
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
    let person = Person::at_a_blank_screen(language).await;
    let tv = Tv::begins(&person.service).await;
    let phone = Browser::open(language, Glass::Hand).await;
    phone.go_to(tv.text("verification_uri")).await;
    phone.reaches("phone-number").await;
    person.shoot(&phone, "device-phone-number").await;
    person.types_in_until(&phone, &fresh_number(), "user-code").await;
    person.shoot(&phone, "device").await;
    phone.turn("dark").await;
    person.shoot(&phone, "device-dark").await;
    phone.turn("light").await;
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
    assert!(!phone.text("stays").await.is_empty(), "it asked to stay");
    person.shoot(&phone, "device-consent").await;
    let number = tv.text("match_number");
    phone.press_at(&format!("[data-testid=match-choice][data-value='{number}']")).await;
    phone.press("confirm").await;
    phone.reaches("confirmed").await;
    let tokens = tv.is_signed_in().await;
    assert_eq!(tokens["scope"], SCOPE);
}

/// The page names what the client learns.
async fn learns_data(browser: &Browser, language: Language) {
    let learns = browser.text("learns").await;
    let (name, number) = match language {
        English => ("name, masked", "telephone number"),
        Chinese => ("昵称", "手机号"),
    };
    // Joiners hold Chinese words together.
    let learns = learns.replace('\u{2060}', "");
    assert!(learns.contains(name) && learns.contains(number), "{learns}");
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

/// A secret and its SHA-256, those of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A web site that signs its people in by the code flow.
struct Shop {
    client: String,
    /// Where its people come back.
    back: String,
}

impl Shop {
    async fn opens(service: &Service) -> Self {
        let site = Site::found().await;
        let client = format!("shop-{}", &fresh_number()[3..]);
        let back = format!("{}/back", site.origin);
        let words = [
            "DIALECT=oauth".to_owned(),
            "GRANTS=authorization_code".to_owned(),
            "AUTH=none".to_owned(),
            "NAME=Reading Club".to_owned(),
            format!("REDIRECT={back}"),
            format!("ID={client}"),
        ];
        make_client(service, &words).await;
        site.shows("<!doctype html><title>Reading Club</title><main data-state=back></main>");
        Self { client, back }
    }

    /// Sends a person to the sign-in.
    async fn sends(&self, person: &Person) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("client_id", self.client.as_str()),
            ("redirect_uri", &self.back),
            ("response_type", "code"),
            ("scope", "openid profile phone"),
            ("state", "s+t&a=te"),
            ("nonce", "once"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let address = format!("{}/oauth/authorize?{}", person.service.url, query.finish());
        person.screen.go_to(&address).await;
        person.screen.reaches("waiting").await;
    }

    /// Waits until the person is back; what they bring.
    async fn gets_back(&self, person: &Person) -> Vec<(String, String)> {
        person.screen.reaches("back").await;
        let address = person.screen.address().await;
        let query = address.strip_prefix(&format!("{}?", self.back));
        let query = query.unwrap_or_else(|| panic!("{address}"));
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    async fn exchange(&self, service: &Service, code: &str) -> Value {
        let asked = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client.as_str()),
            ("code", code),
            ("redirect_uri", &self.back),
            ("code_verifier", VERIFIER),
        ];
        Screen::new(service).post_form("/oauth/token", &asked).await.good().json()
    }
}

fn named<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    let found = pairs.iter().find(|(found, _)| found == name);
    &found.unwrap_or_else(|| panic!("no {name} in {pairs:?}")).1
}

#[tokio::test]
async fn a_person_signs_in_to_a_site_english() {
    a_person_signs_in_to_a_site(English).await;
}

#[tokio::test]
async fn a_person_signs_in_to_a_site_chinese() {
    a_person_signs_in_to_a_site(Chinese).await;
}

async fn a_person_signs_in_to_a_site(language: Language) {
    let mut person = Person::at_a_blank_screen(language).await;
    let shop = Shop::opens(&person.service).await;
    shop.sends(&person).await;
    assert_eq!(person.screen.address().await, format!("{}/authorize", person.service.url));
    assert!(person.screen.text("title").await.contains("Reading Club"));
    learns_data(&person.screen, language).await;
    person.shoot_screen("authorize-waiting").await;
    person.shade = "dark-";
    person.screen.turn("dark").await;
    person.shoot_screen("authorize-waiting").await;
    person.screen.turn("light").await;
    person.shade = "";

    // A reload shows the same code, and no second one is opened.
    let code = person.code().await;
    person.screen.run("location.reload()").await;
    assert_eq!(person.code().await, code);
    person.screen.reaches("waiting").await;

    let phone = person.scans().await;
    person.signs_in(&phone).await;
    assert_eq!(phone.text("client-name").await, "Reading Club");
    learns_data(&phone, language).await;
    assert!(phone.text("stays").await.is_empty(), "it did not ask to stay");
    person.shoot(&phone, "authorize-consent").await;
    person.screen.reaches("scanned").await;
    person.shoot_screen("authorize-scanned").await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;

    let brought = shop.gets_back(&person).await;
    assert_eq!((named(&brought, "state"), named(&brought, "iss")), ("s+t&a=te", person.service.url.as_str()));
    let tokens = shop.exchange(&person.service, named(&brought, "code")).await;
    let claims = jwt::verified(&person.service, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(claims["client_id"], shop.client.as_str());
}

#[tokio::test]
async fn a_person_goes_back_to_the_site_english() {
    a_person_goes_back_to_the_site(English).await;
}

#[tokio::test]
async fn a_person_goes_back_to_the_site_chinese() {
    a_person_goes_back_to_the_site(Chinese).await;
}

async fn a_person_goes_back_to_the_site(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    let shop = Shop::opens(&person.service).await;
    shop.sends(&person).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    phone.press("cancel").await;
    phone.reaches("cancelled").await;
    person.screen.reaches("cancelled").await;
    person.shoot_screen("authorize-cancelled").await;
    person.screen.press("new-code").await;
    person.screen.reaches("waiting").await;
    phone.go_to(&person.reads_the_qr().await).await;
    phone.reaches("consent").await;
    person.picks(&phone).await;

    person.screen.press("back-to-site").await;
    let brought = shop.gets_back(&person).await;
    assert_eq!((named(&brought, "error"), named(&brought, "state")), ("access_denied", "s+t&a=te"));
    assert_eq!(named(&brought, "iss"), person.service.url);
    // The code ended with it: the phone signs nobody in any more.
    phone.press("confirm").await;
    phone.reaches("gone").await;
}

// An expired code is replaced in place, and the person is told.
#[tokio::test]
async fn the_code_of_a_site_is_replaced_in_place() {
    let person = Person::at_a_blank_screen(English).await;
    let shop = Shop::opens(&person.service).await;
    shop.sends(&person).await;
    let old = person.code().await;
    Tables::of(&person.service).expire(&old).await;
    let renewed = async || {
        let note = person.screen.text("note").await;
        note.starts_with("The last code expired").then_some(())
    };
    eventually("a new code", renewed).await;
    assert_ne!(person.code().await, old);
    assert!(person.screen.text("title").await.contains("Reading Club"));

    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    let brought = shop.gets_back(&person).await;
    shop.exchange(&person.service, named(&brought, "code")).await;
}

// What only the site can mend is said, and nothing is offered that could not work.
#[tokio::test]
async fn a_request_that_is_over_or_broken_leads_back_to_the_site_english() {
    a_request_that_is_over_or_broken_leads_back_to_the_site(English).await;
}

#[tokio::test]
async fn a_request_that_is_over_or_broken_leads_back_to_the_site_chinese() {
    a_request_that_is_over_or_broken_leads_back_to_the_site(Chinese).await;
}

async fn a_request_that_is_over_or_broken_leads_back_to_the_site(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    for fragment in ["", "#broken"] {
        person.screen.go_to("about:blank").await;
        person.screen.go_to(&format!("{}/authorize{fragment}", person.service.url)).await;
        person.screen.reaches("over").await;
        assert!(!person.screen.text("over-lead").await.is_empty());
        assert_eq!(
            person.screen.text("back-to-site").await,
            "",
            "no way that the request would have to know"
        );
    }
    person.shoot_screen("authorize-over").await;
}
