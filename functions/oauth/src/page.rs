//! The calls of the page that shows the QR of a request: begin, status, cancel.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use saoma_app::{Service, Socket};
use saoma_domain::{
    cases::{Opened, Opening, SignedInBrowser, View},
    client::{Client, Logo},
    identity::ClientId,
    oauth::{GrantType, RequestHash, Scopes},
    session::{Dialect, Flow, ScreenClaims, Session, Standing},
    time::Timestamp,
};
use saoma_http::{
    Facts, Problem,
    auth::presented_token,
    body::Json,
    cookie::ScreenKey,
    early::too_early,
    rotating::{Rotating, age},
    screen::replace,
};
use saoma_tokens::authorization::AuthorizationRequest;
use serde::{Deserialize, Serialize};

use crate::{App, answer::answer_to, authorize::may_ask, browser};

/// The request as it stands in the page's address.
#[derive(Deserialize)]
pub(crate) struct Sealed {
    pub(crate) request: String,
    /// Whether the person wants to scan although the browser is signed in.
    #[serde(default)]
    pub(crate) scan: bool,
}

/// A request that is too old, was changed, or whose client does not count any more.
const STALE: Problem =
    Problem::bad_request("invalid_request", "The request is too old or not ours; start again at the site.");

/// What the page shows.
#[derive(Serialize)]
pub(crate) struct Shown {
    client: ShownClient,
    /// What the client will learn and may do, besides knowing who signed in.
    scopes: Vec<&'static str>,
    #[serde(flatten)]
    way: ShownWay,
}

/// What the person is offered.
#[derive(Serialize)]
#[serde(untagged)]
enum ShownWay {
    /// A QR to scan.
    Scan(Box<ShownQr>),
    /// To confirm on the phone, without a scan.
    Asked(Box<ShownQuestion>),
    /// To sign in in this browser first.
    #[serde(rename_all = "camelCase")]
    SignInHere { sign_in_here: bool },
    /// To continue as the person whom the browser is signed in for. The name is masked where it is a telephone number.
    Continue {
        person: String,
        /// Whether another person must sign in in this browser, too, instead of scanning.
        strict: bool,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownQr {
    code: String,
    /// The one person who can scan it: of a strict client, the one whom the browser is signed in for.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_for: Option<String>,
    /// The QRs, which the page shows one after the other.
    rotate: Option<Rotating>,
    #[serde(flatten)]
    waiting: Waiting,
}

/// A question on the person's phone.
#[derive(Serialize)]
struct ShownQuestion {
    /// Who is asked, masked where it is a telephone number.
    asked: String,
    #[serde(flatten)]
    waiting: Waiting,
}

/// What the page needs in order to wait for the phone: the token to poll with, the number, the times and the socket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    poll_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    match_number: Option<String>,
    expires_in: u64,
    /// After how many seconds to poll.
    poll_after: u64,
    /// Where the page is told of changes; missing where sockets are switched off.
    #[serde(flatten)]
    socket: Option<Socket>,
}

#[derive(Serialize)]
struct ShownClient {
    id: String,
    name: String,
    logo: Option<String>,
}

/// Where the browser goes.
#[derive(Serialize)]
pub(crate) struct GoTo {
    pub(crate) url: String,
}

/// What the screen of a request holds: its key, and the request itself. Written `<code>.<secret>.<request>`.
struct Held {
    key: ScreenKey,
    request: String,
}

impl Held {
    fn parse(raw: &str) -> Option<Self> {
        let mut parts = raw.splitn(3, '.');
        let (code, secret, request) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { key: ScreenKey::parse(&format!("{code}.{secret}"))?, request: request.to_owned() })
    }
}

