//! A phone that waits for questions at `/phone`: told over its socket, in a real browser, and one whose socket does not work
//! (`docs/remembered.md`).

use std::time::Duration;

use saoma_app::system::SystemClock;
use saoma_domain::ports::Clock;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    browser::{Browser, Language::English, Network},
    people::Person,
    phone::Phone,
    region::Region,
    service::eventually,
};

/// A page with an open socket asks each 15 s, so a change that shows sooner than this was told.
const AT_ONCE: u64 = 1500;
/// The pause between two looks with a socket, and a little.
const WATCHED_LOOK: u64 = 18_000;
/// The same without a socket.
const ONE_LOOK: u64 = 5500;
/// How many questions a client may ask a person within ten minutes.
const QUESTIONS: usize = 3;

/// Notes in a page its sockets, and when it came to which state; `how` may spoil each socket.
fn notes(how: &str) -> String {
    format!(
        "window.sockets = []; window.states = []; const Real = WebSocket;
         window.WebSocket = class extends Real {{
           constructor(url, protocols) {{ super({how}); window.sockets.push(this); }}
         }};
         addEventListener('DOMContentLoaded', () => {{
           const main = document.querySelector('main');
           const note = () => window.states.push([main.dataset.state, Date.now()]);
           new MutationObserver(note).observe(main, {{ attributes: true, attributeFilter: ['data-state'] }});
         }});"
    )
}

/// A person whose phone shows the list of what waits, and a client that may ask them.
struct Waiting {
    person: Person,
    phone: Phone,
    region: Region,
    uin: u64,
}

impl Waiting {
    /// In a browser whose sockets are opened so, and which this script spoils besides.
    async fn with(how: &str, spoils: &str) -> Self {
        let person = Person::at_a_blank_screen(English).await;
        let phone = Phone::signed_in(&person.service).await;
        let region = Region::registered(&person.service).await;
        let shown = region.first(&region.asks(None).await).await;
        let path = shown["imgBuf"].as_str().unwrap().to_lowercase().split_once("/q/").unwrap().1.to_owned();
        for step in ["scan", "confirm"] {
            phone.post(&format!("/q/{path}/{step}"), &json!({})).await.good();
        }
        let uin = phone.member_id.parse().unwrap();
        let page = &person.screen;
        page.prepare(&notes(how)).await;
        page.prepare(spoils).await;
        phone.signs_in_on(&person.service, page).await;
        let it = Self { person, phone, region, uin };
        it.page().go_to(&format!("{}/phone", it.person.service.url)).await;
        it.page().reaches("prompts").await;
        it
    }

    fn page(&self) -> &Browser {
        &self.person.screen
    }

    async fn has_an_open_socket(&self) {
        let open = "return window.sockets.some((socket) => socket.readyState === 1)";
        let is_open = async || (self.page().run(open).await == true).then_some(());
        eventually("an open socket", is_open).await;
        sleep(Duration::from_secs(2)).await; // the look that an opening socket asks for is done
    }

    /// Waits until the page has come to this state after this moment; how many milliseconds after.
    async fn shows(&self, state: &str, after: u64) -> u64 {
        let script = format!(
            "return window.states.find(([state, at]) => state === '{state}' && at >= {after})?.[1] ?? null"
        );
        let at = async || self.page().run(&script).await.as_u64();
        eventually(state, at).await - after
    }

    /// The client asks; how many milliseconds later the page shows it. And the question's id.
    async fn is_asked(&self) -> (u64, String) {
        let began = SystemClock.now().millis();
        let trace = self.region.asks(Some(self.uin)).await;
        (self.shows("consent", began).await, trace)
    }

    /// The person answers on another phone; how many milliseconds later this one shows that it is over.
    async fn answers_elsewhere(&self, trace: &str) -> u64 {
        let began = SystemClock.now().millis();
        self.phone.post("/login/answer", &json!({"traceId": trace, "accept": true})).await.good();
        self.shows("gone", began).await
    }
}

