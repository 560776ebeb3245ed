//! A thief with a dump of the tables can sign in nowhere (`docs/security.md` J3).

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use crate::{
    kiosk::Machine,
    oauth::{CHALLENGE, VERIFIER},
    operator::make_client,
    phone::{Phone, fresh_number},
    screen::{Answer, Screen},
    service::Service,
    tables::{Item, Tables},
};

// J3, A1
#[tokio::test]
async fn a_dump_holds_no_token_and_no_secret() {
    let service = Service::served();
    let phone = Phone::signed_in(&service).await;
    let mut secrets = vec![phone.token.clone(), phone.refresh_token.clone()];

    let machine = Machine::shows_a_qr(&service).await;
    phone.post(&machine.path("scan"), &json!({})).await.good();
    phone.post(&machine.path("bind"), &json!({})).await.good();
    secrets.push(machine.own_status().await["memberToken"].as_str().unwrap().to_owned());
    secrets.push(machine.poll_token.clone());

    let pc = Screen::new(&service);
    let opened = pc.get("/qr/code").await.good();
    let code = json!({"code": opened.text("code")});
    phone.post("/qr/lock", &code).await.good();
    phone.post("/qr/activate", &code).await.good();
    let url = pc.get("/qr/login").await.good().text("url");
    let ticket = url.rsplit('=').next().unwrap();
    secrets.push(pc.post("/welcome", None, &json!({"ticket": ticket})).await.good().text("access_token"));
    secrets.push(ticket.to_owned());
    // The pollToken is the code, which is the item's name, and the secret.
    secrets.push(opened.text("pollToken").rsplit('.').next().unwrap().to_owned());

    let client = Client::registered(&service).await;
    secrets.push(client.secret.clone());
    let device = client.device_signed_in(&phone, &mut secrets).await;
    let page = client.browser_signed_in(&phone, &mut secrets).await;

    let dump = Tables::of(&service).dump().await;
    for session in [&machine.id, &opened.text("code"), &device, &page] {
        assert!(dump.iter().any(|item| texts(item).contains(session)), "{session} is in the dump");
    }
    for item in &dump {
        for secret in &secrets {
            assert!(!holds(item, secret), "{secret} is in {item:?}");
        }
        // Six digits are found in any long number by chance, so a code is looked for as a whole.
        assert!(!texts(item).contains(&phone.sms_code), "{item:?}");
    }
}

// J3
#[tokio::test]
async fn nothing_in_a_dump_redeems() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post(&machine.path("scan"), &json!({})).await.good();
    phone.post(&machine.path("bind"), &json!({})).await.good();
    for text in texts(&Tables::of(&service).session(&machine.id).await) {
        // Of all stored values only a browser's name has spaces, and it is not always a valid header value.
        let seen = machine.status(Some(&text.replace(|c: char| !c.is_ascii_graphic(), "_"))).await;
        assert!(seen["memberToken"].is_null(), "{text} redeems");
    }
    assert!(machine.own_status().await["memberToken"].is_string(), "the machine still does");
}

/// A client by OAuth with a secret, which signs people in on a device and in a browser.
struct Client<'a> {
    service: &'a Service,
    id: String,
    secret: String,
    /// Its server, and the device and the browser, which need no cookie.
    screen: Screen,
}

impl<'a> Client<'a> {
    const BACK: &'static str = "https://shop.example/cb";

    async fn registered(service: &'a Service) -> Self {
        let id = format!("stored-{}", &fresh_number()[3..]);
        let words = [
            "DIALECT=oauth".to_owned(),
            "GRANTS=authorization_code,device_code,refresh_token".to_owned(),
            "NAME=Reading Club".to_owned(),
            format!("REDIRECT={}", Self::BACK),
            format!("ID={id}"),
        ];
        let secret = make_client(service, &words).await.secret();
        Self { service, id, secret, screen: Screen::new(service) }
    }