/// `POST /oauth/authorize/begin`: says what the page shows. A browser that the client does not take must sign in first. In a
/// browser that is signed in as the request asks for, the person may continue. A person whom the client names is asked on
/// their phone. Otherwise the page shows a QR. The last two open a session and end the one that the page showed before. With
/// `scan` the person gets a QR instead of the second or third.
pub(crate) async fn begin(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Json(Sealed { request: sealed, scan }): Json<Sealed>,
) -> Result<Json<Shown>, Problem> {
    let (service, now) = (&app.service, app.service.clock.now());
    let issuer = service.public_url(facts.domain())?;
    let (request, client) = opened(&app, &issuer, &sealed, now).await?;
    let scopes = Scopes::parse(&request.scope);
    let told = Told { client: &client, scopes };
    let browser = browser::taken_by(&client, &app, &headers, &issuer, now).await?;
    if client.strict && browser.is_none() {
        return Ok(Json(told.with(ShownWay::SignInHere { sign_in_here: true })));
    }
    let wishes = request.wishes.open();
    let serves =
        browser.as_ref().filter(|browser| !scan && app.browsers.serves(browser, &client, &wishes, now));
    if let Some(browser) = serves {
        return Ok(Json(
            told.with(ShownWay::Continue { person: browser.account.nick_name(), strict: client.strict }),
        ));
    }
    service.pace.open(facts.network(), now).map_err(Problem::too_many)?;
    if let Some(old) = presented_token(&headers).and_then(Held::parse) {
        replace(&app.logins, old.key, now).await?;
    }
    let proof = browser::opener(&client, browser.as_ref());
    let asking = browser.as_ref().filter(|browser| !scan && wishes.names(&browser.account));
    if let Some(asked) = asked_on_phone(&app, &facts, (&client, &sealed, scopes), asking, now).await? {
        let (opened, person) = asked;
        return Ok(Json(told.with(ShownWay::Asked(Box::new(ShownQuestion {
            asked: person,
            waiting: waiting(service, &issuer, &sealed, &opened, now),
        })))));
    }
    let only_for = browser.filter(|_| proof.is_some()).map(|browser| browser.account.nick_name());
    let opening = Opening {
        flow: Flow::Oauth { scopes, request: Some(RequestHash::of(&sealed)), key: None, rotates: true },
        client: &client,
        claims: ScreenClaims::default(),
        seen: facts.seen(),
        opener: proof,
        life: service.settings.session_life,
    };
    let opened = app.logins.open(opening, now).await?;
    Ok(Json(told.with(ShownWay::Scan(Box::new(ShownQr {
        code: opened.session.code.to_string(),
        only_for,
        rotate: Rotating::of(service, &issuer, &opened.session, now)?,
        waiting: waiting(service, &issuer, &sealed, &opened, now),
    })))))
}

/// Asks the person on their phone, if they may be asked: the question, and their name, masked.
async fn asked_on_phone(
    app: &App,
    facts: &Facts,
    (client, sealed, scopes): (&Client, &str, Scopes),
    browser: Option<&SignedInBrowser>,
    now: Timestamp,
) -> Result<Option<(Opened, String)>, Problem> {
    let Some(browser) = browser else { return Ok(None) };
    let opening = Opening {
        flow: Flow::Asked { scopes, words: None, request: Some(RequestHash::of(sealed)) },
        client,
        claims: ScreenClaims::default(),
        seen: facts.seen(),
        opener: None,
        life: app.service.settings.session_life,
    };
    let asked = app.asked.ask_on_phone(browser, opening, now).await?;
    Ok(asked.map(|opened| (opened, browser.account.nick_name())))
}

/// What the page needs in order to wait for this session.
fn waiting(service: &Service, issuer: &str, sealed: &str, opened: &Opened, now: Timestamp) -> Waiting {
    let Opened { session, secret } = opened;
    let key = ScreenKey { code: session.code.clone(), secret: secret.clone() };
    Waiting {
        poll_token: format!("{}.{sealed}", key.reveal()),
        match_number: session.shown_number(),
        expires_in: session.expires_at.since(now).as_secs(),
        poll_after: session.poll_after(now).as_secs(),
        socket: service.socket(issuer, session),
    }
}

/// What every page tells of a request.
struct Told<'a> {
    client: &'a Client,
    scopes: Scopes,
}

impl Told<'_> {
    fn with(&self, way: ShownWay) -> Shown {
        let Client { id, name, logo, oauth, .. } = self.client;
        let logo = logo.as_ref().map(Logo::to_data_url);
        let client = ShownClient { id: id.to_string(), name: name.to_string(), logo };
        Shown { client, scopes: self.scopes.told(oauth.grants.contains(&GrantType::RefreshToken)), way }
    }
}

/// The request behind a seal, if it was good at this moment, and its client as it is now, if that may still ask so.
pub(crate) async fn opened(
    app: &App,
    issuer: &str,
    sealed: &str,
    at: Timestamp,
) -> Result<(AuthorizationRequest, Client), Problem> {
    let request = app.service.keys.open_request(issuer, sealed, at).await;
    let request = request.map_err(|_| STALE)?;
    let id = ClientId::parse(&request.client_id).ok_or(STALE)?;
    let client = app.service.client_of(&*app.clients, &id, Dialect::Oauth).await?;
    let client = client.filter(|client| may_ask(client, &request));
    client.map(|client| (request, client)).ok_or_else(|| STALE.of_client(&id))
}

