//! The person hears of a login in their name.

use saoma_domain::{
    effect::Effect,
    ports::KeyedHash,
    push::{PushKind, PushMessage},
    session::Claim,
};

use crate::{App, phones, progress::Progress};

/// Pushes to all phones that somebody signed in. A notice that fails is not worth bringing the whole
/// record again: the login stands, and its client is told.
pub(crate) async fn signed_in(app: &App, progress: &mut Progress, claim: &Claim) {
    if progress.has(Effect::Pushed) {
        return;
    }
    let session = &progress.session;
    let version = session.version.to_string();
    let hash = app.service.keys.keyed_hash("login notice", &[session.code.as_str(), &version]);
    let id = hash.iter().take(16).fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
    let message = PushMessage { kind: PushKind::SignedIn, id };
    // Every phone of theirs hears of it, whatever its app may sign in to.
    match phones::push_to_all(app, claim.by.account, None, &message).await {
        Ok(_) => progress.add(Effect::Pushed),
        Err(error) => tracing::warn!(cause = %error, "a login notice failed"),
    }
}
