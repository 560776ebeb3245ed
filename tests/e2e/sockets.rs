//! A screen that is told over its socket, in a real browser, and one whose socket does not work.

use std::{path::Path, time::Duration};

use saoma_app::system::SystemClock;
use saoma_domain::ports::Clock;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Language::English, Network},
    other_site::Site,
    people::Person,
    phone::Phone,
    service::eventually,
};

/// How many logins are timed.
const TIMED: usize = 20;
/// A page with an open socket polls every 15 s, so a change that shows sooner than this was told.
const AT_ONCE: u64 = 1000;
/// The pause between two polls with a socket, and a little.
const WATCHED_POLL: u64 = 18_000;
/// The longest pause between two polls without a socket, and a little.
const ONE_POLL: u64 = 7000;

/// Notes in a page when it begins to sign in, and how many sockets it opened; `how` may spoil each socket.
fn notes(how: &str) -> String {
    format!(
        "window.sockets = []; const Real = WebSocket;
         window.WebSocket = class extends Real {{
           constructor(url, protocols) {{ super({how}); window.sockets.push(this); }}
         }};
         addEventListener('DOMContentLoaded', () => {{
           const main = document.querySelector('main');
           const note = () => {{
             if (main.dataset.state === 'signing-in') localStorage.setItem('signing-in', Date.now());
           }};
           new MutationObserver(note).observe(main, {{ attributes: true }});
         }});"
    )
}

/// A screen whose person holds a phone that is signed in.
struct Waiting {
    person: Person,
    phone: Phone,
}

impl Waiting {
    /// Before a browser whose sockets are opened so.
    async fn with(how: &str) -> Self {
        let person = Person::at_a_blank_screen(English).await;
        let phone = Phone::signed_in(&person.service).await;
        person.screen.prepare(&notes(how)).await;
        Self { person, phone }
    }

    fn screen(&self) -> &Browser {
        &self.person.screen
    }

    /// Opens the sign-in page; what it keeps of its code.
    async fn opens(&self) -> Value {
        self.screen().go_to(&format!("{}/", self.person.service.url)).await;
        self.screen().reaches("waiting").await;
        let kept = self.screen().run("return sessionStorage.getItem('saoma.screen')").await;
        serde_json::from_str(kept.as_str().unwrap()).unwrap()
    }

    async fn has_an_open_socket(&self) {
        let open = "return window.sockets.some((socket) => socket.readyState === 1)";
        let is_open = async || (self.screen().run(open).await == true).then_some(());
        eventually("an open socket", is_open).await;
    }

    /// A step of the phone, which read the first QR of the page.
    async fn step(&self, code: &Value, step: &str) {
        let [code_text, tags] = [&code["code"], &code["rotate"]["tags"]].map(|it| it.as_str().unwrap());
        let path = format!("/q/{code_text}-{}/{step}", &tags[..5]);
        self.phone.post(&path, &json!({"matchNumber": code["matchNumber"]})).await.good();
    }

    /// Confirms on the phone; how many milliseconds later the screen showed it.
    async fn confirms(&self, code: &Value) -> u64 {
        self.screen().run("localStorage.removeItem('signing-in')").await;
        let confirmed = SystemClock.now();
        self.step(code, "confirm").await;
        let noted = async || {
            let noted = self.screen().run("return localStorage.getItem('signing-in')").await;
            noted.as_str().and_then(|noted| noted.parse::<u64>().ok())
        };
        let shown = eventually("a screen that signs in", noted).await;
        self.screen().reaches("signed-in").await;
        shown.saturating_sub(confirmed.millis())
    }
}

#[tokio::test]
async fn a_confirm_changes_the_screen_at_once() {
    let waiting = Waiting::with("url, protocols").await;
    let mut took = Vec::new();
    for _ in 0..TIMED {
        let code = waiting.opens().await;
        waiting.has_an_open_socket().await;
        waiting.step(&code, "scan").await;
        waiting.screen().reaches("scanned").await;
        took.push(waiting.confirms(&code).await);
    }
    took.sort_unstable();
    let (p50, longest) = (took[TIMED / 2], took[TIMED - 1]);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("socket-milliseconds.json");
    std::fs::write(file, json!({"confirmToScreen": took}).to_string()).unwrap();
    assert!(p50 < AT_ONCE, "p50 {p50} ms, longest {longest} ms: {took:?}");
}

#[tokio::test]
async fn with_the_socket_port_closed_a_confirm_shows_within_one_poll() {
    // No server listens there. The page's policy would refuse that address before the network does.
    let waiting = Waiting::with("'ws://localhost:9/', protocols").await;
    waiting.screen().devtools("Page.setBypassCSP", json!({"enabled": true})).await;
    let code = waiting.opens().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    let took = waiting.confirms(&code).await;
    assert!(took < ONE_POLL, "{took} ms");
}

