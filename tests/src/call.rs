//! One HTTP call, as the event API Gateway sends (payload format 2.0).

use std::fmt::Write;

use axum::{
    body::to_bytes,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use lambda_http::Request;
use serde_json::{Map, Value, json};

/// A call about to be made.
#[derive(Clone, Debug)]
pub struct Call {
    method: &'static str,
    path: String,
    query: String,
    headers: Map<String, Value>,
    cookies: Vec<String>,
    body: Option<String>,
    is_base64: bool,
    ip: String,
    ignored: &'static [&'static str],
    is_odd: bool,
}

impl Call {
    /// `GET`; a query may follow the path.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// `POST` without a body.
    #[must_use]
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// Any method.
    #[must_use]
    pub fn new(method: &'static str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
        let headers = Map::from_iter([("user-agent".to_owned(), json!(agent))]);
        Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            cookies: Vec::new(),
            body: None,
            is_base64: false,
            ip: "203.0.113.7".to_owned(),
            ignored: &[],
            is_odd: false,
        }
    }

    /// A header; names in lower case, as API Gateway sends them.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), json!(value));
        self
    }

    /// `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A cookie, `name=value`.
    #[must_use]
    pub fn cookie(mut self, pair: &str) -> Self {
        self.cookies.push(pair.to_owned());
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", &body.to_string())
    }

    /// Any body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self.header("content-type", content_type)
    }

    /// A body of any bytes, in Base64, as API Gateway sends what is not text.
    #[must_use]
    pub fn base64(mut self, content_type: &str, encoded: &str) -> Self {
        self.is_base64 = true;
        self.body(content_type, encoded)
    }

    /// Called from this address.
    #[must_use]
    pub fn from_ip(mut self, ip: &str) -> Self {
        ip.clone_into(&mut self.ip);
        self
    }

    /// Says that no description names these query parameters, headers, cookies, and fields of a form or of JSON: the test
    /// shows that the service ignores them.
    #[must_use]
    pub fn ignored(mut self, names: &'static [&'static str]) -> Self {
        self.ignored = names;
        self
    }

    /// Says that the service may take this call although no description allows it: the test asks for a good answer to a
    /// bad call.
    #[must_use]
    pub fn odd(mut self) -> Self {
        self.is_odd = true;
        self
    }

    /// Whether the description says nothing of this call.
    #[must_use]
    pub fn is_odd(&self) -> bool {
        self.is_odd
    }

    /// The whole request, for a snapshot.
    #[must_use]
    pub fn whole(&self) -> String {
        let asked = if self.query.is_empty() { "" } else { "?" };
        let mut whole = format!("{} {}{asked}{}\n", self.method, self.path, self.query);
        for (name, value) in &self.headers {
            writeln!(whole, "{name}: {}", value.as_str().unwrap()).unwrap();
        }
        for cookie in &self.cookies {
            writeln!(whole, "cookie: {cookie}").unwrap();
        }
        writeln!(whole, "\n{}", self.body.as_deref().unwrap_or_default()).unwrap();
        whole
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> Value {
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "cookies": self.cookies,
            "headers": self.headers,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api-id",
                "domainName": "api-id.execute-api.ap-southeast-1.amazonaws.com",
                "domainPrefix": "api-id",
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.ip,
                    "userAgent": self.headers.get("user-agent"),
                },
                "requestId": "request-id",
                "routeKey": "$default",
                "stage": "$default",
                "time": "23/Jan/2024:08:20:38 +0000",
                "timeEpoch": 1_705_998_038_000_u64,
            },
            "body": self.body,
            "isBase64Encoded": self.is_base64,
        })
    }

    /// The event without what the call says is ignored.
    #[must_use]
    pub fn described_event(&self) -> Value {
        let mut kept = self.clone();
        if !self.ignored.is_empty() {
            kept.query = self.kept_pairs(&self.query);
            kept.headers.retain(|name, _| self.is_kept(name));
            kept.cookies.retain(|pair| self.is_kept(pair.split('=').next().unwrap_or_default()));
            kept.body =
                self.body.as_deref().map(|body| self.kept_fields(body)).filter(|body| !body.is_empty());
        }
        kept.event()
    }

    fn is_kept(&self, name: &str) -> bool {
        !self.ignored.contains(&name)
    }

    /// What is left of a form or a query.
    fn kept_pairs(&self, pairs: &str) -> String {
        let kept = form_urlencoded::parse(pairs.as_bytes()).filter(|(name, _)| self.is_kept(name));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// What is left of a form or of JSON; empty where nothing is.
    fn kept_fields(&self, body: &str) -> String {
        let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(body) else {
            return self.kept_pairs(body);
        };
        fields.retain(|name, _| self.is_kept(name));
        if fields.is_empty() { String::new() } else { Value::Object(fields).to_string() }
    }

    /// The request that `lambda_http` makes of the event.
    #[must_use]
    pub fn request(&self) -> Request {
        lambda_http::request::from_str(&self.event().to_string()).unwrap()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads a response to its end.
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// A text field of the JSON body.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let json = self.json();
        json[name].as_str().unwrap_or_else(|| panic!("no text {name} in {json}")).to_owned()
    }

    /// A header; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The pair of the cookie that was set, ready to be sent back.
    #[must_use]
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }

    /// Whether the caller is refused: by the status, or by the `error` in the address that its browser is sent to.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        let query = self.header("location").split_once('?').map_or("", |(_, query)| query);
        let says_error = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "error");
        says_error || self.status.is_client_error() || self.status.is_server_error()
    }

    /// Asserts a refusal in the shape of RFC 9457, of this status and this code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), &self.json()["code"]), (status, &json!(code)), "{}", self.whole());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store"); // W16
    }

    /// The status, the headers that matter and the body, for a snapshot of the whole answer.
    #[must_use]
    pub fn whole(&self) -> String {
        let mut whole = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            writeln!(whole, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(json) => writeln!(whole, "\n{json:#}").unwrap(),
            Err(_) => writeln!(whole, "\n{} bytes", self.body.len()).unwrap(),
        }
        whole
    }
}
