//! A site signs its people in by OAuth (`docs/oauth.md`), in real browsers, in both languages.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    browser::{
        Browser, Habit,
        Language::{self, Chinese, English},
    },
    jwt,
    operator::make_client,
    other_site::Site,
    people::Person,
    phone::{Phone, fresh_number, sms_code},
    proxy::{Proxy, without_its_body},
    screen::Screen,
    service::{Service, eventually},
    tables::Tables,
    typed::Tv,
};

/// A secret and its SHA-256, those of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The setting of a site that has a picture beside its name.
const WITH_LOGO: &str = concat!("LOGO=", env!("CARGO_MANIFEST_DIR"), "/../docs/images/logo.png");

/// A web site that signs its people in by the code flow.
pub(crate) struct Shop {
    client: String,
    /// Where its people come back.
    back: String,
}

impl Shop {
    pub(crate) async fn opens(service: &Service) -> Self {
        Self::opens_with(service, &[]).await
    }

    /// A site that is registered with these words, too.
    async fn opens_with(service: &Service, more: &[&str]) -> Self {
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
        let words: Vec<_> = words.into_iter().chain(more.iter().map(ToString::to_string)).collect();
        make_client(service, &words).await;
        site.shows("<!doctype html><title>Reading Club</title><main data-state=back></main>");
        Self { client, back }
    }

    /// Sends a person to the sign-in.
    async fn sends(&self, person: &Person) {
        person.screen.go_to(&self.address(&person.service)).await;
        person.screen.reaches("waiting").await;
    }

    /// Where a person goes to sign in.
    pub(crate) fn address(&self, service: &Service) -> String {
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
        format!("{}/oauth/authorize?{}", service.url, query.finish())
    }

