//! `<saoma-sign-in>` on a page of another site, under the policy that `docs/widget.md` names.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::process::Command;
use url::Url;

use crate::{
    browser::{
        Browser, Glass,
        Language::{self, Chinese, English},
    },
    other_site::{Files, Site},
    people::Person,
    phone::Phone,
    proxy::{Proxy, instead, without_its_body},
    screen::Screen,
    service::{Service, eventually},
    tables::Tables,
};

const DOCS: &str = include_str!("../../docs/widget.md");
const CSP: &str = "Content-Security-Policy: ";
/// What the site's page does besides: it writes down the events, and what its policy forbids.
const LISTENS: &str = "const told = []; window.told = told; \
     document.addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI}) => \
       told.push(['violation', violatedDirective, blockedURI])); \
     for (const name of ['scanned', 'signed-in', 'expired', 'cancelled', 'error']) { \
       document.querySelector('saoma-sign-in').addEventListener(name, ({detail}) => told.push([name, detail])); \
     }";
const STATE: &str = "of-this-browser";
/// How often in a row the widget renews a code by itself (`docs/widget.md`).
const RENEWALS: usize = 5;
/// How the documented client is registered, and one whose QRs rotate besides.
const PICK: &[&str] = &["POLICY=pick"];
const ROTATES: &[&str] = &["POLICY=pick", "ROTATE=yes"];

/// The content of a fenced block of the page, by its language and by a word in it.
fn block(language: &str, word: &str) -> &'static str {
    let begins = format!("```{language}\n");
    let mut blocks = DOCS.split(begins.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains(word)).unwrap_or_else(|| panic!("no {language} with {word}"))
}

/// The addresses of the docs as those of this stack.
fn of(service: &Service, text: &str) -> String {
    text.replace("https://login.example.com", &service.url)
}

/// The documented policy, and what the site's own script needs.
async fn policy(service: &Service) -> String {
    let documented = block("", CSP).lines().find_map(|line| line.strip_prefix(CSP)).unwrap();
    assert!(
        documented.starts_with("default-src 'none'; ") && !documented.contains("style-src"),
        "{documented}"
    );
    let socket = Url::parse(&Screen::new(service).get("/qr/code").await.good().text("socketUrl")).unwrap();
    let socket = socket.origin().ascii_serialization();
    let own = of(service, documented).replace("wss://socket.example.com", &socket);
    own.replace("script-src ", "script-src 'self' ").replace("connect-src ", "connect-src 'self' ")
        + "; require-trusted-types-for 'script'"
}

/// A person before a site that shows the widget.
struct Visit {
    person: Person,
    origin: String,
    secret: String,
    client: String,
    /// What the site is told by `POST`.
    heard: Arc<Mutex<Vec<String>>>,
}

/// A person who has opened the site, whose tag has these attributes besides, and whose script is this.
async fn visits(language: Language, attributes: &str, script: &str) -> Visit {
    let person = Person::at_a_blank_screen(language).await;
    let visit = site_for(person, PICK, attributes, script).await;
    visit.person.screen.go_to(&format!("{}/", visit.origin)).await;
    visit
}

async fn site_for(person: Person, settings: &[&str], attributes: &str, script: &str) -> Visit {
    let site = Site::found().await;
    let origin = site.origin.clone();
    let (client, secret) = site.registered_with(&person.service, settings).await;
    let tag = block("html", "<saoma-sign-in").replace("my-shop", &client).replace("from-your-server", STATE);
    let tag = of(&person.service, &tag).replace("<saoma-sign-in ", &format!("<saoma-sign-in {attributes} "));
    let page = format!(
        "<!doctype html><html lang={}><meta name=viewport content='width=device-width'>\
         <meta name=color-scheme content='light dark'><title>A shop</title><main><h1>A shop</h1>\
         <p><label>Search <input id=search></label></p>{tag}</main><script type=module src=/own.js></script></html>",
        person.language.tag(),
    );
    let script = format!("{LISTENS} {script}");
    let heard = site.serves(&Files { policy: policy(&person.service).await, page, script });
    Visit { person, origin, secret, client, heard }
}

