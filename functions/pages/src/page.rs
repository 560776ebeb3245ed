//! The pages themselves: plain files, compiled in.

use axum::{
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::secrets::SessionCode;
use saoma_http::Problem;

/// Nothing inline, nothing from elsewhere, nobody frames us (ADVERSARIES W5).
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const ICON: &str = include_str!("../assets/favicon.svg");

/// Name, type and content of all that pages link to.
const ASSETS: [(&str, &str, &str); 12] = [
    ("account.js", JS, include_str!("../assets/account.js")),
    ("api.js", JS, include_str!("../assets/api.js")),
    ("app.css", CSS, include_str!("../assets/app.css")),
    ("consent.js", JS, include_str!("../assets/consent.js")),
    ("favicon.svg", SVG, ICON),
    ("i18n.js", JS, include_str!("../assets/i18n.js")),
    ("phone.js", JS, include_str!("../assets/phone.js")),
    ("prompts.js", JS, include_str!("../assets/prompts.js")),
    ("screen.js", JS, include_str!("../assets/screen.js")),
    ("sign_in.js", JS, include_str!("../assets/sign_in.js")),
    ("view.js", JS, include_str!("../assets/view.js")),
    ("welcome.js", JS, include_str!("../assets/welcome.js")),
];

/// `GET /`.
pub(crate) async fn screen() -> Response {
    html(include_str!("../assets/index.html"))
}

/// `GET /q/{code}` and `GET /phone`. The same for every code and for none: opening it tells nobody
/// whether there is one, and changes nothing (W2, W15).
pub(crate) async fn phone() -> Response {
    html(include_str!("../assets/phone.html"))
}

/// `GET /downloads.html?source=pclogin&code=`: what the shop contract's QR says (CONTRACTS section 4).
/// A phone whose owner has no app goes on to the phone page; without a code that could be one, that
/// page says so itself. Nothing of the query but a code as we would write it gets into the address (W4).
pub(crate) async fn downloads(RawQuery(query): RawQuery) -> Response {
    let code = query.as_deref().and_then(SessionCode::from_download_query);
    match code {
        Some(code) => (StatusCode::FOUND, [(header::LOCATION, format!("/q/{code}"))]).into_response(),
        None => phone().await,
    }
}

/// `GET /welcome`.
pub(crate) async fn welcome() -> Response {
    html(include_str!("../assets/welcome.html"))
}

/// `GET /assets/{file}`.
pub(crate) async fn asset(Path(file): Path<String>) -> Result<Response, Problem> {
    let found = ASSETS.into_iter().find(|(name, _, _)| *name == file);
    found.map(|(_, kind, content)| cached(kind, content)).ok_or_else(Problem::not_found)
}

/// `GET /favicon.ico`.
pub(crate) async fn icon() -> Response {
    cached(SVG, ICON)
}

fn html(content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    (headers, content).into_response()
}

/// Files change only with a deployment, and carry nothing of anybody.
fn cached(kind: &'static str, content: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, content).into_response()
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
        let answer = downloads(RawQuery::from_request_parts(&mut parts, &()).await.unwrap()).await;
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
