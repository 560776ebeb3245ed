//! The pages themselves: files that `build.rs` makes out of `assets/`, compiled in.

use std::borrow::Cow;

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::scan::Scanned;
use saoma_http::{Problem, query::Query};

use crate::{App, file::File};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Nothing inline, nothing from elsewhere, no framing (`docs/security.md` W5). Safari before 15.5 takes `child-src` for its
/// workers.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     worker-src 'self'; child-src 'self'; frame-src 'none'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
pub(crate) const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A name with a hash always means the same content.
pub(crate) const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A browser keeps a page, but asks each time whether it has changed, because a page names the files of its deployment.
const ASK_FIRST: &str = "no-cache";
/// The address of `/welcome` holds a ticket, so no cache keeps it (`docs/security.md` W16).
pub(crate) const NOT_KEPT: &str = "no-store";

/// The files that pages load.
static ASSETS: [(&File, &str); 9] = [
    (&SCREEN_JS, JS),
    (&AUTHORIZE_JS, JS),
    (&PHONE_JS, JS),
    (&DEVICE_JS, JS),
    (&HERE_JS, JS),
    (&AUTHORIZE_HERE_JS, JS),
    (&MINE_JS, JS),
    (&PUZZLE_WORKER_JS, JS),
    (&APP_CSS, CSS),
];

/// `GET /`.
pub(crate) async fn screen(State(app): State<App>, headers: HeaderMap) -> Response {
    reaching_socket(html(&INDEX_HTML, &headers, ASK_FIRST), app.service.settings.socket_url.as_deref())
}

/// `GET /authorize`. The page is the same for every request: what a client asked for stands behind the `#` of the
/// address, which browsers send to no server.
pub(crate) async fn authorize(State(app): State<App>, headers: HeaderMap) -> Response {
    reaching_socket(html(&AUTHORIZE_HTML, &headers, ASK_FIRST), app.service.settings.socket_url.as_deref())
}

/// `GET /authorize/here`: where the people of a strict client sign in in the browser itself. The request stands behind the
/// `#` here, too.
pub(crate) async fn sign_in_here(headers: HeaderMap) -> Response {
    html(&AUTHORIZE_HERE_HTML, &headers, ASK_FIRST)
}

/// `GET /device`: where a person types the code that a device shows (`docs/oauth.md`).
pub(crate) async fn device(headers: HeaderMap) -> Response {
    html(&DEVICE_HTML, &headers, ASK_FIRST)
}

/// `GET /phone`: the prompts of the person who is signed in. With a `client`, the page on which a person whom a site sent
/// here signs in on this very device (`docs/widget.md`).
pub(crate) async fn without_a_code(
    State(app): State<App>,
    headers: HeaderMap,
    query: Result<Query, Problem>,
) -> Response {
    if query.is_ok_and(|query| query.get("client").is_some()) {
        return html(&HERE_HTML, &headers, ASK_FIRST);
    }
    reaching_socket(html(&PHONE_HTML, &headers, ASK_FIRST), app.service.settings.socket_url.as_deref())
}

/// `GET /q/{code}`. The page is the same for every code and for none, so opening it does
/// not reveal whether a code exists. It changes nothing (W2, W15).
pub(crate) async fn phone(headers: HeaderMap) -> Response {
    html(&PHONE_HTML, &headers, ASK_FIRST)
}

/// `GET /account`: the same for everybody. Its script asks for what is theirs with the phone's token.
pub(crate) async fn account(headers: HeaderMap) -> Response {
    html(&ACCOUNT_HTML, &headers, ASK_FIRST)
}

/// `GET /downloads.html?source=pclogin&code=`: the address in the shop contract's QR (`docs/shop.md`). It redirects a
/// phone whose owner has no app to the phone page, which tells the person when the code is malformed. Only a
/// well-formed code gets from the query into the address (W4).
pub(crate) async fn downloads(headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let code = query.as_deref().and_then(Scanned::from_download_query).map(|scanned| scanned.code);
    match code {
        Some(code) => (StatusCode::FOUND, [(header::LOCATION, format!("/q/{code}"))]).into_response(),
        None => phone(headers).await,
    }
}

/// `GET /welcome`.
pub(crate) async fn welcome(headers: HeaderMap) -> Response {
    html(&WELCOME_HTML, &headers, NOT_KEPT)
}