    async fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let own = [("client_id", &*self.id), ("client_secret", &*self.secret)];
        self.screen.post_form(path, &[&own, pairs].concat()).await
    }

    /// Takes the tokens.
    async fn tokens(&self, pairs: &[(&str, &str)], secrets: &mut Vec<String>) {
        let tokens = self.form("/oauth/token", pairs).await.good();
        secrets.extend(["access_token", "id_token", "refresh_token"].map(|name| tokens.text(name)));
        secrets.push(last(&tokens.text("refresh_token")));
    }

    /// A login by the device grant. Returns its session's code.
    async fn device_signed_in(&self, phone: &Phone, secrets: &mut Vec<String>) -> String {
        let begun = self.form("/oauth/device_authorization", &[("scope", "openid")]).await.good();
        let (device_code, user_code) = (begun.text("device_code"), begun.text("user_code"));
        // The device code is the session's code, which is the item's name, and the secret.
        let (code, secret) = device_code.split_once('.').unwrap();
        secrets.extend([secret.to_owned(), user_code.replace('-', ""), user_code]);
        for step in ["scan", "confirm"] {
            phone.post(&format!("/q/{code}/{step}"), &json!({})).await.good();
        }
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        self.tokens(&[("grant_type", grant), ("device_code", &device_code)], secrets).await;
        code.to_owned()
    }

    /// A login by the code flow, whose request the client sent ahead. Returns its session's code.
    async fn browser_signed_in(&self, phone: &Phone, secrets: &mut Vec<String>) -> String {
        let asked = [
            ("response_type", "code"),
            ("redirect_uri", Self::BACK),
            ("scope", "openid"),
            ("state", "a-state-that-is-kept-nowhere"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let pushed = self.form("/oauth/par", &asked).await;
        assert_eq!(pushed.status, 201, "{}", pushed.told());
        let request_uri = pushed.text("request_uri");
        let mut brought = form_urlencoded::Serializer::new(String::new());
        brought.extend_pairs([("client_id", &*self.id), ("request_uri", &*request_uri)]);
        let address = format!("{}/oauth/authorize?{}", self.service.url, brought.finish());
        let sealed = Screen::sent_to(&address).await.split_once('#').unwrap().1.to_owned();
        let shown =
            self.screen.post("/oauth/authorize/begin", None, &json!({"request": sealed})).await.good();
        let (code, poll_token) = (shown.text("code"), shown.text("pollToken"));
        let tag = shown.json()["rotate"]["tags"].as_str().unwrap()[..5].to_owned();
        let receipt = self.screen.post(&format!("/q/{code}-{tag}/receipt"), None, &json!({})).await;
        phone.post(&format!("/q/{code}-{tag}/scan"), &json!({})).await.good();
        let picked = json!({"matchNumber": shown.text("matchNumber")});
        phone.post(&format!("/q/{code}/confirm"), &picked).await.good();
        let confirmed = self.screen.get_as("/oauth/authorize/status", &poll_token).await.good();
        let url = confirmed.text("url");
        let query = url.split_once('?').unwrap().1;
        let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
        let authorization_code = found.unwrap().1.into_owned();
        let grant = [
            ("grant_type", "authorization_code"),
            ("redirect_uri", Self::BACK),
            ("code_verifier", VERIFIER),
            ("code", &authorization_code),
        ];
        self.tokens(&grant, secrets).await;
        secrets.extend([&confirmed, &receipt].map(|answer| {
            let kept = answer.header("set-cookie").split(';').next().unwrap();
            last(kept.split_once('=').unwrap().1)
        }));
        secrets.push(poll_token.split('.').nth(1).unwrap().to_owned());
        secrets.extend([request_uri, sealed, authorization_code, VERIFIER.to_owned()]);
        code
    }
}

/// The secret of a token or a cookie: before the last dot stands what names its owner.
fn last(secret: &str) -> String {
    secret.rsplit('.').next().unwrap().to_owned()
}

/// Whether a secret stands in an item, as text or as the bytes it spells.
fn holds(item: &Item, secret: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(secret).unwrap_or_else(|_| secret.as_bytes().to_vec());
    item.values().any(|value| match value {
        AttributeValue::B(blob) => blob.as_ref().windows(bytes.len()).any(|window| window == bytes),
        value => texts_of(value).iter().any(|text| text.contains(secret)),
    })
}

fn texts(item: &Item) -> Vec<String> {
    item.values().flat_map(texts_of).collect()
}

/// A value as the texts that a thief could send. Bytes are spelled as secrets are.
fn texts_of(value: &AttributeValue) -> Vec<String> {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => vec![text.clone()],
        AttributeValue::B(blob) => vec![URL_SAFE_NO_PAD.encode(blob)],
        AttributeValue::L(list) => list.iter().flat_map(texts_of).collect(),
        AttributeValue::M(map) => map.values().flat_map(texts_of).collect(),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.clone(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| URL_SAFE_NO_PAD.encode(blob)).collect(),
        _ => Vec::new(),
    }
}