/// A script that finds `widget`, the inside of the widget.
fn inside(script: &str) -> String {
    format!("const widget = document.querySelector('saoma-sign-in')?.shadowRoot; {script}")
}

impl Visit {
    async fn run(&self, script: &str) -> Value {
        self.person.screen.run(&inside(script)).await
    }

    /// Waits until the widget is in this state.
    async fn reaches(&self, state: &str) {
        let script = "return widget?.getElementById('card')?.dataset.state ?? ''";
        let reached = async || (self.run(script).await == state).then_some(());
        eventually(&format!("a widget that is {state}"), reached).await;
    }

    /// The events so far, by name.
    async fn events(&self) -> Value {
        self.run("return window.told.map(([name]) => name)").await
    }

    /// What came with the codes that the widgets of the page show.
    async fn kept(&self) -> Vec<Value> {
        self.run(KEPT).await.as_array().cloned().unwrap_or_default()
    }

    /// Those codes.
    async fn codes(&self) -> Vec<String> {
        let code = |kept: &Value| kept["code"].as_str().unwrap().to_owned();
        self.kept().await.iter().map(code).collect()
    }

    /// Signs in as the site's server; the answer.
    async fn exchanges(&self, ticket: &str) -> Value {
        let server = Screen::of_server(&self.person.service, &self.client, &self.secret);
        server.post("/qr/ticket", None, &json!({"ticket": ticket})).await.good().json()
    }

    /// Waits until the browser is at the registered page; the ticket in its address.
    async fn comes_back(&self, browser: &Browser) -> String {
        let start = format!("{}/in?ticket=", self.origin);
        let ticket = async || browser.address().await.strip_prefix(&start).map(str::to_owned);
        eventually("the registered page, with a ticket", ticket).await
    }
}

#[tokio::test]
async fn the_widget_signs_in_by_a_ticket_english() {
    the_widget_signs_in_by_a_ticket(English).await;
}

#[tokio::test]
async fn the_widget_signs_in_by_a_ticket_chinese() {
    the_widget_signs_in_by_a_ticket(Chinese).await;
}

// W3 W5 K16: on another site's page, under the documented policy, with the documented script.
async fn the_widget_signs_in_by_a_ticket(language: Language) {
    let visit = visits(language, "mode=ticket", block("js", "sign-in.js")).await;
    let person = &visit.person;
    visit.reaches("waiting").await;
    assert_eq!(visit.run("return widget.getElementById('card').lang").await, language.tag());
    person.shoot_screen("widget-waiting").await;

    let phone = person.scans().await;
    person.signs_in(&phone).await;
    assert_eq!(phone.text("client-name").await, "Another site"); // I1
    visit.reaches("scanned").await;
    person.shoot_screen("widget-scanned").await;
    person.picks(&phone).await;
    // What the page hears is read before it goes on, as its script says.
    let hears = "const fetch = window.fetch; window.fetch = (path, options) => (path === '/sign-in' \
         ? new Promise(() => { window.handed = options.body; }) : fetch(path, options))";
    visit.run(hears).await;
    phone.press("confirm").await;
    phone.reaches("confirmed").await;
    visit.reaches("signed-in").await;
    person.shoot_screen("widget-signed-in").await;
    assert_eq!(visit.events().await, json!(["scanned", "signed-in"]));
    let handed = visit.run("return window.handed").await;
    let ticket = handed.as_str().unwrap();
    let detail = visit.run("return window.told[1][1]").await;
    let url = format!("{}/in?ticket={ticket}", visit.origin);
    assert_eq!(detail, json!({"ticket": ticket, "url": url, "state": STATE}));
    let exchanged = visit.exchanges(ticket).await;
    assert_eq!((&exchanged["token_type"], &exchanged["state"]), (&json!("Bearer"), &json!(STATE)));
}

