//! Redeem: the screen takes its token, once.

use super::advance::{StepError, advance};
use crate::{
    account::Account,
    ports::{Accounts, Randomness, Sessions, StoreError},
    secrets::TokenId,
    session::{Command, RedeemKey, Redemption, Refusal, Session, State},
    time::Timestamp,
};

/// A redemption that is stored; now, and only now, a token may be signed.
#[derive(Debug)]
pub struct Redeemed {
    /// The session as stored.
    pub session: Session,
    /// The person, checked a moment ago.
    pub account: Account,
    /// What the token is made of.
    pub redemption: Redemption,
}

/// Redeems a session that was just read.
///
/// The checks, in order: somebody confirmed; their account still vouches for it; then the one
/// guarded write. An account that does not vouch ends the session.
///
/// # Errors
/// [`StepError`]; a barred account is [`Refusal::Cancelled`].
pub async fn redeem(
    sessions: &dyn Sessions,
    accounts: &dyn Accounts,
    random: &dyn Randomness,
    session: Session,
    key: RedeemKey,
    now: Timestamp,
) -> Result<Redeemed, StepError> {
    let asked = Redemption { id: TokenId::random(random), at: now.whole_secs() };
    let works_once = matches!(key, RedeemKey::Ticket);
    let redeem = Command::Redeem(key, asked);
    session.decide(&redeem, now)?;
    let agreed_at = match &session.state {
        State::Confirmed { at, .. } => *at,
        State::Redeemed { redemption, .. } => redemption.at,
        _ => return Err(Refusal::NotConfirmed.into()),
    };
    let claim = session.state.claim().ok_or(Refusal::NotConfirmed)?;
    let account = accounts.account(claim.by.account).await?;
    let Some(account) = account.filter(|account| account.vouches_for(agreed_at)) else {
        advance(sessions, session, &Command::Bar, now).await?;
        return Err(Refusal::Cancelled.into());
    };
    let session = match advance(sessions, session.clone(), &redeem, now).await {
        // The write may be done and only its answer lost. A ticket cannot be used again to find out,
        // so ask once more for the same redemption: done, it stays; not done, it is tried again (B12).
        Err(StepError::Store(_)) if works_once => advance(sessions, session, &redeem, now).await?,
        settled => settled?,
    };
    match &session.state {
        State::Redeemed { redemption, .. } => {
            let redemption = redemption.clone();
            Ok(Redeemed { session, account, redemption })
        }
        _ => Err(StoreError::new("a redeemed session is stored as something else").into()),
    }
}
