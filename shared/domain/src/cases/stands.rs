//! Whether a sign-in counts by itself, besides any login.

use super::people::SignInError;
use crate::{
    account::Account,
    allowed::{About, NotAllowed, still_allowed},
    client::Client,
    identity::{ClientId, Phone},
    opener::{Opener, OpenerRecords},
    ports::{Checks, Clients, Freshness, StoreError},
    sign_in::{NotSignedIn, SignIn},
    time::Timestamp,
};

/// Where the records of a sign-in are read.
pub(super) struct Behind<'a> {
    pub(super) checks: &'a dyn Checks,
    pub(super) clients: &'a dyn Clients,
}

/// What is stored about an opener now. It is read only for a strict client, because no other asks for it.
pub(super) async fn opener_of(
    behind: Behind<'_>,
    client: &Client,
    opener: Option<&Opener>,
) -> Result<OpenerRecords, StoreError> {
    let mut stored = OpenerRecords::default();
    match opener.filter(|_| client.strict) {
        Some(Opener::Machine(name, _)) => stored.machine = behind.clients.machine(&client.id, name).await?,
        Some(Opener::Browser(browser)) => stored.browser = behind.checks.phone(browser).await?,
        Some(Opener::Server(_)) | None => {}
    }
    Ok(stored)
}

/// Asks [`still_allowed`] about a sign-in: its app must be registered and switched on, unless it is our own page.
pub(super) async fn stands(
    behind: &Behind<'_>,
    phone: &Phone,
    now: Timestamp,
) -> Result<(SignIn, Account), SignInError> {
    let records = behind.checks.phone(phone).await?;
    let app =
        records.sign_in.as_ref().map(|sign_in| &sign_in.client).filter(|app| **app != ClientId::phone());
    let client = match app {
        Some(app) => behind.clients.client(app, Freshness::Eventual).await?.registered(),
        None => None,
    };
    let client = client.filter(|client| client.enabled);
    still_allowed(records, About::App(client.as_ref()), now).map_err(|error| match error {
        NotAllowed::Phone(why) => why.into(),
        NotAllowed::Client(_) => NotSignedIn::Over.into(),
    })
}
