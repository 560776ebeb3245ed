//! A client sends its person here (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1).

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    allowed::ClientRefusal,
    client::Client,
    identity::ClientId,
    oauth::{GrantType, KeyThumbprint, Pkce, Prompt, Scopes},
    session::Dialect,
    time::Timestamp,
};
use saoma_http::{Facts, Problem, body::Form, harden::refused_as, query::Query, site::is_elsewhere};
use saoma_tokens::{authorization::AuthorizationRequest, keys::LONGEST_TOKEN};

use crate::{
    App,
    answer::{answer_to, encoded, sent_on},
    browser::{self, Way},
    par,
};

/// The longest `state` and `nonce` that are taken, in bytes: the sealed request must fit into a header. An identity
/// broker puts its own client's state into its `state`, and needs more than a kilobyte.
pub(crate) const LONGEST_STATE: usize = 2048;
const LONGEST_NONCE: usize = 256;
/// The parameters that this endpoint reads. It refuses a request with one that it does not support.
const PARAMETERS: [&str; 18] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "ui_locales",
    "request_uri",
    "request",
    "registration",
];
/// The longest form that is sent on as a query, in bytes. API Gateway takes 10,240 bytes of
/// request line and headers together.
const LONGEST_QUERY: usize = 4096;
/// The length of a SHA-256 in base64url (RFC 7636 section 4.2).
const CHALLENGE_LENGTH: usize = 43;

/// A request that is refused, and who is told.
pub(crate) enum Refused {
    /// The person: the client or its address is not known, so nothing may be sent there (`docs/security.md` W4).
    Here(Problem),
    /// The client.
    There { redirect_uri: String, state: Option<String>, error: &'static str, description: &'static str },
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}

/// A request that is right as far as it goes, and its client.
struct Asked {
    client: Client,
    request: AuthorizationRequest,
}

/// `GET /oauth/authorize`. Unless the browser is signed in, nothing is stored: the request goes sealed into the fragment
/// of the page's address, which browsers send to no server.
pub(crate) async fn by_query(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    query: Result<Query, Problem>,
) -> Response {
    answered(&app, &facts, &headers, query).await
}

/// `POST /oauth/authorize`, as OpenID Connect Core section 3.1.2.1 asks for. From another site it comes without the
/// browser's cookie (`SameSite=Lax`), so the browser is sent on to the same request as a query, which brings the cookie. A
/// form that is too long for a query is answered here, without the cookie, and the person scans.
pub(crate) async fn by_form(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Response {
    match (form, app.service.public_url(facts.domain())) {
        (Ok(Form(form)), Ok(issuer)) if is_elsewhere(&headers) && again(&form).len() <= LONGEST_QUERY => {
            sent_on(&format!("{issuer}/oauth/authorize?{}", again(&form)))
        }
        (form, _) => answered(&app, &facts, &headers, form.map(|Form(form)| form)).await,
    }
}

/// The request of a form as a query: what this endpoint reads, and nothing else that a form may hold.
fn again(form: &Query) -> String {
    encoded(PARAMETERS.iter().filter_map(|name| Some((*name, form.get(name)?))))
}

async fn answered(app: &App, facts: &Facts, headers: &HeaderMap, query: Result<Query, Problem>) -> Response {
    let issuer = match app.service.public_url(facts.domain()) {
        Ok(issuer) => issuer,
        Err(error) => return Problem::from(error).into_response(),
    };
    let named = query.as_ref().ok().and_then(|query| ClientId::parse(query.get("client_id")?));
    let of_client = |problem: Problem| match &named {
        Some(client) => problem.of_client(client),
        None => problem,
    };
    match location(app, facts, headers, &issuer, query).await {
        Ok(location) => found(&location),
        Err(Refused::Here(problem)) => told(&of_client(problem)),
        Err(Refused::There { redirect_uri, state, error, description }) => {
            let pairs = [("error", error), ("error_description", description)];
            let sent_back = found(&answer_to(&redirect_uri, &pairs, state.as_deref(), &issuer));
            refused_as(sent_back, of_client(Problem::bad_request(error, description)))
        }
    }
}

/// Where the browser goes on: to our page, or at once to the client.
async fn location(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    issuer: &str,
    query: Result<Query, Problem>,
) -> Result<String, Refused> {
    let query = query?;
    let now = app.service.clock.now();
    let asked = request(app, facts, issuer, &query).await?;
    let (redirect_uri, state) = (asked.request.redirect_uri.clone(), asked.request.state.clone());
    let back = |problem| sent_back(problem, &redirect_uri, state.as_deref());
    let way = browser::way(app, headers, issuer, (&asked.client, &asked.request), now).await.map_err(back)?;
    if asked.request.wishes.open().prompts.has(Prompt::None) {
        return unasked(app, facts, issuer, way, asked, now).await;
    }
    if let Way::Through(browser) = way {
        let with = (&asked.client, asked.request);
        return browser::sign_in(app, facts, issuer, &browser, with, now).await.map_err(back);
    }
    let language = asked.request.language.as_ref();
    let language = language.map(|language| format!("?lang={language}")).unwrap_or_default();
    let sealed = seal(app, issuer, asked.request)?;
    Ok(format!("{issuer}/authorize{language}#{sealed}"))
}

/// `prompt=none`: an answer without a word to the person (OpenID Connect Core section 3.1.2.6).
async fn unasked(
    app: &App,
    facts: &Facts,
    issuer: &str,
    way: Way,
    Asked { client, request }: Asked,
    now: Timestamp,
) -> Result<String, Refused> {
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let refuse = |error, description| {
        let (redirect_uri, state) = (redirect_uri.clone(), state.clone());
        Refused::There { redirect_uri, state, error, description }
    };
    match way {
        Way::Through(browser) => {
            let signed_in = browser::sign_in(app, facts, issuer, &browser, (&client, request), now).await;
            signed_in.map_err(|problem| sent_back(problem, &redirect_uri, state.as_deref()))
        }
        Way::Ask => Err(refuse("consent_required", "The person must agree first.")),
        Way::Scan => Err(refuse("login_required", "The person must be asked.")),
    }
}

/// A problem with a request that is good. That the service is busy or fails is the client's to know (RFC 6749 section
/// 4.1.2.1).
fn sent_back(problem: Problem, redirect_uri: &str, state: Option<&str>) -> Refused {
    let (error, description) = match problem.status {
        StatusCode::TOO_MANY_REQUESTS => ("temporarily_unavailable", "Too many logins from this network."),
        StatusCode::SERVICE_UNAVAILABLE => ("temporarily_unavailable", "Try again in a moment."),
        _ => return Refused::Here(problem),
    };
    let (redirect_uri, state) = (redirect_uri.to_owned(), state.map(str::to_owned));
    Refused::There { redirect_uri, state, error, description }
}

/// The language of our page that a client wishes for first (`ui_locales`).
fn language(ui_locales: &str) -> Option<&'static str> {
    let languages = ui_locales.split(' ').filter_map(|tag| match tag.split('-').next() {
        Some(first) if first.eq_ignore_ascii_case("zh") => Some("zh"),
        Some(first) if first.eq_ignore_ascii_case("en") => Some("en"),
        _ => None,
    });
    languages.into_iter().next()
}

