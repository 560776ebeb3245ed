//! Where lists go on, and the answer to ids that are not the caller's. An id is looked for in the caller's own account alone,
//! so that of another person is as unknown as one that never was.

use axum::http::StatusCode;
use saoma_app::row_ids::{opaque, read_opaque};
use saoma_domain::{
    belongings::{Place, Turn},
    identity::AccountId,
};
use saoma_http::{Problem, query::Query};

/// The rows of one page.
const ROWS: u16 = 50;

/// The one answer to every id that is not the caller's.
pub(crate) const NOT_YOURS: Problem =
    Problem::new(StatusCode::NOT_FOUND, "not_found", "You have nothing with this id.");

/// The page that a query asks for.
pub(crate) fn turn(account: AccountId, query: &Query) -> Result<Turn, Problem> {
    const MALFORMED: Problem =
        Problem::bad_request("malformed_page", "`after` must be the `next` of the page before, unchanged.");
    let place = |raw| read_opaque(raw).and_then(|raw| Place::parse(&raw)).ok_or(MALFORMED);
    Ok(Turn { after: query.get("after").map(place).transpose()?, ..Turn::first(account, ROWS) })
}

/// Where the next page begins, for the caller to send back.
pub(crate) fn next(place: Option<&Place>) -> Option<String> {
    place.map(|place| opaque(place.as_str()))
}
