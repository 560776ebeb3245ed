//! A headless Chromium, driven over `WebDriver` (W3C) by chromedriver.
//!
//! It needs a dozen calls of a plain JSON protocol. A client library would bring more code than this.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    axe,
    driver::{Driver, Profile},
    service::{PATIENCE, eventually},
    traffic::Traffic,
};

/// No sandbox, because root in a container has none; nothing that calls home or starts up slowly.
const FLAGS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
/// The member of an answer that refers to an element (`WebDriver`, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The colours that people like, those of a new browser first.
const SCHEMES: [&str; 2] = ["light", "dark"];

/// Whether every animation has ended, except those that run forever.
const AT_REST: &str = "return document.getAnimations().every((each) => each.playState !== 'running' \
     || each.effect.getComputedTiming().iterations === Infinity)";

/// The language of a browser's user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    /// As a BCP 47 tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }
}

/// The screen of a browser.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Glass {
    /// A PC: 1280 by 900.
    Desk,
    /// A phone: 360 by 740, two pixels to each.
    Hand,
    /// A large screen: 1920 by 1080.
    Wall,
}

/// The network of a browser.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Network {
    Gone,
    /// Each call takes three seconds.
    Slow,
}

/// How a browser is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Habit {
    Plain,
    /// It keeps no site data: no cookies, no storage, no locks.
    KeepsNothing,
    /// It logs each request and its answer.
    WritesDown,
}

/// A browser with a profile of its own. Dropping it ends all its processes.
pub(crate) struct Browser {
    // Dropped first, together with every process that writes to the profile.
    _driver: Driver,
    profile: Profile,
    session: String,
    http: reqwest::Client,
    glass: Glass,
}

impl Browser {
    /// A browser with default settings.
    pub(crate) async fn open(language: Language, glass: Glass) -> Self {
        Self::with(language, glass, Habit::Plain).await
    }

    /// The same, with these settings.
    pub(crate) async fn with(language: Language, glass: Glass, habit: Habit) -> Self {
        let profile = Profile::new();
        let driver = Driver::start();
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let session = format!("http://127.0.0.1:{}/session", driver.port());
        let mut browser = Self { _driver: driver, profile, session, http, glass };
        let new = browser.call("", &browser.capabilities(language, habit)).await;
        browser.session = format!("{}/{}", browser.session, new["sessionId"].as_str().unwrap());
        browser.look_through(glass).await;
        browser
    }

    fn capabilities(&self, language: Language, habit: Habit) -> Value {
        let tag = language.tag();
        let own = [format!("--lang={tag}"), format!("--user-data-dir={}", self.profile.path().display())];
        let args: Vec<_> = FLAGS.into_iter().map(str::to_owned).chain(own).collect();
        let mut options = json!({"args": args, "prefs": {"intl.accept_languages": tag}});
        if habit == Habit::KeepsNothing {
            options["prefs"]["profile.default_content_setting_values.cookies"] = 2.into();
        }
        let mut wanted = json!({"browserName": "chrome", "goog:chromeOptions": options});
        if habit == Habit::WritesDown {
            wanted["goog:loggingPrefs"] = json!({"performance": "ALL"});
        }
        json!({"capabilities": {"alwaysMatch": wanted}})
    }

    /// Opens an address.
    pub(crate) async fn go_to(&self, address: &str) {
        self.call("/url", &json!({"url": address})).await;
    }

    /// Loads the page again.
    pub(crate) async fn reload(&self) {
        self.call("/refresh", &json!({})).await;
    }

    /// Its current address.
    pub(crate) async fn address(&self) -> String {
        self.run("return location.href").await.as_str().unwrap().to_owned()
    }

    /// Waits until the page says that it is in this state.
    pub(crate) async fn reaches(&self, state: &str) {
        let reached = async || (self.state().await == state).then_some(());
        let what = format!("a page that is {state}");
        let waits = tokio::time::timeout(PATIENCE.mul_f32(0.95), eventually(&what, reached));
        if waits.await.is_err() {
            let shown = self.run("return document.querySelector('main')?.innerText ?? ''").await;
            panic!("the page is not {state} but {}, and says: {shown}", self.state().await);
        }
    }

    /// What the page says of its state.
    async fn state(&self) -> Value {
        self.run("return document.querySelector('main')?.dataset.state ?? ''").await
    }

    /// The text that a person reads there.
    pub(crate) async fn text(&self, testid: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        let read = self.run_with(script, &json!([css(testid)])).await;
        read.as_str().unwrap().trim().to_owned()
    }