/// Seals a request. One that a page could not bring back is told to the client: characters that JSON escapes make it
/// longer than what was sent.
fn seal(app: &App, issuer: &str, request: AuthorizationRequest) -> Result<String, Refused> {
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let sealed = app.service.keys.seal_request(issuer, request, app.service.clock.now());
    short(sealed.map_err(|error| Refused::Here(error.into()))?, &redirect_uri, state.as_deref())
}

/// A sealed request that can be brought back. One that is longer is told to the client.
pub(crate) fn short(sealed: String, redirect_uri: &str, state: Option<&str>) -> Result<String, Refused> {
    if sealed.len() > LONGEST_TOKEN {
        let (error, description) = ("invalid_request", "The request is too long.");
        let (redirect_uri, state) = (redirect_uri.to_owned(), state.map(str::to_owned));
        return Err(Refused::There { redirect_uri, state, error, description });
    }
    Ok(sealed)
}

/// Reads a request, or the one that its client has pushed. Of a request that was pushed, nothing else in the query counts
/// (RFC 9126 section 4).
async fn request(app: &App, facts: &Facts, issuer: &str, query: &Query) -> Result<Asked, Refused> {
    let client = client(app, query).await?;
    let pushed = par::sealed_in(query);
    let request = match pushed {
        Some(sealed) => par::taken(app, facts, issuer, &client, sealed).await?,
        None => checked(app, issuer, &client, query).await?,
    };
    let admits = client.admits_network(facts.ip);
    if !admits {
        app.logins.opens_nothing(&client.id, ClientRefusal::Network, facts.ip);
    }
    let checks = [
        (
            pushed.is_some() || !client.oauth.pushes,
            ("invalid_request", "The client pushes its requests to /oauth/par."),
        ),
        (admits, ("access_denied", "The client's screens may not call from this network.")),
    ];
    match checks.into_iter().find(|(holds, _)| !holds) {
        None => Ok(Asked { client, request }),
        Some((_, (error, description))) => {
            let AuthorizationRequest { redirect_uri, state, .. } = request;
            Err(Refused::There { redirect_uri, state, error, description })
        }
    }
}

/// Whether a client may still ask for what it asked for.
pub(crate) fn may_ask(client: &Client, request: &AuthorizationRequest) -> bool {
    let there = client.oauth.redirect_uris.iter().any(|registered| registered.admits(&request.redirect_uri));
    there && client.oauth.grants.contains(&GrantType::AuthorizationCode)
}

