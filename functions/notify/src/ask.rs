//! Asks a person by push, or replaces the prompt by a QR.

use saoma_domain::{
    account::AccountStatus,
    client::Client,
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
    Reached,
    /// The prompt reached no phone. It was ended, and the record of that change opens its QR.
    ReachedNoPhone,
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
        Some((Standing::Cancelled(CancelReason::Undeliverable), _)) => return Ok(Asked::ReachedNoPhone),
        _ => return Ok(Asked::Reached),
    };
    if progress.has(Effect::Pushed) {
        return Ok(Asked::Reached);
    }
    if !in_time {
        show_a_qr(app, prompt).await?;
        return Ok(Asked::ReachedNoPhone);
    }
    if reaches_a_phone(app, prompt, claim).await? {
        progress.add(Effect::Pushed);
        return Ok(Asked::Reached);
    }
    match app.logins.abandon(prompt.clone(), Abandonment::Undeliverable, now).await {
        Ok(_) => Ok(Asked::ReachedNoPhone),
        // The prompt was decided or ran out at the same moment. That is a change of its own.
        Err(error) if error.is_final() => Ok(Asked::Reached),
        Err(error) => Err(error.into()),
    }
}

/// Pushes a question by OAuth to its person's phones, if they have not decided yet. It waits until it expires, whether or not
/// a phone was reached: the person finds it in the list of what waits for them.
pub(crate) async fn push(app: &App, progress: &mut Progress, claim: &Claim) -> Result<(), EffectError> {
    if progress.has(Effect::Pushed) {
        return Ok(());
    }
    let (prompt, now) = (&progress.session, app.service.clock.now());
    let stored = app.logins.sessions.find(&prompt.code, Freshness::Strong).await?;
    if stored.is_some_and(|stored| stored.standing(now) == Standing::Scanned) {
        pushed_to(app, prompt, claim).await?;
        progress.add(Effect::Pushed);
    }
    Ok(())
}

/// Whether a push reached a phone that may answer, or such a phone is there and asks for its prompts.
async fn reaches_a_phone(app: &App, prompt: &Session, claim: &Claim) -> Result<bool, StoreError> {
    let account = claim.by.account;
    let Some((client, pushes)) = pushed_to(app, prompt, claim).await? else { return Ok(false) };
    if pushes > 0 {
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

/// Pushes a prompt to the phones that may answer it. Returns its client and how many pushes were accepted; `None` if the
/// client or the person does not count any more.
async fn pushed_to(
    app: &App,
    prompt: &Session,
    claim: &Claim,
) -> Result<Option<(Client, usize)>, StoreError> {
    let (Some(client), Some(id)) =
        (app.service.client_behind(&*app.clients, prompt).await?, prompt.prompt_id())
    else {
        return Ok(None);
    };
    let account = app.checks.phone(&claim.by).await?.account;
    let Some(account) = account.filter(|account| account.status == AccountStatus::Active) else {
        return Ok(None);
    };
    let message = PushMessage { kind: PushKind::Prompt, id: id.to_string() };
    let pushes = phones::push_to_all(app, account.id, Some(&client), &message).await?;
    Ok(Some((client, pushes)))
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
