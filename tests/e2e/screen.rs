//! A screen without eyes: a PC or a machine, over HTTP, with its own cookies; or a client's server.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Client, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use serde_json::Value;

use crate::service::{A_CALL, Service};

/// One caller with one cookie jar.
#[derive(Clone)]
pub(crate) struct Screen {
    url: String,
    http: Client,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Screen {
    /// A new caller, without cookies.
    pub(crate) fn new(service: &Service) -> Self {
        Self::with(service, HeaderMap::new())
    }

    /// The server of a registered client, which says so with every call.
    pub(crate) fn of_server(service: &Service, id: &str, secret: &str) -> Self {
        let credentials = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        Self::with(service, HeaderMap::from_iter([(AUTHORIZATION, credentials.parse().unwrap())]))
    }

    /// A machine of a registered client, which proves itself with every call.
    pub(crate) fn machine(service: &Service, id: &str, secret: &str) -> Self {
        let credentials = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let headers = [(AUTHORIZATION, credentials), (HeaderName::from_static("channel"), id.to_owned())];
        Self::with(service, headers.map(|(name, value)| (name, value.parse().unwrap())).into_iter().collect())
    }

    /// A machine of a registered client, which names its channel with every call.
    pub(crate) fn of_channel(service: &Service, id: &str) -> Self {
        Self::with(service, HeaderMap::from_iter([(HeaderName::from_static("channel"), id.parse().unwrap())]))
    }

    fn with(service: &Service, headers: HeaderMap) -> Self {
        let http = Client::builder().cookie_store(true).no_proxy().timeout(A_CALL);
        Self { url: service.url.clone(), http: http.default_headers(headers).build().unwrap() }
    }

    /// `GET` a path of the service, or any whole address.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let address = if path.starts_with('/') { format!("{}{path}", self.url) } else { path.to_owned() };
        self.patiently(|| self.http.get(&address)).await
    }

    /// Where the service sends a browser that opens this address. This one stays.
    pub(crate) async fn sent_to(address: &str) -> String {
        let http = Client::builder().no_proxy().timeout(A_CALL).redirect(Policy::none()).build().unwrap();
        let answer = http.get(address).send().await.unwrap();
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    /// `GET` a path of the service as a phone.
    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Answer {
        self.patiently(|| self.http.get(format!("{}{path}", self.url)).header("token", token)).await
    }

    /// `POST` JSON; with a `token` header where there is one.
    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.patiently(|| {
            let call = self.http.post(format!("{}{path}", self.url)).json(body);
            token.into_iter().fold(call, |call, token| call.header("token", token))
        })
        .await
    }

    /// `POST` JSON with a header.
    pub(crate) async fn post_with(&self, path: &str, (name, value): (&str, &str), body: &Value) -> Answer {
        self.patiently(|| self.http.post(format!("{}{path}", self.url)).json(body).header(name, value)).await
    }

    /// `POST` a form.
    pub(crate) async fn post_form(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let kind = "application/x-www-form-urlencoded";
        self.patiently(|| {
            let call = self.http.post(format!("{}{path}", self.url));
            call.header(CONTENT_TYPE, kind).body(form.clone())
        })
        .await
    }

    /// Makes a call. When the service asks for patience, waits and repeats it. The answer to an early poll counts as
    /// an answer.
    async fn patiently(&self, call: impl Fn() -> reqwest::RequestBuilder) -> Answer {
        loop {
            let response = call().send().await.unwrap_or_else(|error| panic!("{error:?}"));
            let (status, headers) = (response.status(), response.headers().clone());
            let answer = Answer { status, headers, body: response.bytes().await.unwrap().to_vec() };
            match answer.later() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return answer,
            }
        }
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.told()))
    }

    /// A text field of the JSON body.
    pub(crate) fn text(&self, name: &str) -> String {
        let found = self.json()[name].as_str().map(str::to_owned);
        found.unwrap_or_else(|| panic!("no text {name}: {}", self.told()))
    }

    /// A header; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The same answer, when it is the good one.
    pub(crate) fn good(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.told());
        self
    }

    /// For a message.
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }

    /// How long the service asks us to wait before we repeat the call.
    fn later(&self) -> Option<Duration> {
        let refused = self.status == StatusCode::TOO_MANY_REQUESTS && !self.is_a_state();
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        (refused && seconds <= 70).then(|| Duration::from_secs(seconds))
    }

    /// Whether it says how a login stands, which an early poll does too.
    fn is_a_state(&self) -> bool {
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else { return false };
        body["codeStatus"].is_string() || body["statusflag"].as_i64().is_some_and(|flag| flag != -1)
    }
}