/// Checks a request of this client, wherever it comes. The address is checked first, because it decides who is told of all
/// else.
pub(crate) async fn checked(
    app: &App,
    issuer: &str,
    client: &Client,
    query: &Query,
) -> Result<AuthorizationRequest, Refused> {
    let redirect_uri = redirect_uri(client, query)?;
    let state = query.get("state").map(str::to_owned);
    let refuse = |error, description| Refused::There {
        redirect_uri: redirect_uri.clone(),
        state: state.clone(),
        error,
        description,
    };
    let browsers_stay = !app.browsers.life.is_zero();
    if let Some((error, description)) = refusal(client, query, browsers_stay) {
        return Err(refuse(error, description));
    }
    let wishes = browser::wishes(app, issuer, query).await;
    let wishes = wishes.map_err(|(error, description)| refuse(error, description))?;
    let code_challenge = query.get("code_challenge").map(str::to_owned);
    Ok(AuthorizationRequest {
        client_id: client.id.to_string(),
        scope: Scopes::parse(query.get("scope").unwrap_or_default()).to_string(),
        nonce: query.get("nonce").map(str::to_owned),
        code_challenge,
        wishes: (&wishes).into(),
        dpop_jkt: query.get("dpop_jkt").map(str::to_owned),
        language: query.get("ui_locales").and_then(language).map(str::to_owned),
        redirect_uri,
        state,
    })
}

async fn client(app: &App, query: &Query) -> Result<Client, Problem> {
    const UNKNOWN: Problem = Problem::bad_request("unknown_client", "client_id names no registered client.");
    let id = ClientId::parse(query.get("client_id").unwrap_or_default()).ok_or(UNKNOWN)?;
    app.service.client_of(&*app.clients, &id, Dialect::Oauth).await?.ok_or(UNKNOWN)
}

/// The address that the request names, if it is registered. It must be named, also by a client that has one address.
fn redirect_uri(client: &Client, query: &Query) -> Result<String, Problem> {
    const UNREGISTERED: Problem =
        Problem::bad_request("invalid_redirect_uri", "redirect_uri is not registered for this client.");
    let asked = query.get("redirect_uri").ok_or(UNREGISTERED)?;
    let registered = client.oauth.redirect_uris.iter().any(|registered| registered.admits(asked));
    if registered { Ok(asked.to_owned()) } else { Err(UNREGISTERED) }
}

/// What else is wrong, as an error that the client is told.
fn refusal(client: &Client, query: &Query, browsers_stay: bool) -> Option<(&'static str, &'static str)> {
    let is = |name: &str, only: &str| query.get(name).is_none_or(|value| value == only);
    let fits = |name: &str, most: usize| query.get(name).is_none_or(|value| value.len() <= most);
    let has_challenge = query.get("code_challenge").is_some();
    let checks = [
        (
            client.oauth.grants.contains(&GrantType::AuthorizationCode),
            ("unauthorized_client", "The client is not registered for the code flow."),
        ),
        (
            !client.strict || browsers_stay,
            (
                "unauthorized_client",
                "A strict client needs browsers that stay signed in, and SsoSeconds is 0.",
            ),
        ),
        (query.get("request").is_none(), ("request_not_supported", "request is not supported.")),
        (
            query.get("request_uri").is_none(),
            ("request_uri_not_supported", "request_uri is none that /oauth/par gave."),
        ),
        (
            query.get("registration").is_none(),
            ("registration_not_supported", "registration is not supported."),
        ),
        (query.get("response_type").is_some(), ("invalid_request", "response_type is missing.")),
        (is("response_type", "code"), ("unsupported_response_type", "response_type is code.")),
        (is("response_mode", "query"), ("invalid_request", "response_mode is query.")),
        (
            has_challenge || client.oauth.pkce == Pkce::Optional,
            ("invalid_request", "PKCE is required: code_challenge."),
        ),
        (
            query.get("code_challenge_method") == has_challenge.then_some("S256"),
            ("invalid_request", "code_challenge_method is S256."),
        ),
        (
            query.get("code_challenge").is_none_or(is_challenge),
            ("invalid_request", "code_challenge is a SHA-256 in base64url."),
        ),
        (
            query.get("dpop_jkt").is_none_or(|jkt| KeyThumbprint::parse(jkt).is_some()),
            ("invalid_request", "dpop_jkt is a SHA-256 in base64url."),
        ),
        (fits("state", LONGEST_STATE), ("invalid_request", "state has at most 2048 bytes.")),
        (fits("nonce", LONGEST_NONCE), ("invalid_request", "nonce has at most 256 bytes.")),
    ];
    checks.into_iter().find_map(|(holds, error)| (!holds).then_some(error))
}

/// Whether this is a SHA-256 in base64url.
fn is_challenge(raw: &str) -> bool {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    raw.len() == CHALLENGE_LENGTH && raw.bytes().all(base64url)
}

/// Sends the browser on.
fn found(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// Tells the person that the site made a mistake, in both languages, because nothing may be sent to an address that is
/// not known.
fn told(problem: &Problem) -> Response {
    const HTML: (HeaderName, &str) = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{code}</title><h1>This sign-in link is not right.</h1><p>The site that sent you here made a mistake \
         ({code}: {detail}). Go back and tell its owner.</p><h1 lang=\"zh\">登录链接有误</h1><p lang=\"zh\">\
         您来自的网站出错了，请返回并告知网站。</p></html>\n",
        code = problem.code,
        detail = problem.detail,
    );
    refused_as((problem.status, [HTML], page).into_response(), problem.clone())
}