/// `GET /assets/{file}`.
pub(crate) async fn asset(headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|(file, _)| file.name == name);
    if let Some((file, kind)) = found {
        return Ok(file.answer(&headers, kind, FOR_EVER));
    }
    if is_script_of_another_deployment(&name) {
        return Ok(STALE_JS.answer(&headers, JS, NOT_KEPT));
    }
    Err(Problem::not_found())
}

/// A page and its script may come from two deployments, one just after the other (`docs/security.md` F14). A 404 would
/// leave the page without a script, so such a name gets a script that loads the page once more.
fn is_script_of_another_deployment(name: &str) -> bool {
    let parts = name.strip_suffix(".js").and_then(|stem| stem.split_once('-'));
    parts.is_some_and(|(stem, hash)| {
        let ours = ASSETS.iter().any(|(file, kind)| *kind == JS && file.name.split('-').next() == Some(stem));
        ours && is_hash(hash)
    })
}

/// Whether a text has the form of a content's hash, as names of files carry it.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The description of the API, without compression.
///
/// # Errors
/// When what is compiled in does not unpack.
pub fn description() -> Result<Cow<'static, [u8]>, Problem> {
    OPENAPI_JSON.unpacked()
}

/// `GET /openapi.json`: the description of every route, which `build.rs` makes of `openapi/`. Tools load it from pages
/// of their own, so every page may read it.
pub(crate) async fn openapi(headers: HeaderMap) -> Response {
    let mut response = OPENAPI_JSON.answer_unless_known(&headers, JSON, "public, max-age=300");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// `GET /favicon.ico`: for programs that look for an icon without reading a page.
pub(crate) async fn icon(headers: HeaderMap) -> Response {
    FAVICON_SVG.answer(&headers, SVG, "public, max-age=86400")
}

fn html(page: &File, headers: &HeaderMap, cache: &'static str) -> Response {
    let mut response = if cache == NOT_KEPT {
        page.answer(headers, HTML, cache)
    } else {
        page.answer_unless_known(headers, HTML, cache)
    };
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Lets a page that waits reach its socket, too: at this very address, and no other (`docs/security.md` W5).
fn reaching_socket(mut response: Response, socket_url: Option<&str>) -> Response {
    let Some(url) = socket_url else { return response };
    let policy = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", &format!("connect-src 'self' {url}"));
    // The address was checked at the start of the process, so it always fits.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{extract::FromRequestParts, http::Request};

    use super::*;

    const CODE: &str = "0P1ACEH01DERC0DE0123456789";

    /// The status, and where to go on.
    async fn open(query: &str) -> (StatusCode, Option<String>) {
        let request = Request::get(format!("/downloads.html{query}")).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        let query = RawQuery::from_request_parts(&mut parts, &()).await.unwrap();
        let answer = downloads(HeaderMap::new(), query).await;
        let location = answer.headers().get(header::LOCATION);
        (answer.status(), location.map(|to| to.to_str().unwrap().to_owned()))
    }

    // D4
    #[tokio::test]
    async fn the_shop_qr_leads_to_the_phone_page_of_its_code() {
        let to = (StatusCode::FOUND, Some(format!("/q/{CODE}")));
        assert_eq!(open(&format!("?source=pclogin&code={CODE}")).await, to);
        assert_eq!(open(&format!("?code={CODE}")).await, to);
        assert_eq!(open(&format!("?code={}", CODE.to_lowercase())).await, to);
        assert_eq!(open(&format!("?code={}", CODE.replace('1', "I").replace('0', "o"))).await, to);
        assert_eq!(open(&format!("?code={CODE}&next=//evil.example")).await, to);
        // F10
        assert_eq!(open(&format!("?source=pclogin&code={CODE}%0A&source=app&x=%ff")).await, to);
    }

    // W4
    #[tokio::test]
    async fn nothing_but_a_code_leads_anywhere() {
        let evil = [
            String::new(),
            "?source=pclogin".to_owned(),
            "?code=".to_owned(),
            "?code=//evil.example".to_owned(),
            "?code=javascript:alert(1)".to_owned(),
            "?code=x@evil.example".to_owned(),
            format!("?code={CODE}%0d%0aLocation:%20//evil.example"),
            format!("?code=../{CODE}"),
            format!("?code={CODE}/confirm"),
            format!("?code={CODE}&code={CODE}"),
            "?code=%ff".to_owned(),
        ];
        for query in evil {
            assert_eq!(open(&query).await, (StatusCode::OK, None), "{query}");
        }
    }
}