// W3: the default mode leaves the page.
#[tokio::test]
async fn the_widget_leads_to_the_registered_page() {
    let visit = visits(English, "", "").await;
    visit.reaches("waiting").await;
    let phone = visit.person.scans().await;
    visit.person.signs_in(&phone).await;
    visit.person.agrees(&phone).await;
    let ticket = visit.comes_back(&visit.person.screen).await;
    assert_eq!(visit.exchanges(&ticket).await["state"], STATE);
    assert!(visit.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_widget_of_a_client_that_rotates_signs_in_english() {
    the_widget_of_a_client_that_rotates_signs_in(English).await;
}

#[tokio::test]
async fn the_widget_of_a_client_that_rotates_signs_in_chinese() {
    the_widget_of_a_client_that_rotates_signs_in(Chinese).await;
}

// L8 L9 W5: the frames are drawn under the documented policy, one after the other, and a reload goes on with them.
async fn the_widget_of_a_client_that_rotates_signs_in(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    let visit = site_for(person, ROTATES, "mode=ticket", "").await;
    let (person, screen) = (&visit.person, &visit.person.screen);
    screen.go_to(&format!("{}/", visit.origin)).await;
    visit.reaches("waiting").await;
    let first = person.read_code().await;
    let (code, _) = first.split_once('-').expect("a tag behind the code");
    let changes = async |from: &str| {
        let now = person.read_code().await;
        (now != from).then_some(now)
    };
    let second = eventually("the next QR", async || changes(&first).await).await;
    assert!(second.starts_with(&format!("{code}-")), "{second}");
    person.shoot_screen("widget-rotating").await;
    screen.go_to(&format!("{}/", visit.origin)).await;
    visit.reaches("waiting").await;
    let reloaded = person.read_code().await;
    assert!(reloaded.starts_with(&format!("{code}-")) && reloaded != first, "{first} {second} {reloaded}");
    let link = visit.run("return widget.getElementById('here').href").await;
    assert_eq!(link, format!("{}/phone?client={}&state={STATE}", person.service.url, visit.client));

    let phone = person.scans().await;
    person.signs_in(&phone).await;
    visit.reaches("scanned").await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    visit.reaches("signed-in").await;
    assert_eq!(visit.events().await, json!(["scanned", "signed-in"]), "and no violation of the policy");
    let ticket = visit.run("return window.told[1][1].ticket").await;
    assert_eq!(visit.exchanges(ticket.as_str().unwrap()).await["state"], STATE);
}

/// Looks where a phone has no second screen: touched by a finger, without a mouse.
async fn in_the_hand(browser: &Browser) {
    browser.devtools("Emulation.setTouchEmulationEnabled", json!({"enabled": true})).await;
    let agent = json!({
        "userAgent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
        "userAgentMetadata": {"platform": "Android", "platformVersion": "14", "architecture": "", "model": "", "mobile": true},
    });
    browser.devtools("Emulation.setUserAgentOverride", agent).await;
}

#[tokio::test]
async fn on_a_phone_the_same_device_signs_in_english() {
    on_a_phone_the_same_device_signs_in(English, PICK).await;
}

#[tokio::test]
async fn on_a_phone_the_same_device_signs_in_chinese() {
    on_a_phone_the_same_device_signs_in(Chinese, PICK).await;
}

#[tokio::test]
async fn on_a_phone_the_same_device_signs_in_where_qrs_rotate() {
    on_a_phone_the_same_device_signs_in(English, ROTATES).await;
}

// E1 K16: no secret is in an address, and the ticket comes back to the browser that agreed.
async fn on_a_phone_the_same_device_signs_in(language: Language, settings: &[&str]) {
    let service = Service::served();
    let screen = Browser::open(language, Glass::Hand).await;
    in_the_hand(&screen).await;
    let person = Person { service, language, screen, pictures_of_sign_in: None };
    let visit = site_for(person, settings, "mode=ticket", "").await;
    let (person, phone) = (&visit.person, &visit.person.screen);
    phone.go_to(&format!("{}/", visit.origin)).await;
    visit.reaches("here").await;
    person.shoot_screen("widget-on-a-phone").await;
    let link = visit.run("return widget.getElementById('go').href").await;
    let expected = format!("{}/phone?client={}&state={STATE}", person.service.url, visit.client);
    assert_eq!(link, expected);
    // No code was asked for, and none is kept.
    assert_eq!(visit.run("return sessionStorage.length").await, 0);

    visit.run("widget.getElementById('go').click()").await;
    person.signs_in(phone).await;
    assert_eq!(phone.text("client-name").await, "Another site"); // I1
    assert!(!phone.shows("match-group").await);
    person.shoot_screen("here-consent").await;
    phone.press("confirm").await;
    let ticket = visit.comes_back(phone).await;
    assert_eq!(visit.exchanges(&ticket).await["state"], STATE);
}

// The first copy that is read after the yes may be a moment old.
#[tokio::test]
async fn on_the_same_device_a_stale_answer_after_the_yes_costs_a_second() {
    let visit = visits(English, "device=screen", "").await;
    let (person, phone) = (&visit.person, &visit.person.screen);
    let stale =
        |number, answer| if number == 0 { instead("200 OK", &json!({"statusflag": 1})) } else { answer };
    let proxy = Proxy::before(&person.service, "GET /qr/login", stale).await;
    phone.go_to(&format!("{}/phone?client={}&state={STATE}", proxy.url, visit.client)).await;
    person.signs_in(phone).await;
    phone.press("confirm").await;
    let ticket = visit.comes_back(phone).await;
    assert_eq!(visit.exchanges(&ticket).await["state"], STATE);
    assert_eq!(proxy.count(), 2);
}

/// What the widgets of a page keep of their codes.
const KEPT: &str = "return Object.keys(sessionStorage).filter((key) => key.startsWith('saoma.widget.')).sort() \
     .map((key) => JSON.parse(sessionStorage[key]))";

// Two tags of one client, as in a menu and in the page, keep a code each, over a reload, too.
#[tokio::test]
async fn two_widgets_of_a_client_have_a_code_each() {
    let twice = "document.querySelector('main').append(document.querySelector('saoma-sign-in').cloneNode());";
    let visit = visits(English, "", twice).await;
    let kept = async || Some(visit.codes().await).filter(|codes| codes.len() == 2);
    let codes = eventually("two codes", kept).await;
    assert_ne!(codes[0], codes[1]);
    visit.run("location.reload()").await;
    visit.reaches("waiting").await;
    assert_eq!(visit.codes().await, codes);
}

// A page that will not take what comes may show a new code at once.
#[tokio::test]
async fn a_page_may_restart_the_widget_as_it_hears_of_the_ticket() {
    let script = "document.querySelector('saoma-sign-in').addEventListener('signed-in', ({target}) => target.restart());";
    let visit = visits(English, "mode=ticket", script).await;
    visit.reaches("waiting").await;
    let first = visit.person.code().await;
    let phone = visit.person.scans().await;
    visit.person.signs_in(&phone).await;
    visit.person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    visit.reaches("waiting").await;
    assert_ne!(visit.person.code().await, first);
    assert_eq!(visit.events().await, json!(["scanned", "signed-in"]));
}

// Within the shadow of an element of the page, too.
#[tokio::test]
async fn the_widget_speaks_the_language_around_it() {
    let visit = visits(English, "", "").await;
    let script = "const host = document.body.appendChild(document.createElement('div')); host.lang = 'zh'; \
         const tag = document.createElement('saoma-sign-in'); tag.setAttribute('client', 'a-shop'); \
         host.attachShadow({mode: 'open'}).append(tag); \
         return new Promise((resolve) => setTimeout(() => resolve(tag.shadowRoot.getElementById('card').lang), 300))";
    assert_eq!(visit.run(script).await, "zh-CN");
}

// A server that renders pages imports what they import.
#[tokio::test]
async fn the_script_does_nothing_where_there_are_no_elements() {
    let service = Service::served();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("widget.mjs");
    std::fs::write(&file, Screen::new(&service).get("/widget.js").await.good().body).unwrap();
    let ran = Command::new(service.variable("SAOMA_NODE")).arg(&file).output().await.unwrap();
    assert!(ran.status.success() && ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran:?}");
}

// A person who has scanned with the wrong intent says no; the page hears of it, and the keyboard gets a new code.
#[tokio::test]
async fn a_no_is_heard_and_the_keyboard_shows_a_new_code() {
    let visit = visits(English, "", "").await;
    let screen = &visit.person.screen;
    visit.reaches("waiting").await;
    let first = visit.person.code().await;
    visit.run("document.getElementById('search').focus()").await;
    let phone = visit.person.scans().await;
    visit.person.signs_in(&phone).await;
    visit.reaches("scanned").await;
    phone.press("cancel").await;
    visit.reaches("cancelled").await;
    assert_eq!(visit.events().await, json!(["scanned", "cancelled"]));
    visit.person.shoot_screen("widget-cancelled").await;
    // A person who typed elsewhere on the page was not disturbed.
    assert_eq!(visit.run("return document.activeElement.id").await, "search");
    assert!(
        visit
            .run("return widget.getElementById('live').textContent")
            .await
            .as_str()
            .unwrap()
            .contains("cancelled")
    );

    screen.press_key("Tab", 9, "").await;
    assert_eq!(visit.run("return widget.activeElement.id").await, "again");
    screen.press_key("Enter", 13, "\r").await;
    visit.reaches("waiting").await;
    assert_ne!(visit.person.code().await, first);
    // The focus was inside, so the heading has it.
    assert_eq!(visit.run("return widget.activeElement.id").await, "title");
    screen.press_key("Tab", 9, "").await;
    assert_eq!(visit.run("return widget.activeElement.id").await, "here");
}

/// The roles and names that a screen reader finds.
async fn spoken(browser: &Browser) -> Vec<(String, String)> {
    let tree = browser.devtools("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false);
    let text = |node: &Value, field: &str| node[field]["value"].as_str().unwrap_or_default().to_owned();
    nodes.map(|node| (text(node, "role"), text(node, "name"))).filter(|(_, name)| !name.is_empty()).collect()
}

#[tokio::test]
async fn a_screen_reader_finds_names_for_everything() {
    let visit = visits(English, "", "").await;
    visit.reaches("waiting").await;
    let found = spoken(&visit.person.screen).await;
    for (role, name) in [
        ("region", "Sign in with your phone"),
        ("heading", "Sign in with your phone"),
        ("image", "QR code for signing in. Scan it with your phone’s camera."),
        ("link", "Can’t scan? Continue on this device"),
    ] {
        assert!(found.contains(&(role.to_owned(), name.to_owned())), "no {role} {name}: {found:?}");
    }
    visit.run("document.querySelector('saoma-sign-in').lang = 'zh'").await;
    visit.reaches("waiting").await;
    let found = spoken(&visit.person.screen).await;
    assert!(found.contains(&("region".to_owned(), "用手机扫码登录".to_owned())), "{found:?}");
}

// A page's script moves the element, takes it away and brings it back; a reload goes on with the code.
#[tokio::test]
async fn the_code_outlives_a_move_and_a_reload() {
    let visit = visits(English, "", "").await;
    visit.reaches("waiting").await;
    let code = visit.person.code().await;
    visit.run("document.querySelector('main').prepend(document.querySelector('saoma-sign-in'))").await;
    assert_eq!(visit.person.code().await, code);
    visit.run("window.gone = document.querySelector('saoma-sign-in'); window.gone.remove()").await;
    visit.run("return new Promise((resolve) => setTimeout(resolve, 300))").await;
    visit.run("document.querySelector('main').append(window.gone)").await;
    visit.reaches("waiting").await;
    assert_eq!(visit.person.code().await, code);
    visit.run("location.reload()").await;
    visit.reaches("waiting").await;
    assert_eq!(visit.person.code().await, code);
    // What the code is for has changed: another one.
    visit.run("document.querySelector('saoma-sign-in').setAttribute('state', 'another')").await;
    let renewed = async || (visit.person.code().await != code).then_some(());
    eventually("a code for another state", renewed).await;
}

// A closed dialog costs nothing.
#[tokio::test]
async fn an_element_that_nobody_sees_asks_for_no_code() {
    let visit = visits(English, "hidden", "").await;
    visit.run("return new Promise((resolve) => setTimeout(resolve, 1500))").await;
    assert_eq!(
        visit.run("return [widget.getElementById('card').dataset.state, sessionStorage.length]").await,
        json!(["loading", 0])
    );
    visit.run("document.querySelector('saoma-sign-in').hidden = false").await;
    visit.reaches("waiting").await;
}

// Light and dark, as the page is; the QR is black on white in both.
#[tokio::test]
async fn the_widget_has_the_colours_of_its_page() {
    let visit = visits(Chinese, "", "").await;
    visit.reaches("waiting").await;
    let ground = "return getComputedStyle(widget.getElementById('card')).backgroundColor";
    assert_eq!(visit.run(ground).await, "rgb(255, 255, 255)");
    let code = visit.person.code().await;
    visit.person.screen.turn("dark").await;
    assert_eq!(visit.run(ground).await, "rgb(23, 27, 34)");
    assert_eq!(visit.person.code().await, code);
    // A page that is always light keeps a light card.
    visit.run("document.querySelector('meta[name=color-scheme]').remove()").await;
    assert_eq!(visit.run(ground).await, "rgb(255, 255, 255)");
}

// A client that does not exist, and one that does not know this site: the page is told, as far as the browser may know.
#[tokio::test]
async fn a_page_hears_why_no_code_comes() {
    let visit = visits(English, "", "").await;
    visit.reaches("waiting").await;
    visit.run("document.querySelector('saoma-sign-in').setAttribute('client', 'no-such-client')").await;
    visit.reaches("error").await;
    let told = "return window.told.at(-1)";
    // The service knows the site, so the site may read the refusal.
    assert_eq!(visit.run(told).await, json!(["error", {"code": "unknown_client"}]));
    visit.run("document.querySelector('saoma-sign-in').setAttribute('client', 'sign-in')").await;
    let refused =
        async || (visit.run(told).await == json!(["error", {"code": "origin_not_registered"}])).then_some(());
    eventually("a refusal of a client that does not list this site", refused).await;
    visit.person.shoot_screen("widget-error").await;
}

/// A person before the site of a widget that has no socket, so it polls every few seconds.
async fn polls_at_a_site(person: Person) -> Visit {
    person.screen.prepare("window.WebSocket = undefined").await;
    let visit = site_for(person, PICK, "", "").await;
    visit.person.screen.go_to(&format!("{}/", visit.origin)).await;
    visit
}

// The service says that a code is over: the widget asks for five others by itself, and then tells the page.
#[tokio::test]
async fn a_page_hears_that_the_codes_ran_out() {
    let visit = polls_at_a_site(Person::at_a_blank_screen(English).await).await;
    let tables = Tables::of(&visit.person.service);
    let mut last = String::new();
    for _ in 0..=RENEWALS {
        let another = async || visit.codes().await.pop().filter(|code| *code != last);
        last = eventually("another code", another).await;
        assert_eq!(visit.events().await, json!([]));
        tables.expire(&last).await;
    }
    visit.reaches("expired").await;
    assert_eq!(visit.run("return window.told").await, json!([["expired", {"reason": "expired"}]]));
    visit.person.shoot_screen("widget-expired").await;
    visit.run("widget.getElementById('again').click()").await;
    visit.reaches("waiting").await;
}

/// A person before the site of a widget that reaches the service over a proxy: there the answers to requests that begin with
/// `prefix` are spoilt.
async fn visits_over(
    prefix: &'static str,
    spoil: impl Fn(usize, Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
) -> Visit {
    let mut person = Person::at_a_blank_screen(English).await;
    let proxy = Proxy::before(&person.service, prefix, spoil).await;
    person.service.url = proxy.url;
    polls_at_a_site(person).await
}

/// The answer of a service that fails.
fn unavailable() -> Vec<u8> {
    instead("503 Service Unavailable", &json!({}))
}

// The first call is made three times; nothing whole comes back.
#[tokio::test]
async fn a_page_hears_that_the_service_cannot_be_reached_or_fails() {
    let visit = visits_over("GET /qr/code?", |number, answer| match number {
        0..=2 => without_its_body(&answer),
        3 => unavailable(),
        _ => answer,
    })
    .await;
    visit.reaches("waiting").await;
    let told = json!([["error", {"code": "offline"}], ["error", {"code": "unavailable"}]]);
    assert_eq!(visit.run("return window.told").await, told);
}

#[tokio::test]
async fn a_page_hears_that_the_service_refused_three_polls_in_a_row() {
    let refused = |_, _| instead("400 Bad Request", &json!({"statusflag": -1, "errorCode": -1}));
    let visit = visits_over("GET /qr/login", refused).await;
    visit.reaches("error").await;
    assert_eq!(visit.run("return window.told").await, json!([["error", {"code": "unavailable"}]]));
}

// The browser stays as it does where a page does not answer, for a time that is shortened here.
#[tokio::test]
async fn a_page_hears_that_the_registered_page_does_not_answer() {
    let stays = "navigation.addEventListener('navigate', (event) => event.preventDefault()); \
         const later = window.setTimeout; \
         window.setTimeout = (work, wait, ...all) => later(work, wait === 20000 ? 200 : wait, ...all);";
    let visit = visits(English, "", stays).await;
    visit.reaches("waiting").await;
    let phone = Phone::signed_in(&visit.person.service).await;
    let shown = visit.kept().await.remove(0);
    for step in ["lock", "activate"] {
        let body = json!({"code": shown["code"], "matchNumber": shown["matchNumber"]});
        phone.post(&format!("/qr/{step}"), &body).await.good();
    }
    let told = async || {
        (visit.run("return window.told.at(-1)").await == json!(["error", {"code": "stuck"}])).then_some(())
    };
    eventually("word of a page that does not answer", told).await;
    visit.person.shoot_screen("widget-stuck").await;
}

// The documented TypeScript compiles against the served declarations.
#[tokio::test]
async fn the_documented_types_are_right() {
    let service = Service::served();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("widget-types");
    std::fs::create_dir_all(&folder).unwrap();
    let types = Screen::new(&service).get("/widget.d.ts").await.good();
    std::fs::write(folder.join("widget.d.ts"), types.body).unwrap();
    let page = block("ts", "SaomaSignedIn");
    let compiles = async |page: &str| {
        std::fs::write(folder.join("page.ts"), page).unwrap();
        let compiler = concat!(env!("CARGO_MANIFEST_DIR"), "/page_checks/node_modules/typescript/bin/tsc");
        let options = "--noEmit --strict --lib es2022,dom --module esnext --moduleResolution bundler page.ts";
        let mut run = Command::new(service.variable("SAOMA_NODE"));
        let output = run.arg(compiler).args(options.split(' ')).current_dir(&folder).output().await.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(compiles(page).await, (true, String::new()));
    // It would notice.
    let (good, errors) = compiles(&page.replace("ticket }", "tickets }")).await;
    assert!(!good && errors.contains("tickets"), "{errors}");
}
