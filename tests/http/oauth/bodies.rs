//! Every parameter that an endpoint reads, missing, empty, doubled, of 10 KB and of another type: the error of the RFC,
//! never a 500 (`docs/security.md` W6, W8). A row is a good request. Each case changes one parameter of it, so the case
//! comes as far as that parameter; and the good request still works after all of them.

use acceptance::{Answer, Call, Person, World};
use saoma_domain::oauth::{ClientAuth, GrantType};
use serde_json::{Value, json};

use super::{
    DEVICE_GRANT, Device,
    assertions::{self, BOX},
    ciba::{CIBA, decides},
    code::{CALLBACK, GOOD, GOODBYE, Page, SITE, VERIFIER, authorizing, parameters, query, register_for},
    form, here, pass, register_as,
    signer::{JWT_BEARER, assertion},
};
use crate::web::basic;

const NUMBER: &str = "13800138000";
const LONG: usize = 10_000;
/// No value of any parameter: in a form, in JSON.
const ODD: [&str; 2] = ["\u{202E}\0<b>", "7"];

/// What a case must be answered. An empty text is a good answer.
const OK: &str = "";
const REQUEST: &str = "invalid_request";
const CLIENT: &str = "invalid_client";
const GRANT: &str = "invalid_grant";
const SCOPE: &str = "invalid_scope";
const PERSON: &str = "unknown_user_id";
const MESSAGE: &str = "invalid_binding_message";
const PROOF: &str = "invalid_dpop_proof";
const TOKEN: &str = "invalid_token";
const PHONE: &str = "unauthorized";
const BODY: &str = "malformed_body";
const QUERY: &str = "malformed_query";

/// A parameter; `@` marks a header. The answer when it is missing, empty, of 10 KB, and of another type. A header is not
/// sent empty, and its last case has two values, which API Gateway joins with a comma.
type Parameter = (&'static str, [&'static str; 4]);
type Pairs = Vec<(&'static str, String)>;

/// How each client proves itself, besides the ways that the good request does not use.
const SECRET: [Parameter; 5] = [
    ("client_id", [REQUEST, REQUEST, CLIENT, CLIENT]),
    ("client_secret", [CLIENT, CLIENT, CLIENT, CLIENT]),
    ("client_assertion", [OK, OK, REQUEST, REQUEST]),
    ("client_assertion_type", [OK, OK, REQUEST, REQUEST]),
    ("@authorization", [OK, OK, REQUEST, REQUEST]),
];
/// The parameters of `/oauth/authorize`, but for those that say who asks and where the answer goes.
const AUTHORIZATION: [Parameter; 15] = [
    ("response_type", [REQUEST, REQUEST, "unsupported_response_type", "unsupported_response_type"]),
    ("response_mode", [OK, OK, REQUEST, REQUEST]),
    ("scope", [OK; 4]),
    ("state", [OK, OK, REQUEST, OK]),
    ("nonce", [OK, OK, REQUEST, OK]),
    ("code_challenge", [REQUEST; 4]),
    ("code_challenge_method", [REQUEST; 4]),
    ("dpop_jkt", [OK, OK, REQUEST, REQUEST]),
    ("prompt", [OK, OK, REQUEST, REQUEST]),
    ("max_age", [OK, OK, REQUEST, REQUEST]),
    ("login_hint", [OK; 4]),
    ("id_token_hint", [OK, OK, REQUEST, REQUEST]),
    ("ui_locales", [OK; 4]),
    ("request", [OK, OK, "request_not_supported", "request_not_supported"]),
    ("registration", [OK, OK, "registration_not_supported", "registration_not_supported"]),
];
/// The request of our page.
const SEALED: [Parameter; 2] =
    [("request", [BODY, REQUEST, REQUEST, BODY]), ("scan", [OK, BODY, BODY, BODY])];

/// Where a request's parameters are.
#[derive(Clone, Copy, PartialEq)]
enum In {
    Query,
    Form,
    Json,
}

/// A good request and what becomes of it.
struct Row<'a> {
    call: (&'static str, &'static str, In),
    /// The good request, the n-th time.
    good: Box<dyn Fn(usize) -> Pairs + 'a>,
    /// The answer to a parameter that comes twice.
    twice: &'static str,
    parameters: Vec<Parameter>,
    /// How many seconds pass before each call.
    rests: u64,
}