    /// The page's address behind a proxy.
    async fn page_through(&self, service: &Service, proxy: &Proxy) -> String {
        Screen::sent_to(&self.address(service)).await.replacen(&service.url, &proxy.url, 1)
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

/// The site's picture is drawn, 64 pixels wide.
async fn shows_the_logo(browser: &Browser) {
    assert!(browser.shows("client-logo").await);
    let width = "return document.querySelector('[data-testid=client-logo]').naturalWidth";
    assert_eq!(browser.run(width).await, 64);
}

/// The page names what the client learns.
pub(crate) async fn learns_data(browser: &Browser, language: Language) {
    let learns = browser.text("learns").await;
    let (name, number) = match language {
        English => ("name, masked", "telephone number"),
        Chinese => ("昵称", "手机号"),
    };
    // Joiners hold Chinese words together.
    let learns = learns.replace('\u{2060}', "");
    assert!(learns.contains(name) && learns.contains(number), "{learns}");
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
    let person = Person::at_a_blank_screen(language).await;
    let shop = Shop::opens_with(&person.service, &[WITH_LOGO]).await;
    shop.sends(&person).await;
    assert_eq!(person.screen.address().await, format!("{}/authorize", person.service.url));
    assert!(person.screen.text("title").await.contains("Reading Club"));
    shows_the_logo(&person.screen).await;
    learns_data(&person.screen, language).await;
    person.shoot_screen("authorize-waiting").await;

    // A reload shows the same code, and no second one is opened.
    let code = person.code().await;
    person.screen.run("location.reload()").await;
    assert_eq!(person.code().await, code);
    person.screen.reaches("waiting").await;

    let phone = person.scans().await;
    person.signs_in(&phone).await;
    assert_eq!(phone.text("client-name").await, "Reading Club");
    shows_the_logo(&phone).await;
    learns_data(&phone, language).await;
    assert!(!phone.shows("stays").await, "it did not ask to stay");
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
async fn a_browser_that_is_signed_in_goes_on_without_a_scan_english() {
    a_browser_that_is_signed_in_goes_on_without_a_scan(English).await;
}

#[tokio::test]
async fn a_browser_that_is_signed_in_goes_on_without_a_scan_chinese() {
    a_browser_that_is_signed_in_goes_on_without_a_scan(Chinese).await;
}

async fn a_browser_that_is_signed_in_goes_on_without_a_scan(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    let shop = Shop::opens_with(&person.service, &[WITH_LOGO]).await;
    shop.sends(&person).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    shop.gets_back(&person).await;

    person.screen.go_to(&shop.address(&person.service)).await;
    person.screen.reaches("known").await;
    assert!(person.screen.text("known-title").await.contains("Reading Club"));
    shows_the_logo(&person.screen).await;
    learns_data(&person.screen, language).await;
    person.shoot_screen("authorize-known").await;
    person.screen.press("continue").await;
    let brought = shop.gets_back(&person).await;
    shop.exchange(&person.service, named(&brought, "code")).await;

    // Another person at this screen scans as ever.
    person.screen.go_to(&shop.address(&person.service)).await;
    person.screen.reaches("known").await;
    person.screen.press("another").await;
    person.screen.reaches("waiting").await;
    person.reads_the_qr().await;
}

#[tokio::test]
async fn a_person_whom_the_site_names_is_asked_on_the_phone_english() {
    a_person_whom_the_site_names_is_asked_on_the_phone(English).await;
}

#[tokio::test]
async fn a_person_whom_the_site_names_is_asked_on_the_phone_chinese() {
    a_person_whom_the_site_names_is_asked_on_the_phone(Chinese).await;
}

async fn a_person_whom_the_site_names_is_asked_on_the_phone(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    let shop = Shop::opens(&person.service).await;
    let number = fresh_number();
    shop.sends(&person).await;
    let phone = person.scans().await;
    phone.reaches("phone-number").await;
    person.types_in(&phone, &number).await;
    person.agrees(&phone).await;
    shop.gets_back(&person).await;

    let hint = number.trim_start_matches('+');
    let address = format!("{}&prompt=login&login_hint=%2B{hint}", shop.address(&person.service));
    person.screen.go_to(&address).await;
    person.screen.reaches("scanned").await;
    assert!(person.screen.text("title").await.contains(&number[10..]));
    person.shoot_screen("authorize-asked").await;
    phone.go_to(&format!("{}/phone", person.service.url)).await;
    phone.reaches("consent").await;
    assert_eq!(phone.text("client-name").await, "Reading Club");
    person.agrees(&phone).await;
    let brought = shop.gets_back(&person).await;
    shop.exchange(&person.service, named(&brought, "code")).await;

    // A person without the phone at hand takes another one.
    person.screen.go_to(&address).await;
    person.screen.reaches("scanned").await;
    person.screen.press("restart").await;
    person.screen.reaches("waiting").await;
    person.reads_the_qr().await;
}

#[tokio::test]
async fn the_people_of_a_strict_site_sign_in_in_the_browser_first_english() {
    the_people_of_a_strict_site_sign_in_in_the_browser_first(English).await;
}

#[tokio::test]
async fn the_people_of_a_strict_site_sign_in_in_the_browser_first_chinese() {
    the_people_of_a_strict_site_sign_in_in_the_browser_first(Chinese).await;
}

// K19
async fn the_people_of_a_strict_site_sign_in_in_the_browser_first(language: Language) {
    let mut person = Person::at_a_blank_screen(language).await;
    let shop = Shop::opens_with(&person.service, &["STRICT=yes"]).await;
    let number = fresh_number();
    person.screen.go_to(&shop.address(&person.service)).await;
    person.screen.reaches("phone-number").await;
    assert_eq!(person.screen.address().await, format!("{}/authorize/here", person.service.url));
    person.shoot_screen("authorize-here").await;
    person.pictures_of_sign_in = Some("authorize-here");
    person.types_in_until(&person.screen, &number, "known").await;
    person.pictures_of_sign_in = None;
    person.shoot_screen("authorize-here-known").await;
    person.screen.press("continue").await;
    let brought = shop.gets_back(&person).await;
    shop.exchange(&person.service, named(&brought, "code")).await;

    // The site wants a scan as well: only this person's phone can make it.
    person.screen.go_to(&format!("{}&prompt=login", shop.address(&person.service))).await;
    person.screen.reaches("waiting").await;
    assert!(person.screen.text("only-for").await.contains(&number[10..]));
    person.shoot_screen("authorize-here-waiting").await;
    let another = person.scans().await;
    person.types_in_until(&another, &fresh_number(), "gone").await;
    let phone = person.scans().await;
    person.types_in(&phone, &number).await;
    person.agrees(&phone).await;
    let brought = shop.gets_back(&person).await;
    shop.exchange(&person.service, named(&brought, "code")).await;

    // Another person at this screen signs in in the browser, too.
    person.screen.go_to(&shop.address(&person.service)).await;
    person.screen.reaches("known").await;
    person.screen.press("another").await;
    person.screen.reaches("which").await;
    person.shoot_screen("authorize-which").await;
    person.screen.press("stay").await;
    person.screen.reaches("known").await;
    person.screen.press("another").await;
    person.screen.reaches("which").await;
    person.screen.press("switch").await;
    person.screen.reaches("phone-number").await;
    person.types_in_until(&person.screen, &fresh_number(), "known").await;
}

// Opening a link signs no person out, whatever its fragment says. A reload while the SMS is on its way keeps the request.
#[tokio::test]
async fn a_person_on_the_way_to_a_strict_site_loses_nothing() {
    let person = Person::at_a_blank_screen(English).await;
    let shop = Shop::opens_with(&person.service, &["STRICT=yes"]).await;
    let number = fresh_number();
    person.screen.go_to(&shop.address(&person.service)).await;
    person.screen.reaches("phone-number").await;
    person.screen.write("phone-input", number.trim_start_matches("+86")).await;
    person.screen.press("send-code").await;
    person.screen.reaches("sms-code").await;
    person.screen.run("location.reload()").await;
    person.screen.reaches("sms-code").await;
    person.screen.write("sms-input", &sms_code(&person.service, &number).await).await;
    person.screen.reaches("known").await;

    let link = format!("{}/authorize/here#x!another", person.service.url);
    person.screen.go_to(&link).await;
    person.screen.reaches("which").await;
    person.screen.press("stay").await;
    person.screen.reaches("error").await;
    person.screen.go_to(&shop.address(&person.service)).await;
    person.screen.reaches("known").await;
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
    // Going back ended the session: the phone's confirm finds no code.
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
        assert!(!person.screen.shows("back-to-site").await, "the request would have to be known");
    }
    person.shoot_screen("authorize-over").await;
}

// F4: neither a lost code nor a lost state ends a sign-in.
#[tokio::test]
async fn answers_that_break_off_are_asked_for_again() {
    let person = Person::at_a_blank_screen(English).await;
    let shop = Shop::opens(&person.service).await;
    let lost = |number, answer: Vec<u8>| if number < 2 { without_its_body(&answer) } else { answer };
    let begins = Proxy::before(&person.service, "POST /oauth/authorize/begin", lost).await;
    person.screen.go_to(&shop.page_through(&person.service, &begins).await).await;
    person.screen.reaches("waiting").await;
    assert_eq!(begins.count(), 3);

    let polls = Proxy::before(&person.service, "GET /oauth/authorize/status", lost).await;
    person.screen.go_to(&shop.page_through(&person.service, &polls).await).await;
    person.screen.reaches("waiting").await;
    let told = async || person.screen.text("note").await.starts_with("Connection lost").then_some(());
    eventually("word of the lost connection", told).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    shop.gets_back(&person).await;
}

// F5: the page keeps what it needs in its entry of the history.
#[tokio::test]
async fn a_browser_that_keeps_nothing_signs_in_to_a_site() {
    let person = Person::before(English, Habit::KeepsNothing).await;
    let shop = Shop::opens(&person.service).await;
    shop.sends(&person).await;
    person.screen.run("location.reload()").await;
    person.screen.reaches("waiting").await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    shop.gets_back(&person).await;
}

// F6
#[tokio::test]
async fn a_page_that_is_loaded_ahead_asks_for_no_code() {
    let person = Person::at_a_blank_screen(English).await;
    let shop = Shop::opens(&person.service).await;
    let proxy = Proxy::before(&person.service, "POST /oauth/authorize/begin", |_, answer| answer).await;
    let address = shop.page_through(&person.service, &proxy).await;
    let screen = &person.screen;
    screen.devtools("Page.setBypassCSP", json!({"enabled": true})).await;
    screen.go_to(&format!("{}/phone", proxy.url)).await;
    screen.reaches("phone-number").await;
    let ahead = format!(
        "const rules = document.createElement('script'); rules.type = 'speculationrules'; \
         rules.textContent = JSON.stringify({{prerender: [{{source: 'list', urls: ['{address}'], eagerness: 'immediate'}}]}}); \
         document.head.append(rules)"
    );
    screen.run(&ahead).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(proxy.count(), 0, "a code for a page that was only loaded ahead");
    screen.run(&format!("location.href = '{address}'")).await;
    screen.reaches("waiting").await;
    let activated = screen.run("return performance.getEntriesByType('navigation')[0].activationStart > 0");
    assert_eq!(activated.await, true, "the browser loaded nothing ahead, so this test saw nothing");
    assert_eq!(proxy.count(), 1);
}

// W4: whatever an answer says, the page goes on to a page or to an app, and runs nothing.
#[tokio::test]
async fn a_script_is_no_address_to_go_on_at() {
    let person = Person::at_a_blank_screen(English).await;
    let shop = Shop::opens(&person.service).await;
    let url = format!("\"url\":\"{}", shop.back);
    let script = format!("\"url\":\"javascript:{}", "x".repeat(shop.back.len() - "javascript:".len()));
    let spoil =
        move |_, answer: Vec<u8>| String::from_utf8(answer).unwrap().replace(&url, &script).into_bytes();
    let proxy = Proxy::before(&person.service, "POST /oauth/authorize/cancel", spoil).await;
    person.screen.go_to(&shop.page_through(&person.service, &proxy).await).await;
    person.screen.reaches("waiting").await;
    person.screen.press("back-to-site").await;
    let told = async || (!person.screen.text("back-problem").await.is_empty()).then_some(());
    eventually("word that it did not work", told).await;
    assert!(person.screen.address().await.starts_with(&proxy.url));
}

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_token_requests_at_once_give_one_token_set() {
    let service = Service::served();
    let (tv, phone) = (Tv::begins(&service).await, Phone::signed_in(&service).await);
    let code = tv.text("device_code").split_once('.').unwrap().0.to_owned();
    for step in ["scan", "confirm"] {
        let number = json!({"matchNumber": tv.text("match_number")});
        phone.post(&format!("/q/{code}/{step}"), &number).await.good();
    }
    let mut polls: JoinSet<_> = (0..50)
        .map(|_| {
            let tv = tv.clone();
            async move { tv.polls().await.good().json() }
        })
        .collect();
    let first = polls.join_next().await.unwrap().unwrap();
    assert!(first["refresh_token"].is_string(), "{first}");
    for tokens in polls.join_all().await {
        assert_eq!(tokens, first);
    }
}