/// How the session stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stands {
    state: &'static str,
    /// After how many seconds to ask again.
    poll_after: u64,
    /// How many seconds ago the QR was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    /// Where to go: confirmed only.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// `GET /oauth/authorize/status`, with the `pollToken` in the `token` header. It writes nothing before the person has
/// agreed. A confirmed session gives a fresh code at each call; the first one that is exchanged counts. It also signs the
/// browser in at the issuer: each call sets the same cookie, because an answer may have been lost.
pub(crate) async fn status(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app.service.clock.now();
    let held = presented_token(&headers).and_then(Held::parse).ok_or_else(Problem::no_screen)?;
    let view = app.logins.status(&held.key.code, Dialect::Oauth, Some(&held.key.secret)).await?;
    let View::Screen(session) = view else { return Err(Problem::not_found()) };
    if session.flow.request() != Some(&RequestHash::of(&held.request)) {
        return Err(Problem::not_found());
    }
    let standing = session.standing(now);
    let issuer = app.service.public_url(facts.domain())?;
    let (mut url, mut cookie) = (None, None);
    if standing == Standing::Confirmed {
        // The request was good when its page opened the session. The person may take minutes from then on.
        let (request, _) = opened(&app, &issuer, &held.request, session.created_at).await?;
        if is_for_another(&request, &session) {
            url = Some(answer_to(
                &request.redirect_uri,
                &[
                    ("error", "login_required"),
                    ("error_description", "Another person signed in than id_token_hint names."),
                ],
                request.state.as_deref(),
                &issuer,
            ));
        } else {
            cookie = keep(&app, &headers, &issuer, &session, now).await?;
            url = Some(browser::code_url(&app, &issuer, &session, request, now)?);
        }
    }
    let stands = Stands {
        state: word(standing),
        poll_after: session.poll_after(now).as_secs(),
        age: age(&session, now),
        url,
    };
    let waits = matches!(standing, Standing::Waiting | Standing::Scanned);
    let early = waits.then(|| app.service.pace.poll(&session, true, now));
    let cookie = cookie.map(|cookie| [(header::SET_COOKIE, cookie)]);
    let response = (cookie, Json(stands)).into_response();
    Ok(match early {
        Some(Err(seconds)) => too_early(response, seconds),
        _ => response,
    })
}

/// Whether the client named a person by an ID token, and another one has agreed. Such a client gets no code (OpenID Connect
/// Core section 3.1.2.1).
fn is_for_another(request: &AuthorizationRequest, session: &Session) -> bool {
    let by = session.state.claim().map(|claim| claim.by.account);
    request.wishes.open().person.is_some_and(|person| Some(person) != by)
}

const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "waiting",
        Standing::Scanned => "scanned",
        Standing::Confirmed => "confirmed",
        Standing::Redeemed => "used",
        Standing::Cancelled(_) => "cancelled",
        Standing::Expired => "expired",
    }
}

/// Signs the browser in at the issuer and returns its new cookie. `None` if the browser keeps its sign-in: it opened the
/// session itself, or the same person signed in in it directly, which a strict client needs.
async fn keep(
    app: &App,
    headers: &HeaderMap,
    issuer: &str,
    session: &Session,
    now: Timestamp,
) -> Result<Option<HeaderValue>, Problem> {
    if session.opener.is_some() {
        return Ok(None);
    }
    let before = browser::signed_in(app, headers, issuer, now).await?;
    let account = session.state.claim().map(|claim| claim.by.account);
    if before.is_some_and(|before| before.is_direct() && Some(before.account.id) == account) {
        return Ok(None);
    }
    let Some((sign_in, token)) = app.browsers.begin(session, now).await? else { return Ok(None) };
    Ok(Some(browser::keep(app, headers, issuer, (&sign_in, &token), now).await?))
}

/// `POST /oauth/authorize/cancel`: the person goes back to the client without signing in.
pub(crate) async fn cancel(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Json(Sealed { request: sealed, .. }): Json<Sealed>,
) -> Result<Json<GoTo>, Problem> {
    let issuer = app.service.public_url(facts.domain())?;
    let (request, _) = opened(&app, &issuer, &sealed, app.service.clock.now()).await?;
    if let Some(old) = presented_token(&headers).and_then(Held::parse) {
        replace(&app.logins, old.key, app.service.clock.now()).await?;
    }
    let pairs = [("error", "access_denied")];
    let url = answer_to(&request.redirect_uri, &pairs, request.state.as_deref(), &issuer);
    Ok(Json(GoTo { url }))
}