impl Row<'_> {
    fn new(
        call: (&'static str, &'static str, In),
        good: &[(&'static str, &str)],
        parameters: &[&[Parameter]],
    ) -> Self {
        let good: Pairs = good.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let twice = match call.2 {
            In::Json => BODY,
            In::Form | In::Query => REQUEST,
        };
        Self { call, good: Box::new(move |_| good.clone()), twice, parameters: parameters.concat(), rests: 0 }
    }

    fn call(&self, pairs: &[(&str, String)]) -> Call {
        let (method, path, place) = self.call;
        let (headers, pairs): (Vec<_>, Vec<_>) = pairs.iter().partition(|(name, _)| name.starts_with('@'));
        let call = match place {
            In::Query if pairs.is_empty() => Call::new(method, path),
            In::Query => Call::new(method, &format!("{path}?{}", query_of(&pairs))),
            In::Form => Call::new(method, path).body("application/x-www-form-urlencoded", &query_of(&pairs)),
            In::Json => Call::new(method, path).body("application/json", &object_of(&pairs)),
        };
        headers.into_iter().fold(call, |call, (name, value)| match name.trim_start_matches('@') {
            "cookie" => call.cookie(value),
            name => call.header(name, value),
        })
    }

    /// The cases of a parameter: what it is now, and the answer that this must get.
    fn cases(&self, name: &str, value: &str, answers: [&'static str; 4]) -> Vec<(Vec<String>, &'static str)> {
        let [missing, empty, long, odd] = answers;
        let too_long = (vec!["x".repeat(LONG)], long);
        if name.starts_with('@') {
            return vec![(vec![], missing), too_long, (vec![format!("{value}, {value}")], odd)];
        }
        let another = ODD[usize::from(self.call.2 == In::Json)].to_owned();
        vec![
            (vec![], missing),
            (vec![String::new()], empty),
            (vec![value.to_owned(); 2], self.twice),
            too_long,
            (vec![another], odd),
        ]
    }

    async fn holds(self, world: &World) {
        let mut times = 0;
        let mut answered = async |name: &str, values: Option<&[String]>| {
            times += 1;
            pass(world, self.rests);
            let mut pairs = (self.good)(times);
            let Some(values) = values else { return world.call(self.call(&pairs)).await };
            pairs.retain(|(kept, _)| *kept != name);
            let name = self.parameters.iter().find(|(known, _)| *known == name).unwrap().0;
            pairs.extend(values.iter().map(|value| (name, value.clone())));
            world.call(self.call(&pairs).odd()).await
        };
        let good = async |answer: Answer| {
            assert_eq!(error_of(&answer), OK, "{:?}: {}", self.call.1, answer.whole());
        };
        good(answered("", None).await).await;
        for (name, answers) in &self.parameters {
            let now = (self.good)(0).into_iter().find(|(known, _)| known == name);
            let value = now.map_or_else(|| "x".to_owned(), |(_, value)| value);
            for (values, error) in self.cases(name, &value, *answers) {
                let answer = answered(name, Some(values.as_slice())).await;
                let shown: Vec<_> = values.iter().map(|value| value.get(..40).unwrap_or(value)).collect();
                assert_eq!(error_of(&answer), error, "{} {name} {shown:?}: {}", self.call.1, answer.whole());
            }
        }
        good(answered("", None).await).await;
    }
}

fn query_of(pairs: &[&(&str, String)]) -> String {
    query(&pairs.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

/// The pairs as JSON, also where a name comes twice. A number or a truth value is written as one.
fn object_of(pairs: &[&(&str, String)]) -> String {
    let field = |(name, value): &&(&str, String)| match serde_json::from_str::<Value>(value) {
        Ok(Value::Number(_) | Value::Bool(_)) => format!("\"{name}\":{value}"),
        _ => format!("\"{name}\":{}", json!(value)),
    };
    format!("{{{}}}", pairs.iter().map(field).collect::<Vec<_>>().join(","))
}

/// The error that an answer tells, wherever its contract puts it: in the address, in the page or in the body.
fn error_of(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    assert!(status < 500, "{}", answer.whole());
    match answer.header("content-type") {
        _ if status < 300 => OK.to_owned(),
        _ if status < 400 => {
            parameters(answer.header("location"))["error"].as_str().unwrap_or_default().to_owned()
        }
        "text/html; charset=utf-8" => {
            let page = String::from_utf8(answer.body.clone()).unwrap();
            page.split(['<', '>']).skip_while(|part| *part != "title").nth(1).unwrap().to_owned()
        }
        "application/problem+json" => answer.text("code"),
        _ => answer.text("error"),
    }
}

/// A client with every grant and a secret, a person with a phone, and a service that slows down no caller.
struct Stage {
    world: World,
    secret: String,
    person: Person,
}

impl Stage {
    async fn set() -> Self {
        let world = World::with(&[("MISSES_PER_MINUTE", "1000000"), ("CREATES_PER_MINUTE", "100000")]);
        let secret = register_for(&world, SITE, ClientAuth::ClientSecret, GrantType::ALL.to_vec());
        let person = world.sign_in(NUMBER).await;
        Self { world, secret, person }
    }

    /// These pairs of the client, with its proof.
    fn proven<'a>(&'a self, pairs: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
        [&[("client_id", SITE), ("client_secret", &*self.secret)], pairs].concat()
    }

    async fn posted(&self, path: &str, pairs: &[(&'static str, &str)]) -> Answer {
        let answer = self.world.call(form(path, &self.proven(pairs))).await;
        assert_eq!(answer.status, 200, "{}", answer.whole());
        answer
    }

    /// A device whose person has agreed.
    async fn device(&self) -> Device {
        let begun = self.posted("/oauth/device_authorization", &[("scope", "openid profile")]).await;
        let device = Device { client: SITE, begun: begun.json() };
        device.approved_by(&self.world, &self.person).await;
        device
    }

    /// The tokens of such a device.
    async fn tokens(&self) -> Answer {
        let device = self.device().await;
        let pairs = [("grant_type", DEVICE_GRANT), ("device_code", device.text("device_code"))];
        let tokens = self.posted("/oauth/token", &pairs).await;
        self.world.stream_all().await;
        tokens
    }

    /// What the page of a good request has in its address.
    async fn sealed(&self) -> String {
        let found = self.world.call(authorizing(&[])).await;
        found.header("location").split_once("/authorize#").unwrap().1.to_owned()
    }

    /// A form of the client's that holds.
    async fn posts(
        &self,
        path: &'static str,
        good: &[(&'static str, &str)],
        parameters: &[Parameter],
        rests: u64,
    ) {
        let row = Row::new(("POST", path, In::Form), &self.proven(good), &[&SECRET, parameters]);
        Row { rests, ..row }.holds(&self.world).await;
    }

    /// A call of our page that holds.
    async fn page(&self, path: &'static str, good: &[(&'static str, &str)], parameters: &[Parameter]) {
        let sealed = self.sealed().await;
        let pairs = [&[("request", &*sealed)], good].concat();
        Row::new(("POST", path, In::Json), &pairs, &[&SEALED, parameters]).holds(&self.world).await;
    }
}

// W6 W8
#[tokio::test]
async fn odd_parameters_of_an_exchange_of_a_code() {
    let stage = Stage::set().await;
    let code = Page::open(&stage.world).await.approved_by(&stage.world, &stage.person).await;
    let good = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let parameters = [
        ("grant_type", [REQUEST, REQUEST, "unsupported_grant_type", "unsupported_grant_type"]),
        ("code", [REQUEST, REQUEST, GRANT, GRANT]),
        ("redirect_uri", [REQUEST, REQUEST, GRANT, GRANT]),
        ("code_verifier", [REQUEST, REQUEST, GRANT, GRANT]),
        ("scope", [OK; 4]),
        ("@dpop", [OK, OK, PROOF, PROOF]),
    ];
    stage.posts("/oauth/token", &good, &parameters, 0).await;
}

// W6 W8
#[tokio::test]
async fn odd_parameters_of_the_other_grants() {
    let stage = Stage::set().await;
    let (device, tokens) = (stage.device().await, stage.tokens().await);
    let asks = [("scope", "openid"), ("login_hint", NUMBER)];
    let asked = stage.posted("/oauth/bc-authorize", &asks).await.text("auth_req_id");
    stage.world.stream_all().await;
    assert_eq!(decides(&stage.world, &stage.person, true, None).await.status, 200);
    let refresh_token = tokens.text("refresh_token");
    let scope = ("scope", [OK, OK, SCOPE, SCOPE]);
    for (grant, name, value, scope) in [
        (DEVICE_GRANT, "device_code", device.text("device_code"), ("scope", [OK; 4])),
        (CIBA, "auth_req_id", asked.as_str(), ("scope", [OK; 4])),
        ("refresh_token", "refresh_token", refresh_token.as_str(), scope),
    ] {
        let parameters = [
            ("grant_type", [REQUEST, REQUEST, "unsupported_grant_type", "unsupported_grant_type"]),
            (name, [REQUEST, REQUEST, GRANT, GRANT]),
            scope,
            ("@dpop", [OK, OK, PROOF, PROOF]),
        ];
        stage.posts("/oauth/token", &[("grant_type", grant), (name, value)], &parameters, 0).await;
    }
}

// W6 W8
#[tokio::test]
async fn odd_parameters_of_the_calls_that_begin_a_login() {
    let stage = Stage::set().await;
    let begins = [("scope", "openid"), ("device_name", "TV")];
    let parameters = [("scope", [OK; 4]), ("device_name", [OK; 4]), ("@dpop", [OK, OK, PROOF, PROOF])];
    stage.posts("/oauth/device_authorization", &begins, &parameters, 0).await;

    stage.tokens().await;
    let asks = [("scope", "openid"), ("login_hint", NUMBER)];
    let parameters = [
        ("scope", [REQUEST, REQUEST, SCOPE, SCOPE]),
        ("login_hint", [REQUEST, REQUEST, PERSON, PERSON]),
        ("id_token_hint", [OK, OK, REQUEST, REQUEST]),
        ("login_hint_token", [OK, OK, REQUEST, REQUEST]),
        ("binding_message", [OK, OK, MESSAGE, MESSAGE]),
        ("requested_expiry", [OK, OK, REQUEST, REQUEST]),
        ("request", [OK, OK, REQUEST, REQUEST]),
    ];
    // A person is asked three times in ten minutes at most.
    stage.posts("/oauth/bc-authorize", &asks, &parameters, 600).await;
}

// W6 W8
#[tokio::test]
async fn odd_parameters_of_an_authorization_request() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let (address, unknown) = ("invalid_redirect_uri", "unknown_client");
    let of_a_browser = [
        ("client_id", [unknown; 4]),
        ("redirect_uri", [address; 4]),
        ("request_uri", [OK, OK, "request_uri_not_supported", "request_uri_not_supported"]),
    ];
    for (method, place, twice) in [("GET", In::Query, QUERY), ("POST", In::Form, BODY)] {
        let row = Row::new((method, "/oauth/authorize", place), &GOOD, &[&of_a_browser, &AUTHORIZATION]);
        Row { twice, ..row }.holds(world).await;
    }
    let pushed = [
        ("redirect_uri", [REQUEST; 4]),
        ("request_uri", [OK, OK, REQUEST, REQUEST]),
        ("@dpop", [OK, OK, PROOF, PROOF]),
    ];
    let request: Vec<_> = GOOD.into_iter().filter(|(name, _)| *name != "client_id").collect();
    stage.posts("/oauth/par", &request, &[&pushed[..], &AUTHORIZATION].concat(), 0).await;
    let answer = stage.world.call(form("/oauth/par", &stage.proven(&request))).await;
    let request_uri = answer.text("request_uri");
    let brings = [("client_id", SITE), ("request_uri", request_uri.as_str())];
    let brought = [
        ("client_id", [unknown; 4]),
        // Without it, it is a plain request, and one of no address.
        ("request_uri", [address; 4]),
        ("redirect_uri", [OK; 4]),
    ];
    let row = Row::new(("GET", "/oauth/authorize", In::Query), &brings, &[&brought]);
    Row { twice: QUERY, ..row }.holds(world).await;
}

// W6 W8
#[tokio::test]
async fn odd_parameters_of_our_pages_calls() {
    let stage = Stage::set().await;
    let world = &stage.world;
    stage.page("/oauth/authorize/begin", &[("scan", "true")], &[]).await;
    stage.page("/oauth/authorize/cancel", &[], &[]).await;
    let page = Page::open(world).await;
    let status = Row::new(
        ("GET", "/oauth/authorize/status", In::Query),
        &[("@token", page.text("pollToken"))],
        &[&[("@token", [PHONE, PHONE, PHONE, "not_found"])]],
    );
    Row { rests: 3, ..status }.holds(world).await;
    let cookie = page.agreed_by(world, &stage.person).await.cookie();
    let login = "login_required";
    let parameters =
        [("@cookie", [login; 4]), ("@sec-fetch-site", [OK, OK, "access_denied", "access_denied"])];
    stage.page("/oauth/authorize/continue", &[("@cookie", &cookie)], &parameters).await;
    here::make_strict(world).await;
    let bearer = format!("Bearer {}", stage.person.token);
    let parameters =
        [("@authorization", [PHONE; 4]), ("@sec-fetch-site", [OK, OK, "access_denied", "access_denied"])];
    stage.page("/oauth/authorize/here", &[("@authorization", &bearer)], &parameters).await;
}

// W6 W8
#[tokio::test]
async fn odd_parameters_of_a_persons_calls() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let begun = stage.posted("/oauth/device_authorization", &[]).await.text("user_code");
    let bearer = format!("Bearer {}", stage.person.token);
    let code = "malformed_user_code";
    Row::new(
        ("POST", "/oauth/user_code", In::Json),
        &[("userCode", &begun), ("@authorization", &bearer)],
        &[&[("userCode", [BODY, code, code, BODY]), ("@authorization", [PHONE; 4])]],
    )
    .holds(world)
    .await;
    let id_token = stage.tokens().await.text("id_token");
    let leaves = [
        ("id_token_hint", id_token.as_str()),
        ("client_id", SITE),
        ("post_logout_redirect_uri", GOODBYE),
        ("state", "a&b"),
    ];
    let address = "invalid_redirect_uri";
    let parameters = [
        ("id_token_hint", [OK, OK, REQUEST, REQUEST]),
        ("client_id", [OK, OK, REQUEST, REQUEST]),
        ("post_logout_redirect_uri", [OK, OK, address, address]),
        ("state", [OK, OK, REQUEST, OK]),
        ("ui_locales", [OK; 4]),
    ];
    let row = Row::new(("GET", "/oauth/logout", In::Query), &leaves, &[&parameters]);
    Row { twice: QUERY, ..row }.holds(world).await;
    // A form goes on as a query, in which the parameters are read.
    let sent_on = parameters.map(|(name, _)| (name, [OK; 4]));
    let row = Row::new(("POST", "/oauth/logout", In::Form), &leaves, &[&sent_on, &[("confirm", [OK; 4])]]);
    Row { twice: BODY, ..row }.holds(world).await;
}

// W6 W8
#[tokio::test]
async fn odd_parameters_of_the_calls_about_a_token() {
    let stage = Stage::set().await;
    let tokens = stage.tokens().await;
    let bearer = format!("Bearer {}", tokens.text("access_token"));
    for method in ["GET", "POST"] {
        let parameters = [("@authorization", [TOKEN; 4]), ("@dpop", [OK; 4])];
        let row =
            Row::new((method, "/oauth/userinfo", In::Query), &[("@authorization", &bearer)], &[&parameters]);
        row.holds(&stage.world).await;
    }
    let parameters = [("token", [REQUEST, REQUEST, OK, OK]), ("token_type_hint", [OK; 4])];
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let token = tokens.text("refresh_token");
        stage.posts(path, &[("token", &token)], &parameters, 0).await;
    }
}

// W6 W8
#[tokio::test]
async fn odd_proofs_of_a_client_with_a_key() {
    let world = World::with(&[("MISSES_PER_MINUTE", "1000000")]);
    assertions::register(&world, json!({})).await;
    // An assertion counts once, so each request brings its own.
    let signed = |nth: usize| {
        let claims = assertion(&world, BOX, &nth.to_string());
        assertions::key().signed(&json!({"alg": "ES256"}), &claims)
    };
    let parameters = [
        ("client_id", [OK, OK, CLIENT, CLIENT]),
        ("client_assertion", [REQUEST, REQUEST, CLIENT, CLIENT]),
        ("client_assertion_type", [REQUEST; 4]),
        ("client_secret", [OK, OK, REQUEST, REQUEST]),
        ("@authorization", [OK, OK, REQUEST, REQUEST]),
    ];
    let good = Box::new(|nth| {
        vec![
            ("client_id", BOX.to_owned()),
            ("client_assertion_type", JWT_BEARER.to_owned()),
            ("client_assertion", signed(nth)),
        ]
    });
    let row = Row::new(("POST", "/oauth/device_authorization", In::Form), &[], &[&parameters]);
    Row { good, ..row }.holds(&world).await;
}

/// The endpoints that take a form.
const FORMS: [&str; 6] = [
    "/oauth/bc-authorize",
    "/oauth/device_authorization",
    "/oauth/token",
    "/oauth/par",
    "/oauth/revoke",
    "/oauth/introspect",
];

// W6 W8
#[tokio::test]
async fn odd_bodies_get_a_refusal_of_the_rfc() {
    let world = World::default();
    let secret = register_as(&world, "box", ClientAuth::ClientSecret);
    let form_type = "application/x-www-form-urlencoded";
    for path in FORMS {
        for (kind, body, status) in [
            (form_type, "", 400),
            (form_type, "%ff=%fe", 400),
            (form_type, "&&&=&=", 400),
            (form_type, "client_id=box&client_id=box", 400),
            ("application/json", "{\"client_id\":\"box\"}", 415),
            ("text/plain", "client_id=box", 415),
        ] {
            let answer = world.call(Call::post(path).body(kind, body)).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text("error").as_str()),
                (status, "invalid_request"),
                "{path} {body}"
            );
        }
        let large = world.call(Call::post(path).body(form_type, &"x".repeat(20_000))).await;
        assert_eq!((large.status.as_u16(), large.text("error").as_str()), (413, "invalid_request"));
        let query = format!("{path}?client_secret={secret}");
        let named = Call::post(&query).header("authorization", &basic("box", &secret));
        assert_eq!(world.call(named).await.text("error"), "invalid_request", "E2");
    }
}
