//! The code flow with PKCE (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1).

use acceptance::{Answer, Call, LOGO, Person, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use saoma_domain::{
    client::Client,
    oauth::{ClientAuth, GrantType, OauthClient, RedirectUri},
    session::{Dialect, MatchPolicy, Session},
};
use serde_json::{Value, json};
use url::Url;

use super::{Conversation, DEVICE_GRANT, claims, form, pass, refused};
use crate::{
    crowd::{ROUNDS, get_one_token_set},
    pages, rotating,
    web::basic,
};

pub(crate) const SITE: &str = "my-site";
pub(crate) const CALLBACK: &str = "https://shop.example/cb?from=qr";
/// Where its browser goes after it was signed out.
pub(crate) const GOODBYE: &str = "https://shop.example/bye?from=saoma";
/// The pair of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The parameters of a good request.
pub(crate) const GOOD: [(&str, &str); 8] = [
    ("response_type", "code"),
    ("client_id", SITE),
    ("redirect_uri", CALLBACK),
    ("scope", "openid profile"),
    ("state", "af0&ifjsldkj"),
    ("nonce", "n-0S6_WzA2Mj"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

pub(crate) fn register(world: &World, id: &str, auth: ClientAuth) -> String {
    let grants = vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode];
    register_for(world, id, auth, grants)
}

/// Registers a client for these grants; its secret comes back.
pub(crate) fn register_for(world: &World, id: &str, auth: ClientAuth, grants: Vec<GrantType>) -> String {
    let redirect_uris = [CALLBACK, "http://127.0.0.1/cb"].iter().filter_map(|uri| RedirectUri::parse(uri));
    let logout_uris = vec![RedirectUri::parse(GOODBYE).unwrap()];
    let redirect_uris = redirect_uris.collect();
    let oauth = OauthClient { redirect_uris, logout_uris, grants, auth, ..OauthClient::default() };
    let secret =
        world.register_client(id, |client| Client { dialects: vec![Dialect::Oauth], oauth, ..client });
    secret.reveal().to_owned()
}

pub(super) async fn with_site() -> (World, Person) {
    let world = World::default();
    register(&world, SITE, ClientAuth::None);
    let person = world.sign_in("13800138000").await;
    (world, person)
}

pub(crate) fn query(pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The good request with some parameters changed; an empty value leaves one out.
pub(crate) fn with(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        GOOD.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, value) in changes {
        pairs.retain(|(kept, _)| kept != name);
        if !value.is_empty() {
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    pairs
}

async fn authorize(world: &World, changes: &[(&str, &str)]) -> Answer {
    world.call(authorizing(changes)).await
}

/// The call of a browser that a client sends.
pub(crate) fn authorizing(changes: &[(&str, &str)]) -> Call {
    let pairs = with(changes);
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Call::get(&format!("/oauth/authorize?{}", query(&pairs)))
}

/// The parameters of an address.
pub(crate) fn parameters(url: &str) -> Value {
    let url = Url::parse(url).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect()
}

/// The page that shows the QR of a request.
pub(crate) struct Page {
    pub(crate) sealed: String,
    pub(crate) shown: Value,
}

impl Page {
    pub(crate) async fn open(world: &World) -> Self {
        Self::open_with(world, &[]).await
    }

    pub(crate) async fn open_with(world: &World, changes: &[(&str, &str)]) -> Self {
        let found = authorize(world, changes).await;
        assert_eq!(found.status, 302, "{}", found.whole());
        let (_, sealed) = found.header("location").split_once("/authorize#").unwrap();
        Self::begin(world, sealed).await
    }

    pub(crate) async fn begin(world: &World, sealed: &str) -> Self {
        let begun = world.call(Call::post("/oauth/authorize/begin").json(&json!({"request": sealed}))).await;
        assert_eq!(begun.status, 200, "{}", begun.whole());
        Self { sealed: sealed.to_owned(), shown: begun.json() }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.shown[name].as_str().unwrap()
    }

    /// What its first QR holds.
    pub(crate) fn read(&self) -> String {
        format!("{}-{}", self.text("code"), rotating::tags(&self.shown["rotate"])[0])
    }

    pub(crate) fn session(&self, world: &World) -> Session {
        world.session(self.text("code"))
    }

    fn polls(&self) -> Call {
        Call::get("/oauth/authorize/status").header("token", self.text("pollToken"))
    }

    pub(crate) async fn status(&self, world: &World) -> Answer {
        world.call(self.polls()).await
    }

    /// The person scans, picks the number and agrees; the code that the page is sent on with.
    pub(crate) async fn approved_by(&self, world: &World, person: &Person) -> String {
        let url = self.agreed_by(world, person).await.text("url");
        parameters(&url)["code"].as_str().unwrap().to_owned()
    }

    /// The same; the whole answer that the page gets.
    pub(crate) async fn agreed_by(&self, world: &World, person: &Person) -> Answer {
        self.confirmed_by(world, person).await;
        self.status(world).await
    }

    /// The person scans, picks the number and agrees, and the page does not know it yet.
    pub(crate) async fn confirmed_by(&self, world: &World, person: &Person) {
        let picked = json!({"matchNumber": self.text("matchNumber")});
        for (step, body) in [("scan", json!({})), ("confirm", picked)] {
            let answer = pages::step(world, step, person, &self.read(), &body).await;
            assert_eq!(answer.status, 200, "{}", answer.whole());
        }
    }
}

/// The tokens of a good exchange.
pub(super) async fn answered_tokens(world: &World, code: &str) -> Answer {
    let tokens = world.call(exchange(code, &[])).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    tokens
}

/// The exchange of a code, with some parameters changed.
pub(crate) fn exchange(code: &str, changes: &[(&str, &str)]) -> Call {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("client_id", SITE),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        pairs.retain(|(kept, _)| kept != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    form("/oauth/token", &pairs)
}

#[tokio::test]
async fn a_whole_login_by_the_code_flow() {
    let (world, person) = with_site().await;
    let mut conversation = Conversation::with(&world);
    let found = conversation.says(authorizing(&[])).await;
    assert_eq!(found.status, 302);
    let (page, sealed) = found.header("location").split_once('#').unwrap();
    assert_eq!(page, "https://login.example.com/authorize");
    assert_eq!(world.memory.sessions().len(), 0, "a request stores nothing");
    let page = Page::begin(&world, sealed).await;
    let mut shown = page.shown.clone();
    assert_eq!(rotating::tags(&shown["rotate"]).len(), 20);
    assert!(page.text("pollToken").ends_with(sealed));
    shown["rotate"] = json!("(the QRs)");
    shown["pollToken"] = json!("(the key and the request)");
    assert_snapshot!("code_shown", format!("{shown:#}"));
    assert_eq!(page.session(&world).match_policy, MatchPolicy::Pick);
    conversation.says(page.polls()).await;
    let scanned = pages::step(&world, "scan", &person, &page.read(), &json!({})).await;
    assert_eq!(scanned.json()["consent"]["scopes"], json!(["profile", "offline_access"]));
    pass(&world, 2);
    assert_eq!(page.status(&world).await.text("state"), "scanned");
    let picked = json!({"matchNumber": page.text("matchNumber")});
    pages::step(&world, "confirm", &person, page.text("code"), &picked).await;
    let confirmed = conversation.says(page.polls()).await;
    assert_eq!(confirmed.text("state"), "confirmed");
    let url = confirmed.text("url");
    assert!(url.starts_with("https://shop.example/cb?from=qr&code="), "{url}");
    let sent = parameters(&url);
    assert_eq!((&sent["state"], &sent["iss"]), (&json!("af0&ifjsldkj"), &json!("https://login.example.com")));
    let tokens = conversation.says(exchange(sent["code"].as_str().unwrap(), &[])).await;
    let userinfo = Call::get("/oauth/userinfo").bearer(&tokens.text("access_token"));
    assert_eq!(conversation.says(userinfo).await.status, 200);
    assert_snapshot!("code_conversation", conversation.text);
    assert_snapshot!("code_claims", format!("{:#}", claims(&tokens.text("id_token"))));
    assert_eq!(page.status(&world).await.text("state"), "used");
    assert_eq!(page.session(&world).version, 4, "four writes: open, scan, confirm, redeem");
}

// W4: nothing is sent to an address that is not known.
#[tokio::test]
async fn a_wrong_client_or_address_is_told_to_the_person() {
    let (world, _) = with_site().await;
    world.register_client("kiosk-only", |client| Client { dialects: vec![Dialect::Kiosk], ..client });
    for changes in [
        ("client_id", ""),
        ("client_id", "nobody"),
        ("client_id", "kiosk-only"),
        ("client_id", "../x"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.example/cb"),
        ("redirect_uri", "https://shop.example/cb"),
        ("redirect_uri", "https://shop.example/cb?from=qr#x"),
        ("redirect_uri", "https://shop.example@evil.example/cb?from=qr"),
        ("redirect_uri", "//shop.example/cb?from=qr"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "http://127.0.0.1:70000/cb"),
        ("redirect_uri", "http://127.0.0.1:80/evil"),
    ] {
        let answer = authorize(&world, &[changes]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""), "{changes:?}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    }
    let twice = format!("/oauth/authorize?{}&client_id={SITE}", query(&GOOD));
    assert_eq!(world.call(Call::get(&twice)).await.status, 400, "W6");
}

#[tokio::test]
async fn what_else_is_wrong_is_told_to_the_client() {
    let (world, _) = with_site().await;
    let long = "x".repeat(2049);
    for (changes, error) in [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "code id_token"), "unsupported_response_type"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("request", "eyJ"), "request_not_supported"),
        (("request_uri", "https://evil.example/r"), "request_uri_not_supported"),
        (("registration", "{}"), "registration_not_supported"),
        (("prompt", "none"), "login_required"),
        (("prompt", "none login"), "invalid_request"),
        (("prompt", "create"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("max_age", "1.5"), "invalid_request"),
        (("id_token_hint", "eyJ"), "invalid_request"),
        (("nonce", long.as_str()), "invalid_request"),
        (("state", long.as_str()), "invalid_request"),
    ] {
        let answer = authorize(&world, &[changes]).await;
        assert_eq!(answer.status, 302, "{changes:?}: {}", answer.whole());
        let location = answer.header("location");
        assert!(location.starts_with("https://shop.example/cb?from=qr&error="), "{location}");
        let sent = parameters(location);
        assert_eq!(sent["error"], error, "{changes:?}");
        assert_eq!(sent["iss"], "https://login.example.com", "RFC 9207");
        let state = if changes.0 == "state" { json!(changes.1) } else { json!("af0&ifjsldkj") };
        assert_eq!(sent.get("state").cloned().unwrap_or_default(), state, "{changes:?}");
    }
    world.command(json!({"do": "client.change", "id": SITE, "grants": ["device_code"]})).await;
    pass(&world, 10);
    let answer = authorize(&world, &[]).await;
    assert_eq!(parameters(answer.header("location"))["error"], "unauthorized_client");
}

#[tokio::test]
async fn a_native_app_gets_its_answer_at_any_port() {
    let (world, person) = with_site().await;
    let at = ("redirect_uri", "http://127.0.0.1:51004/cb");
    let page = Page::open_with(&world, &[at]).await;
    let code = page.approved_by(&world, &person).await;
    refused(
        &world.call(exchange(&code, &[("redirect_uri", "http://127.0.0.1:51005/cb")])).await,
        400,
        "invalid_grant",
    );
    assert_eq!(world.call(exchange(&code, &[at])).await.status, 200);
}

// A5, PKCE downgrade, redirect_uri left out: nothing before the last step uses the code up.
#[tokio::test]
async fn a_code_is_checked_in_order_and_not_used_up() {
    let (world, person) = with_site().await;
    register(&world, "another", ClientAuth::None);
    let secret = register(&world, "server", ClientAuth::ClientSecret);
    let page = Page::open(&world).await;
    let code = page.approved_by(&world, &person).await;
    let before = page.session(&world);
    let bent = format!("{}x", &code[..code.len() - 1]);
    let other = VERIFIER.replace('d', "e");
    for (code, changes, error) in [
        ("", ("client_id", "nobody"), "invalid_request"),
        ("garbage", ("client_id", "nobody"), "invalid_grant"),
        (bent.as_str(), ("client_id", SITE), "invalid_grant"),
        (page.sealed.as_str(), ("client_id", SITE), "invalid_grant"),
        (code.as_str(), ("client_id", "another"), "invalid_grant"),
        (code.as_str(), ("redirect_uri", ""), "invalid_request"),
        (code.as_str(), ("redirect_uri", "http://127.0.0.1/cb"), "invalid_grant"),
        (code.as_str(), ("code_verifier", ""), "invalid_request"),
        (code.as_str(), ("code_verifier", other.as_str()), "invalid_grant"),
        (code.as_str(), ("code_verifier", CHALLENGE), "invalid_grant"),
    ] {
        refused(&world.call(exchange(code, &[changes])).await, 400, error);
    }
    refused(&world.call(exchange(&code, &[("client_id", "nobody")])).await, 401, "invalid_client");
    let as_server = exchange(&code, &[("client_id", "")]).header("authorization", &basic("server", &secret));
    refused(&world.call(as_server).await, 400, "invalid_grant");
    assert_eq!(page.session(&world), before);
    assert_eq!(world.call(exchange(&code, &[])).await.status, 200);
}

// A15
#[tokio::test]
async fn a_client_or_grant_that_is_switched_off_midway_gets_nothing() {
    for (change, status, error) in [
        (json!({"do": "client.disable", "id": SITE}), 401, "invalid_client"),
        (json!({"do": "client.remove", "id": SITE}), 401, "invalid_client"),
        (json!({"do": "client.change", "id": SITE, "grants": ["device_code"]}), 400, "unauthorized_client"),
    ] {
        let (world, person) = with_site().await;
        let page = Page::open(&world).await;
        let code = page.approved_by(&world, &person).await;
        let before = page.session(&world);
        assert_eq!(world.command(change.clone()).await["ok"], true);
        refused(&world.call(exchange(&code, &[])).await, status, error);
        assert_eq!(page.session(&world), before, "{change}");
        pass(&world, 10);
        let begin = Call::post("/oauth/authorize/begin").json(&json!({"request": page.sealed}));
        world.call(begin).await.problem(400, "invalid_request");
    }
}

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_exchanges_at_once_get_one_token_set() {
    for _ in 0..ROUNDS {
        let (world, person) = with_site().await;
        let code = Page::open(&world).await.approved_by(&world, &person).await;
        get_one_token_set(world, exchange(&code, &[])).await;
    }
}

// B8 E18, RFC 6749 section 4.1.2
#[tokio::test]
async fn a_code_that_comes_again_late_revokes_what_it_bore() {
    let (world, person) = with_site().await;
    let page = Page::open(&world).await;
    let (first_code, second_code) = {
        let first = page.approved_by(&world, &person).await;
        let again = parameters(&page.status(&world).await.text("url"))["code"].as_str().unwrap().to_owned();
        (first, again)
    };
    let first = world.call(exchange(&first_code, &[])).await;
    pass(&world, 30);
    assert_eq!(
        world.call(exchange(&first_code, &[])).await.json(),
        first.json(),
        "that answer may have been lost"
    );
    let thief = exchange(&first_code, &[("code_verifier", &VERIFIER.replace('d', "e"))]);
    pass(&world, 1);
    refused(&world.call(thief).await, 400, "invalid_grant");
    let refresh = |token: &str| {
        form(
            "/oauth/token",
            &[("grant_type", "refresh_token"), ("client_id", SITE), ("refresh_token", token)],
        )
    };
    let next = world.call(refresh(&first.text("refresh_token"))).await;
    assert_eq!(next.status, 200, "what is not proven revokes nothing");
    refused(&world.call(exchange(&second_code, &[])).await, 400, "invalid_grant");
    let next = world.call(refresh(&next.text("refresh_token"))).await;
    assert_eq!(next.status, 200, "another code of the session is no replay");
    refused(&world.call(exchange(&first_code, &[])).await, 400, "invalid_grant");
    refused(&world.call(refresh(&next.text("refresh_token"))).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_code_lives_a_minute() {
    let (world, person) = with_site().await;
    let code = Page::open(&world).await.approved_by(&world, &person).await;
    pass(&world, 60);
    refused(&world.call(exchange(&code, &[])).await, 400, "invalid_grant");
}

// A1 A2
#[tokio::test]
async fn a_page_learns_of_its_own_request_alone() {
    let (world, person) = with_site().await;
    let (page, other) = (Page::open(&world).await, Page::open_with(&world, &[("state", "other")]).await);
    page.approved_by(&world, &person).await;
    let key = page.text("pollToken").rsplitn(4, '.').last().unwrap().to_owned();
    let code = page.text("code");
    let secret = other.text("pollToken").split('.').nth(1).unwrap();
    for token in [
        format!("{key}.{}", other.sealed),
        format!("{code}.{secret}.{}", page.sealed),
        key.clone(),
        code.to_owned(),
    ] {
        let asked = Call::get("/oauth/authorize/status").header("token", &token);
        let answer = world.call(asked).await;
        assert!([401, 404].contains(&answer.status.as_u16()), "{}", answer.whole());
    }
    let pairs = [("grant_type", DEVICE_GRANT), ("client_id", SITE), ("device_code", key.as_str())];
    refused(&world.call(form("/oauth/token", &pairs)).await, 400, "invalid_grant");
}

// B7 C6
#[tokio::test]
async fn a_new_qr_ends_the_one_before_and_a_no_goes_back() {
    let (world, _) = with_site().await;
    let page = Page::open(&world).await;
    let begin = Call::post("/oauth/authorize/begin").header("token", page.text("pollToken"));
    let next = world.call(begin.json(&json!({"request": page.sealed}))).await;
    assert_eq!(next.status, 200);
    assert_eq!(page.status(&world).await.text("state"), "cancelled");
    let cancel = Call::post("/oauth/authorize/cancel").header("token", &next.text("pollToken"));
    let back = world.call(cancel.json(&json!({"request": page.sealed}))).await.text("url");
    assert_eq!(
        back,
        "https://shop.example/cb?from=qr&error=access_denied&state=af0%26ifjsldkj&iss=https%3A%2F%2Flogin.example.com"
    );
    let asked = Call::get("/oauth/authorize/status").header("token", &next.text("pollToken"));
    assert_eq!(world.call(asked).await.text("state"), "cancelled");
}

#[tokio::test]
async fn a_request_that_is_too_old_or_changed_shows_no_qr() {
    let (world, _) = with_site().await;
    let page = Page::open(&world).await;
    let bent = page.sealed.replace('a', "b");
    for sealed in ["", "x", bent.as_str(), &"x".repeat(10_000)] {
        let begin = Call::post("/oauth/authorize/begin").json(&json!({"request": sealed}));
        world.call(begin).await.problem(400, "invalid_request");
    }
    pass(&world, 1800);
    let begin = Call::post("/oauth/authorize/begin").json(&json!({"request": page.sealed}));
    world.call(begin).await.problem(400, "invalid_request");
}

// Decision 0031: the picture comes with the answers that name the client, so no page and no phone asks another server for it.
#[tokio::test]
async fn the_screen_and_the_phone_are_given_the_clients_picture() {
    let (world, person) = with_site().await;
    let change = json!({"do": "client.change", "write": "p6Yw3sQd0bV4x1kTzR8uFg", "id": SITE, "logo": STANDARD.encode(LOGO)});
    assert_eq!(world.command(change).await["ok"], true);
    let page = Page::open(&world).await;
    let scanned = pages::step(&world, "scan", &person, &page.read(), &json!({})).await.json();
    let picture = format!("data:image/png;base64,{}", STANDARD.encode(LOGO));
    assert_eq!(page.shown["client"]["logo"], picture);
    assert_eq!(scanned["consent"]["client"]["logo"], picture);
}
