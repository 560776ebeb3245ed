//! A client, or the person, ends what the browser is signed in for here (OpenID Connect RP-Initiated Logout 1.0).

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{client::Client, identity::ClientId, session::Dialect};
use saoma_http::{
    Facts, Problem,
    body::Form,
    cookie::{browser_token, forget_browser},
    harden::refused_as,
    query::Query,
    site::is_elsewhere,
};

use crate::{
    App,
    answer::{encoded, sent_on},
    authorize::LONGEST_STATE,
    browser,
};

/// The parameters that are read.
const PARAMETERS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// What a request asks for. Its client and its address are registered.
struct Asked {
    /// Where the browser goes afterwards, if it goes anywhere, with the request's `state`.
    back: Option<String>,
    /// The account of the person whom the client means (`id_token_hint`).
    person: Option<String>,
    /// The same request without its hint, as a query.
    again: String,
}

/// `GET /oauth/logout`. The checks, in order: the hint is an ID token of ours; the client is known, and the hint is its;
/// the address is registered for it, to the letter. Then the browser is signed out if the hint names its person. Without
/// such a hint the person is asked, because any site may send a browser here.
pub(crate) async fn by_query(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    query: Result<Query, Problem>,
) -> Response {
    leaving(&app, &facts, &headers, query).await.unwrap_or_else(|problem| told(&problem))
}

async fn leaving(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    query: Result<Query, Problem>,
) -> Result<Response, Problem> {
    let (query, issuer) = (query?, app.service.public_url(facts.domain())?);
    let asked = read(app, &issuer, &query).await?;
    let now = app.service.clock.now();
    match browser::signed_in(app, headers, &issuer, now).await? {
        Some(browser) if asked.person != Some(browser.account.id.to_string()) => {
            Ok(question(&browser.account.nick_name(), &asked))
        }
        _ => sign_out(app, headers, &issuer, asked).await,
    }
}

/// `POST /oauth/logout`: the answer to the question, or a client's request in a form. The latter comes from another site
/// without the browser's cookie (`SameSite=Lax`), so it goes on as a `GET`, which has it.
pub(crate) async fn by_form(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    query: Result<Query, Problem>,
    form: Result<Form, Problem>,
) -> Response {
    pressed(&app, &facts, &headers, (query, form)).await.unwrap_or_else(|problem| told(&problem))
}

async fn pressed(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    (query, form): (Result<Query, Problem>, Result<Form, Problem>),
) -> Result<Response, Problem> {
    let (query, Form(form)) = (query?, form?);
    let issuer = app.service.public_url(facts.domain())?;
    if !is_elsewhere(headers) && form.get("confirm") == Some("yes") {
        let asked = read(app, &issuer, &query).await?;
        return sign_out(app, headers, &issuer, asked).await;
    }
    let pairs = PARAMETERS.iter().filter_map(|name| Some((*name, form.get(name)?)));
    Ok(sent_on(&format!("{issuer}/oauth/logout?{}", encoded(pairs))))
}

async fn read(app: &App, issuer: &str, query: &Query) -> Result<Asked, Problem> {
    const NO_HINT: Problem =
        Problem::bad_request("invalid_request", "id_token_hint is no ID token of ours for this client.");
    const LONG: Problem = Problem::bad_request("invalid_request", "state has at most 2048 bytes.");
    let hint = match query.get("id_token_hint") {
        Some(token) => Some(app.service.keys.read_id_token_hint(issuer, token).await.map_err(|_| NO_HINT)?),
        None => None,
    };
    let hinted = hint.as_ref().map(|hint| hint.client.as_str());
    let named = query.get("client_id").or(hinted);
    if hinted.is_some() && hinted != named {
        return Err(NO_HINT);
    }
    let client = match named {
        Some(id) => Some(client(app, id).await?),
        None => None,
    };
    let state = query.get("state");
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(LONG);
    }
    let address = address(client.as_ref(), query)?;
    let again = [("client_id", named), ("post_logout_redirect_uri", address), ("state", state)];
    Ok(Asked {
        back: address.map(|address| with_state(address, state)),
        person: hint.as_ref().map(|hint| hint.account.to_string()),
        again: encoded(again.into_iter().filter_map(|(name, value)| Some((name, value?)))),
    })
}

