//! The ids of rows that people are shown, and that calls bring back.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{
    belongings::Place,
    cases::Row,
    history::EntryId,
    identity::{ClientId, SignInId},
    session::LoginPolicy,
    text::CleanText,
};

/// The id of a person's machine.
#[must_use]
pub fn machine_id(mac: &CleanText<64>) -> String {
    opaque(mac.as_str())
}

/// The id of a pair.
#[must_use]
pub fn pair_id(client: &ClientId, policy: LoginPolicy) -> String {
    opaque(&format!("{client}#{}", policy.number()))
}

/// Reads the id of a sign-in.
#[must_use]
pub fn read_sign_in(raw: &str) -> Option<Row> {
    SignInId::parse(raw).map(Row::SignIn)
}

/// Reads the id of a login.
#[must_use]
pub fn read_login(raw: &str) -> Option<Row> {
    EntryId::parse(raw).map(Row::Login)
}

/// Reads the id of a machine.
#[must_use]
pub fn read_machine(raw: &str) -> Option<Row> {
    let named = read_opaque(raw)?;
    CleanText::non_empty(&named).filter(|mac: &CleanText<64>| mac.as_str() == named).map(Row::Machine)
}

/// Reads the id of a pair.
#[must_use]
pub fn read_pair(raw: &str) -> Option<Row> {
    let named = read_opaque(raw)?;
    let (client, policy) = named.rsplit_once('#')?;
    Some(Row::Pair(ClientId::parse(client)?, policy.parse().ok().and_then(LoginPolicy::from_number)?))
}

/// A text in an address. The caller sends it back unchanged.
#[must_use]
pub fn opaque(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Reads what [`opaque`] made.
#[must_use]
pub fn read_opaque(raw: &str) -> Option<String> {
    const LONGEST: usize = 2 * Place::LONGEST;
    let bytes = (raw.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(raw).ok())??;
    String::from_utf8(bytes).ok()
}
