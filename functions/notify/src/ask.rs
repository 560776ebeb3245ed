//! Asks a person by push, or replaces the prompt by a QR.

use saoma_domain::{
    account::AccountStatus,
    effect::Effect,
    pairing::{PRESENCE, PRESENCE_NOTED},
    ports::{Freshness, StoreError},
    push::{PushKind, PushMessage},
    session::{Abandonment, CancelReason, Claim, Session, Standing, State},
};

use crate::{
    App, EffectError,
    phones::{self, Reach},
    progress::Progress,
};

/// Whether a prompt may have reached its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The push service accepted a push, or a phone is there that asks for its prompts.
    Somebody,
    /// The prompt reached no phone. It was ended, and the record of that change opens its QR.
    NobodyThere,
}

/// Pushes a prompt to its person's phones. If the person has already decided, no phone is woken. If the prompt has
/// already expired and reached no phone before, a QR replaces it.
pub(crate) async fn ask(app: &App, progress: &mut Progress, claim: &Claim) -> Result<Asked, EffectError> {
    let prompt = &progress.session;
    let now = app.service.clock.now();
    let stored = app.logins.sessions.find(&prompt.code, Freshness::Strong).await?;
    let in_time = match stored.map(|stored| (stored.standing(now), stored.state)) {
        Some((Standing::Scanned, _)) => true,
        Some((Standing::Expired, State::Scanned { .. })) => false,
        // The first delivery of this record found no phone, and that still counts.
        Some((Standing::Cancelled(CancelReason::Undeliverable), _)) => return Ok(Asked::NobodyThere),
        _ => return Ok(Asked::Somebody),
    };
    if progress.has(Effect::Pushed) {
        return Ok(Asked::Somebody);
    }
    if !in_time {
        show_a_qr(app, prompt).await?;
        return Ok(Asked::NobodyThere);
    }
    if reaches_somebody(app, prompt, claim).await? {
        progress.add(Effect::Pushed);
        return Ok(Asked::Somebody);
    }
    match app.logins.abandon(prompt.clone(), Abandonment::Undeliverable, now).await {
        Ok(_) => Ok(Asked::NobodyThere),
        // The prompt was decided or ran out at the same moment. That is a change of its own.
        Err(error) if error.is_final() => Ok(Asked::Somebody),
        Err(error) => Err(error.into()),
    }
}

/// Whether a push reached a phone that may answer, or such a phone is there and asks for its prompts.
async fn reaches_somebody(app: &App, prompt: &Session, claim: &Claim) -> Result<bool, StoreError> {
    let account = claim.by.account;
    let Some(client) = app.service.client_behind(&*app.clients, prompt).await? else { return Ok(false) };
    let stands = app.checks.phone(&claim.by).await?.account;
    if !stands.is_some_and(|account| account.status == AccountStatus::Active) {
        return Ok(false);
    }
    let message = PushMessage { kind: PushKind::Prompt, id: prompt.trace_id() };
    if phones::push_to_all(app, account, Some(&client), &message).await? > 0 {
        return Ok(true);
    }
    let since = app.service.clock.now().whole_secs().minus(PRESENCE + PRESENCE_NOTED);
    for phone in app.prompts.present(account, since).await? {
        if phones::reach(app, account, &phone, Some(&client)).await? == Reach::Admitted {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens the QR that replaces a prompt that reached no phone.
pub(crate) async fn show_a_qr(app: &App, prompt: &Session) -> Result<(), EffectError> {
    let service = &app.service;
    // A client that was removed cannot show a QR.
    let Some(client) = service.client_behind(&*app.clients, prompt).await? else { return Ok(()) };
    let life = service.settings.session_life;
    let now = service.clock.now();
    Ok(app.logins.fall_back(&client, prompt, life, now).await?)
}