async fn client(app: &App, id: &str) -> Result<Client, Problem> {
    const UNKNOWN: Problem = Problem::bad_request("unknown_client", "client_id names no registered client.");
    let id = ClientId::parse(id).ok_or(UNKNOWN)?;
    let client = app.service.client_of(&*app.clients, &id, Dialect::Oauth).await?;
    client.ok_or_else(|| UNKNOWN.of_client(&id))
}

/// The address that the request names, if it is registered (`docs/security.md` W4).
fn address<'a>(client: Option<&Client>, query: &'a Query) -> Result<Option<&'a str>, Problem> {
    const UNREGISTERED: Problem = Problem::bad_request(
        "invalid_redirect_uri",
        "post_logout_redirect_uri is not registered for this client.",
    );
    let Some(asked) = query.get("post_logout_redirect_uri") else { return Ok(None) };
    let registered = client.into_iter().flat_map(|client| &client.oauth.logout_uris);
    if registered.into_iter().any(|address| address.admits(asked)) {
        Ok(Some(asked))
    } else {
        Err(UNREGISTERED)
    }
}

/// An address with the request's `state`. What the address has in its query stays.
fn with_state(address: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return address.to_owned() };
    let joined_by = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joined_by}{}", encoded([("state", state)]))
}

/// Ends what the browser holds, and takes its cookie. A repeated call finds nothing to end, and gets the same answer.
async fn sign_out(app: &App, headers: &HeaderMap, issuer: &str, asked: Asked) -> Result<Response, Problem> {
    let named = match browser_token(headers, issuer) {
        Some(token) => app.browsers.named(&token).await,
        None => None,
    };
    if let Some(browser) = named {
        app.browsers.end(&browser).await?;
    }
    let forget = [(header::SET_COOKIE, forget_browser(issuer)?)];
    Ok(match asked.back {
        Some(back) => (forget, sent_on(&back)).into_response(),
        None => (forget, page(StatusCode::OK, SIGNED_OUT)).into_response(),
    })
}

const SIGNED_OUT: &str = "<title>Signed out</title><h1>This browser is signed out.</h1>\
     <h1 lang=\"zh\">此浏览器已退出登录。</h1>";

/// Asks the person. The form comes back to this address, so the query is all that it carries. The query is percent-encoded
/// and the name masked or a number, so neither can hold markup.
fn question(person: &str, asked: &Asked) -> Response {
    let query = asked.again.replace('&', "&amp;");
    let page_of = format!(
        "<title>Sign out?</title><h1>Sign out in this browser?</h1><p>It is signed in as {person}. Your phone stays signed \
         in.</p><h1 lang=\"zh\">要在此浏览器中退出登录吗？</h1><p lang=\"zh\">当前账号：{person}。手机不会退出登录。</p>\
         <form method=\"post\" action=\"/oauth/logout?{query}\"><button name=\"confirm\" value=\"yes\">Sign out \
         <span lang=\"zh\">退出登录</span></button></form>"
    );
    page(StatusCode::OK, &page_of)
}

/// Tells the person that the site made a mistake: an address that is not known gets nothing.
fn told(problem: &Problem) -> Response {
    let Problem { code, detail, .. } = problem;
    let page_of = format!(
        "<title>{code}</title><h1>You are not signed out yet.</h1><p>The site that sent you here made a mistake ({code}: \
         {detail}). Try again, or tell its owner.</p><h1 lang=\"zh\">尚未退出登录</h1><p lang=\"zh\">您来自的网站出错了，\
         请重试或告知网站。</p>"
    );
    refused_as(page(problem.status, &page_of), problem.clone())
}

fn page(status: StatusCode, inner: &str) -> Response {
    const HTML: (HeaderName, &str) = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         {inner}</html>\n"
    );
    (status, [HTML], page).into_response()
}