#[tokio::test]
async fn where_sockets_break_a_screen_tries_a_few_times_and_polls() {
    let waiting = Waiting::with("url, protocols").await;
    let breaks = "const Whole = WebSocket; window.WebSocket = class extends Whole { \
         constructor(...all) { super(...all); this.addEventListener('open', () => this.close()); } };";
    waiting.screen().prepare(breaks).await;
    let code = waiting.opens().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    let sockets = waiting.screen().run("return window.sockets.length").await;
    assert_eq!(sockets, 4, "one, and three tries");
    let took = waiting.confirms(&code).await;
    assert!(took < ONE_POLL, "{took} ms");
}

#[tokio::test]
async fn a_screen_that_slept_knows_on_waking() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    let first = waiting.screen().tab().await;
    waiting.screen().devtools("Page.setWebLifecycleState", json!({"state": "frozen"})).await;
    waiting.screen().new_tab("about:blank").await; // a page that is frozen is out of sight
    waiting.step(&code, "confirm").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    waiting.screen().switch_to(&first).await;
    waiting.screen().devtools("Page.setWebLifecycleState", json!({"state": "active"})).await;
    waiting.screen().reaches("signed-in").await;
}

#[tokio::test]
async fn a_screen_that_is_told_nothing_still_signs_in() {
    let waiting = Waiting::with("url, protocols").await;
    let deaf =
        "const Hearing = WebSocket; window.WebSocket = class extends Hearing { set onmessage(heard) {} };";
    waiting.screen().prepare(deaf).await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    let took = waiting.confirms(&code).await;
    assert!(took > AT_ONCE && took < WATCHED_POLL, "{took} ms");
}

#[tokio::test]
async fn on_another_network_a_screen_watches_again() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    waiting.step(&code, "scan").await;
    let screen = waiting.screen();
    screen.reaches("scanned").await;
    screen.connect(Network::Gone).await;
    until(screen, "a closed socket", "window.sockets.every((socket) => socket.readyState > 1)").await;
    let back = json!({"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    screen.devtools("Network.emulateNetworkConditions", back).await;
    waiting.has_an_open_socket().await;
    let took = waiting.confirms(&code).await;
    assert!(took < AT_ONCE, "{took} ms");
}

/// Opens a socket of the test's own in a page, and notes what comes of it under this name.
fn opens(name: &str, code: &Value) -> String {
    let (url, watch) = (&code["socketUrl"], &code["watch"]);
    format!(
        "const mine = window.{name} = {{ heard: [] }};
         mine.socket = new WebSocket({url}, ['saoma.v1', {watch}]);
         mine.socket.onopen = () => {{ mine.protocol = mine.socket.protocol; }};
         mine.socket.onmessage = ({{ data }}) => mine.heard.push(data);
         mine.socket.onclose = ({{ code }}) => {{ mine.closed = code; }};"
    )
}

/// Waits until what was noted holds.
async fn until(page: &Browser, what: &str, holds: &str) {
    let script = format!("return Boolean({holds})");
    eventually(what, async || (page.run(&script).await == true).then_some(())).await;
}

// W11
#[tokio::test]
async fn what_a_screen_sends_is_ignored_and_ends_no_other_socket() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    let page = waiting.screen();
    page.run(&opens("quiet", &code)).await;
    page.run(&opens("loud", &code)).await;
    until(page, "both open", "quiet.protocol === 'saoma.v1' && loud.protocol === 'saoma.v1'").await;
    let sends = "for (const it of ['', 'garbage', '{\"action\": \"$disconnect\"}', '[', new Uint8Array([0, 255])]) loud.socket.send(it);
         loud.socket.send('x'.repeat(1 << 20));";
    page.run(sends).await;
    waiting.step(&code, "scan").await;
    until(page, "a message", "quiet.heard.length === 1").await;
    assert_eq!(page.run("return quiet.heard[0]").await, r#"{"poll": true}"#);
    let others = page.run("return loud.heard.filter((it) => it !== '{\"poll\": true}')").await;
    assert_eq!(others, json!([]), "nothing but that is ever said");
    page.reaches("scanned").await;
}

// W11
#[tokio::test]
async fn of_many_sockets_of_a_session_the_newest_three_are_told() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    let page = waiting.screen();
    for name in ["one", "two", "three", "four"] {
        page.run(&opens(name, &code)).await;
        until(page, "it is open", &format!("{name}.protocol")).await;
    }
    waiting.step(&code, "scan").await;
    until(page, "three are told", "[two, three, four].every((it) => it.heard.length === 1)").await;
    assert_eq!(page.run("return one.heard").await, json!([]));
}

// W11
#[tokio::test]
async fn a_page_of_another_site_opens_no_socket() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    let site = Site::found().await;
    let origin = site.origin.clone();
    site.shows("<!doctype html><title>Another site</title><main></main>");
    let page = waiting.screen();
    page.new_tab(&format!("{origin}/")).await;
    page.run(&opens("mine", &code)).await;
    until(page, "it is refused", "mine.closed").await;
    assert_eq!(page.run("return mine.protocol ?? 'none'").await, "none");
}
