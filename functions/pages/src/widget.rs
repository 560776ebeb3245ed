//! The widget: one script that pages of every site load, and its types (`docs/widget.md`).

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use saoma_http::Problem;

use crate::{
    file::File,
    page::{FOR_EVER, JS, NOT_KEPT, WIDGET_D_TS, WIDGET_JS, is_hash},
};

const TEXT: &str = "text/plain; charset=utf-8";
/// A page that names no version follows each deployment within five minutes.
const SHORTLY: &str = "public, max-age=300";

/// `GET /widget.js`.
pub(crate) async fn newest(headers: HeaderMap) -> Response {
    for_all(WIDGET_JS.answer_unless_known(&headers, JS, SHORTLY))
}

/// `GET /widget/{version}/widget.js`. The version is the hash of the script, so what a browser keeps is never wrong. A page
/// that names the version of another deployment gets this deployment's script and shows its QR all the same, unless it pins
/// the content with `integrity` (`docs/decisions/0026-a-widget-for-every-page.md`).
pub(crate) async fn of_version(headers: HeaderMap, Path(version): Path<String>) -> Result<Response, Problem> {
    if !is_hash(&version) {
        return Err(Problem::not_found());
    }
    let cache = if version == version_of(&WIDGET_JS) { FOR_EVER } else { NOT_KEPT };
    Ok(for_all(WIDGET_JS.answer(&headers, JS, cache)))
}

/// `GET /widget.d.ts`.
pub(crate) async fn types(headers: HeaderMap) -> Response {
    for_all(WIDGET_D_TS.answer_unless_known(&headers, TEXT, SHORTLY))
}

/// The hash in a file's name.
fn version_of(file: &File) -> &'static str {
    let stem = file.name.split_once('.').map_or(file.name, |(stem, _)| stem);
    stem.rsplit_once('-').map_or("", |(_, hash)| hash)
}

/// Lets pages of every site read an answer: a module, and a script with `integrity`, is fetched by CORS.
fn for_all(mut response: Response) -> Response {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