    /// Whether a person sees it.
    pub(crate) async fn shows(&self, testid: &str) -> bool {
        let script = "return Boolean(document.querySelector(arguments[0])?.offsetParent)";
        self.run_with(script, &json!([css(testid)])).await == true
    }

    /// Waits until an attribute has a value.
    pub(crate) async fn has(&self, testid: &str, attribute: &str, value: &str) {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1])";
        let arguments = json!([css(testid), attribute]);
        let there = async || (self.run_with(script, &arguments).await == value).then_some(());
        eventually(&format!("{testid} with {attribute} {value}"), there).await;
    }

    /// Presses the element with this test id.
    pub(crate) async fn press(&self, testid: &str) {
        self.press_at(&css(testid)).await;
    }

    /// Presses the element that this selector finds, as soon as it can be pressed.
    pub(crate) async fn press_at(&self, selector: &str) {
        // In the middle of the glass: buttons that stay at the bottom cover what is there.
        let into_sight = "document.querySelector(arguments[0])?.scrollIntoView({block: 'center'})";
        let pressed = async || {
            self.run_with(into_sight, &json!([selector])).await;
            let element = self.find(selector).await?;
            self.attempt(&format!("/element/{element}/click"), &json!({})).await.ok()
        };
        eventually(&format!("{selector} to press"), pressed).await;
    }

    /// Types into a field, as soon as it takes keys.
    pub(crate) async fn write(&self, testid: &str, text: &str) {
        let written = async || {
            let element = self.find(&css(testid)).await?;
            self.attempt(&format!("/element/{element}/value"), &json!({"text": text})).await.ok()
        };
        eventually(&format!("{testid} to write into"), written).await;
    }

    async fn find(&self, selector: &str) -> Option<String> {
        let found = self.attempt("/element", &json!({"using": "css selector", "value": selector})).await;
        Some(found.ok()?[ELEMENT].as_str()?.to_owned())
    }

    /// Runs a script in the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.run_with(script, &json!([])).await
    }

    /// Runs a script in the page. Gives an empty text when the browser is just leaving the page.
    async fn run_with(&self, script: &str, arguments: &Value) -> Value {
        self.attempt("/execute/sync", &json!({"script": script, "args": arguments}))
            .await
            .unwrap_or(json!(""))
    }

    /// The visible part of the page, as PNG.
    pub(crate) async fn screenshot(&self) -> Vec<u8> {
        // Reads an answer without a body, so `attempt` cannot.
        let answer = self.http.get(format!("{}/screenshot", self.session)).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        STANDARD.decode(answer["value"].as_str().unwrap_or_else(|| panic!("{answer}"))).unwrap()
    }

    /// Makes its person like `light` or `dark` pages.
    pub(crate) async fn turn(&self, scheme: &str) {
        let like = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", like).await;
        // Colours fade over; what looks at the page looks at the new ones.
        let faded = "return Promise.all(document.getAnimations().filter((each) => each instanceof CSSTransition) \
             .map((each) => each.finished.catch(() => null))).then(() => true)";
        self.run(faded).await;
    }

    /// Changes its network.
    pub(crate) async fn connect(&self, network: Network) {
        let (offline, latency) = match network {
            Network::Gone => (true, 0),
            Network::Slow => (false, 3000),
        };
        self.devtools("Network.enable", json!({})).await;
        let so =
            json!({"offline": offline, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", so).await;
    }

    /// Runs a script in each page before any of its own.
    pub(crate) async fn prepare(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Opens an address in a new tab and switches to it. Returns the tab.
    pub(crate) async fn new_tab(&self, address: &str) -> String {
        let tab = self.call("/window/new", &json!({"type": "tab"})).await;
        let tab = tab["handle"].as_str().unwrap().to_owned();
        self.switch_to(&tab).await;
        self.go_to(address).await;
        tab
    }

    /// The current tab.
    pub(crate) async fn tab(&self) -> String {
        self.tabs("/window").await.as_str().unwrap().to_owned()
    }

    /// The newest tab.
    pub(crate) async fn newest_tab(&self) -> String {
        let tabs = self.tabs("/window/handles").await;
        tabs.as_array().unwrap().last().unwrap().as_str().unwrap().to_owned()
    }

    async fn tabs(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.session)).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["value"].take()
    }

    /// Switches to another tab.
    pub(crate) async fn switch_to(&self, tab: &str) {
        self.call("/window", &json!({"handle": tab})).await;
        self.look_through(self.glass).await;
    }

    /// Freezes the page, as a device does that sleeps. Returns its tab.
    pub(crate) async fn sleeps(&self) -> String {
        let tab = self.tab().await;
        self.devtools("Page.setWebLifecycleState", json!({"state": "frozen"})).await;
        self.new_tab("about:blank").await; // a page that is frozen is out of sight
        tab
    }

    /// Wakes the page of a tab that sleeps, in the sight of its person.
    pub(crate) async fn wakes(&self, tab: &str) {
        self.switch_to(tab).await;
        self.devtools("Page.setWebLifecycleState", json!({"state": "active"})).await;
    }

    /// The network traffic since the last call.
    pub(crate) async fn traffic(&self) -> Traffic {
        let log = self.call("/se/log", &json!({"type": "performance"})).await;
        Traffic::read(log.as_array().unwrap())
    }

    /// Sends a command of the `DevTools` protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.call("/goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await
    }

    /// Presses a key, as a person does who uses no mouse.
    pub(crate) async fn press_key(&self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let press =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.devtools("Input.dispatchKeyEvent", press).await;
        }
    }

    /// Saves the whole page in its present state, on all screens, in light and in dark, to `target/screenshots`. On none does
    /// it go beyond the edge, and a checker that is not ours finds nothing in it that keeps people out ([`crate::axe`]).
    pub(crate) async fn shoot(&self, language: Language, name: &str) {
        self.shoot_after(language, name, async |state| axe::finds_nothing(self, state).await).await;
    }

    /// The same of a page that its script has not made ready for people, so no checker looks at it.
    pub(crate) async fn shoot_unready(&self, language: Language, name: &str) {
        self.shoot_after(language, name, async |_| ()).await;
    }

    /// Saves the pictures of each scheme after this check.
    async fn shoot_after(&self, language: Language, name: &str, check: impl AsyncFn(&str)) {
        let state = self.state().await;
        for scheme in SCHEMES {
            self.turn(scheme).await;
            let shade = if scheme == SCHEMES[0] { String::new() } else { format!("{scheme}-") };
            let name = format!("{}-{shade}{name}", language.tag());
            check(&name).await;
            for glass in [Glass::Desk, Glass::Wall, Glass::Hand] {
                self.look_through(glass).await;
                // A state that passes by itself, such as `loading`, may be over.
                if self.state().await == state {
                    self.shoot_through(glass, &name).await;
                }
            }
            self.look_through(self.glass).await;
        }
        self.turn(SCHEMES[0]).await;
    }

    async fn shoot_through(&self, glass: Glass, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        eventually("a page at rest", async || (self.run(AT_REST).await == true).then_some(())).await;
        // Not `innerWidth`: a phone shows more of a page that is too wide.
        let wide = self.run("return document.documentElement.scrollWidth").await.as_u64();
        let fits = wide.is_some_and(|wide| wide <= u64::from(glass.width()));
        assert!(fits, "{name} is {wide:?} px wide on a screen of {} px", glass.width());
        let png = self.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await;
        let png = STANDARD.decode(png["data"].as_str().unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}-{}.png", glass.width())), png).unwrap();
    }

    async fn look_through(&self, glass: Glass) {
        let (height, scale, mobile) = match glass {
            Glass::Desk => (900, 1, false),
            Glass::Hand => (740, 2, true),
            Glass::Wall => (1080, 1, false),
        };
        let metrics =
            json!({"width": glass.width(), "height": height, "deviceScaleFactor": scale, "mobile": mobile});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    async fn call(&self, path: &str, body: &Value) -> Value {
        self.attempt(path, body).await.unwrap_or_else(|refused| panic!("WebDriver, {path}: {refused}"))
    }

    /// One call of the protocol. A refusal comes back in chromedriver's own words.
    async fn attempt(&self, path: &str, body: &Value) -> Result<Value, Value> {
        let answer = self.http.post(format!("{}{path}", self.session)).json(body).send().await;
        let mut answer: Value = answer.unwrap_or_else(|error| panic!("{error:?}")).json().await.unwrap();
        let value = answer["value"].take();
        if value["error"].is_string() { Err(value) } else { Ok(value) }
    }
}

impl Glass {
    fn width(self) -> u32 {
        match self {
            Self::Desk => 1280,
            Self::Hand => 360,
            Self::Wall => 1920,
        }
    }
}

fn css(testid: &str) -> String {
    format!("[data-testid={testid}]")
}
