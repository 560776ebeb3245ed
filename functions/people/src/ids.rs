//! The ids in paths and the places where lists go on. Both are read within the caller's own account alone, so an id of
//! another person is as unknown as one that never was.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{
    belongings::{Place, Turn},
    cases::Row,
    history::EntryId,
    identity::{AccountId, ClientId, SignInId},
    session::LoginPolicy,
    text::CleanText,
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

pub(crate) fn machine_id(mac: &CleanText<64>) -> String {
    opaque(mac.as_str())
}

pub(crate) fn pair_id(client: &ClientId, policy: LoginPolicy) -> String {
    opaque(&format!("{client}#{}", policy.number()))
}

pub(crate) fn read_sign_in(raw: &str) -> Option<Row> {
    SignInId::parse(raw).map(Row::SignIn)
}

pub(crate) fn read_login(raw: &str) -> Option<Row> {
    EntryId::parse(raw).map(Row::Login)
}

pub(crate) fn read_machine(raw: &str) -> Option<Row> {
    let named = read_opaque(raw)?;
    CleanText::non_empty(&named).filter(|mac: &CleanText<64>| mac.as_str() == named).map(Row::Machine)
}

pub(crate) fn read_pair(raw: &str) -> Option<Row> {
    let named = read_opaque(raw)?;
    let (client, policy) = named.rsplit_once('#')?;
    Some(Row::Pair(ClientId::parse(client)?, policy.parse().ok().and_then(LoginPolicy::from_number)?))
}

fn opaque(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn read_opaque(raw: &str) -> Option<String> {
    const LONGEST: usize = 2 * Place::LONGEST;
    let bytes = (raw.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(raw).ok())??;
    String::from_utf8(bytes).ok()
}
