//! Tells a person about a login in their name.

use saoma_domain::{
    effect::Effect,
    ports::KeyedHash,
    push::{PushKind, PushMessage},
    session::Claim,
};

use crate::{App, phones, progress::Progress};

/// Pushes a notice to all phones of the person. A notice that fails is logged and not repeated: the login counts, and
/// its client is told.
pub(crate) async fn signed_in(app: &App, progress: &mut Progress, claim: &Claim) {
    if progress.has(Effect::Pushed) {
        return;
    }
    let session = &progress.session;
    let version = session.version.to_string();
    let tag = app.service.keys.keyed_hash("login notice", &[session.code.as_str(), &version]);
    let id = tag.hash.iter().take(16).fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
    let message = PushMessage { kind: PushKind::SignedIn, id };
    // Every phone of the person gets the notice, also one whose app may not approve this client's logins.
    match phones::push_to_all(app, claim.by.account, None, &message).await {
        Ok(_) => progress.add(Effect::Pushed),
        Err(error) => tracing::warn!(cause = %error, "a login notice failed"),
    }
}
