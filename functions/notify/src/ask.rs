//! A person is asked, or shown a QR instead.

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

/// Whether a prompt may have come to its person's notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A push went out, or a phone is there that asks for what waits.
    Somebody,
    /// No phone: the prompt is over, and its QR comes with the change that ended it.
    NobodyThere,
}

/// Pushes a prompt to its person's phones. A record that comes late, when they have decided, wakes
/// nobody; one that comes when the time is over has a QR shown instead, unless they had been asked.
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
        // Decided or run out at the same moment: that is a change of its own.
        Err(error) if error.is_final() => Ok(Asked::Somebody),
        Err(error) => Err(error.into()),
    }
}

/// Whether a phone that may answer takes a push, or is there and asks for what waits.
async fn reaches_somebody(app: &App, prompt: &Session, claim: &Claim) -> Result<bool, StoreError> {
    let account = claim.by.account;
    let Some(client) = app.service.client(&*app.clients, &prompt.client).await? else { return Ok(false) };
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

/// The QR that stands in for a prompt that reached nobody.
pub(crate) async fn show_a_qr(app: &App, prompt: &Session) -> Result<(), EffectError> {
    let service = &app.service;
    // A client that is gone has nobody to show it.
    let Some(client) = service.client(&*app.clients, &prompt.client).await? else { return Ok(()) };
    let life = service.settings.session_life;
    let now = service.clock.now();
    Ok(app.logins.fall_back(&client, prompt, life, now).await?)
}
