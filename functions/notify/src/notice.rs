//! The person hears of a login in their name.

use saoma_domain::{
    ports::KeyedHash,
    push::{PushKind, PushMessage},
    session::{Claim, Session},
};

use crate::{App, phones};

/// Pushes to all phones that somebody signed in. A notice that fails is not worth bringing the whole
/// record again: the login stands, and its client is told.
pub(crate) async fn signed_in(app: &App, session: &Session, claim: &Claim) {
    let version = session.version.to_string();
    let hash = app.service.keys.keyed_hash("login notice", &[session.code.as_str(), &version]);
    let id = hash.iter().take(16).fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
    let message = PushMessage { kind: PushKind::SignedIn, id };
    if let Err(error) = phones::push_to_all(app, claim.by.account, &message).await {
        tracing::warn!(cause = %error, "a login notice failed");
    }
}