#[tokio::test]
async fn a_question_comes_and_goes_at_once() {
    let waiting = Waiting::with("url, protocols", "").await;
    waiting.has_an_open_socket().await;
    let mut took = Vec::new();
    for _ in 0..QUESTIONS {
        let (came, trace) = waiting.is_asked().await;
        // A press within half a second counts for nothing, so the other phone is not faster than a hand.
        sleep(Duration::from_secs(1)).await;
        let went = waiting.answers_elsewhere(&trace).await;
        took.push((came, went));
        waiting.page().reaches("prompts").await;
        sleep(Duration::from_secs(1)).await;
    }
    assert!(took.iter().all(|(came, went)| *came < AT_ONCE && *went < AT_ONCE), "{took:?}");
    assert_eq!(waiting.page().run("return window.sockets.length").await, 1, "one socket for all of them");
}

#[tokio::test]
async fn with_a_socket_that_cannot_open_a_question_shows_within_one_look() {
    // The page's policy refuses this address.
    let waiting = Waiting::with("'ws://localhost:9/', protocols", "").await;
    let (came, trace) = waiting.is_asked().await;
    let open = "return window.sockets.some((socket) => socket.readyState === 1)";
    assert_eq!(waiting.page().run(open).await, false);
    assert!(came < ONE_LOOK, "{came} ms");
    let went = waiting.answers_elsewhere(&trace).await;
    assert!(went < ONE_LOOK, "{went} ms");
}

#[tokio::test]
async fn a_phone_that_is_told_nothing_still_shows_a_question() {
    let deaf =
        "const Hearing = WebSocket; window.WebSocket = class extends Hearing { set onmessage(heard) {} };";
    let waiting = Waiting::with("url, protocols", deaf).await;
    waiting.has_an_open_socket().await;
    let (came, _) = waiting.is_asked().await;
    assert!((AT_ONCE..WATCHED_LOOK).contains(&came), "{came} ms");
}

#[tokio::test]
async fn on_another_network_a_phone_watches_again() {
    let waiting = Waiting::with("url, protocols", "").await;
    waiting.has_an_open_socket().await;
    let page = waiting.page();
    page.connect(Network::Gone).await;
    let closed = "return window.sockets.every((socket) => socket.readyState > 1)";
    eventually("a closed socket", async || (page.run(closed).await == true).then_some(())).await;
    let back = json!({"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    page.devtools("Network.emulateNetworkConditions", back).await;
    waiting.has_an_open_socket().await;
    let (came, trace) = waiting.is_asked().await;
    let went = waiting.answers_elsewhere(&trace).await;
    assert!(came < AT_ONCE && went < AT_ONCE, "{came} ms, {went} ms");
}

#[tokio::test]
async fn a_phone_that_slept_shows_a_question_on_waking() {
    let waiting = Waiting::with("url, protocols", "").await;
    waiting.has_an_open_socket().await;
    let page = waiting.page();
    let tab = page.sleeps().await;
    // Its person was there a moment ago, so the question waits for a minute.
    let trace = waiting.region.asks(Some(waiting.uin)).await;
    let asked: Value = waiting.region.first(&trace).await;
    assert_eq!(asked["resultType"], "LOGIN_scan", "{asked}");
    sleep(Duration::from_secs(25)).await;
    page.wakes(&tab).await;
    page.reaches("consent").await;
    waiting.has_an_open_socket().await;
    let went = waiting.answers_elsewhere(&trace).await;
    assert!(went < AT_ONCE, "{went} ms");
}

// Who signs out is told no more.
#[tokio::test]
async fn a_phone_that_signs_out_closes_its_socket() {
    let waiting = Waiting::with("url, protocols", "").await;
    waiting.has_an_open_socket().await;
    waiting.page().press("sign-out").await;
    waiting.page().reaches("phone-number").await;
    let closed = "return window.sockets.every((socket) => socket.readyState > 1)";
    let is_closed = async || (waiting.page().run(closed).await == true).then_some(());
    eventually("a closed socket", is_closed).await;
}
