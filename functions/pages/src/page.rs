//! The pages themselves: plain files, compiled in.

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use saoma_http::Problem;

/// Nothing inline, nothing from elsewhere, nobody frames us (ADVERSARIES W5).
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const ICON: &str = include_str!("../assets/favicon.svg");

/// Name, type and content of all that pages link to.
const ASSETS: [(&str, &str, &str); 9] = [
    ("account.js", JS, include_str!("../assets/account.js")),
    ("api.js", JS, include_str!("../assets/api.js")),
    ("app.css", CSS, include_str!("../assets/app.css")),
    ("favicon.svg", SVG, ICON),
    ("i18n.js", JS, include_str!("../assets/i18n.js")),
    ("phone.js", JS, include_str!("../assets/phone.js")),
    ("screen.js", JS, include_str!("../assets/screen.js")),
    ("view.js", JS, include_str!("../assets/view.js")),
    ("welcome.js", JS, include_str!("../assets/welcome.js")),
];

/// `GET /`.
pub(crate) async fn screen() -> Response {
    html(include_str!("../assets/index.html"))
}

/// `GET /q/{code}`. The same for every code: opening it tells nobody whether there is one, and
/// changes nothing (W2, W15).
pub(crate) async fn phone() -> Response {
    html(include_str!("../assets/phone.html"))
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
