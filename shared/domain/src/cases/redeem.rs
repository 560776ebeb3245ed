//! Redeem: the screen takes its token, once.

use std::net::IpAddr;

use super::{Logins, StepError, noted::Noted};
use crate::{
    account::Account,
    allowed::{About, NotAllowed, still_allowed},
    ports::StoreError,
    secrets::TokenId,
    session::{Bar, Command, RedeemKey, Redemption, Refusal, Session, State},
    sign_in::{Method, NotSignedIn},
    time::Timestamp,
};

/// A redemption that is stored. A caller signs a token only after it has one of these.
#[derive(Debug)]
pub struct Redeemed {
    /// The session as stored.
    pub session: Session,
    /// The person's account, checked just before the redemption.
    pub account: Account,
    /// How the person proved who they are on the phone that agreed.
    pub method: Method,
    /// The claims of the token.
    pub redemption: Redemption,
    /// Whether the login's entry in the person's history is known to be stored. A repeated redemption stores one that is
    /// missing.
    pub in_history: bool,
}

impl Logins {
    /// Redeems a session that was just read. `id` is the token's `jti` if this is the first redemption.
    ///
    /// The checks, in order: the caller holds the key and a person confirmed ([`Session::decide`]); everything is
    /// [still allowed](crate::allowed), by the newest records; the account still vouches for the confirmation. Then
    /// the one guarded write. If the phone or the account fails its check, a confirmed session ends. If the client is
    /// gone or no longer admits this login, nothing changes (`docs/security.md` A15). After the write the login goes
    /// into the person's history. If the person has ended the login there, the screen gets no token again.
    ///
    /// `address` is the caller's, for the record.
    ///
    /// # Errors
    /// [`StepError`]. A barred account or an ended sign-in is [`Refusal::Cancelled`]; after the redemption it is
    /// [`Refusal::Used`].
    pub async fn redeem(
        &self,
        session: Session,
        key: RedeemKey,
        id: TokenId,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Redeemed, StepError> {
        let redeemed = self.redeem_as(session, key, id, address, now).await;
        self.refused(redeemed, None, address)
    }

    async fn redeem_as(
        &self,
        session: Session,
        key: RedeemKey,
        id: TokenId,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Redeemed, StepError> {
        let redeem = Command::Redeem(key, Redemption { id, at: now.whole_secs() });
        session.decide(&redeem, now).map_err(|refusal| StepError::of(&session, refusal))?;
        let (account, method) = match self.still_stands(&session, now).await? {
            Ok(stands) => stands,
            Err(bar) => {
                let session = self.advance(session, &Command::Bar(bar), address, &[], now).await?;
                return Err(StepError::of(&session, Refusal::Cancelled));
            }
        };
        let is_first = matches!(session.state, State::Confirmed { .. });
        let session = self.advance(session, &redeem, address, &[], now).await?;
        let noted = self.note(&session, is_first).await;
        if noted == Noted::Ended {
            return Err(StepError::of(&session, Refusal::Used));
        }
        match &session.state {
            State::Redeemed { redemption, .. } => {
                let redemption = redemption.clone();
                Ok(Redeemed { session, account, method, redemption, in_history: noted == Noted::Stands })
            }
            _ => Err(StepError::of(
                &session,
                StoreError::new("a redeemed session is stored as something else"),
            )),
        }
    }

    /// The account and the method behind a confirmation, or the reason why it no longer counts: the phone that
    /// agreed or its account fails its check. A phone or an account that the store does not have fails it too. The
    /// phone, its account, the client and the machine that opened the session are read in one call. A browser that opened it
    /// takes two more reads.
    async fn still_stands(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<Result<(Account, Method), Bar>, StepError> {
        let (claim, agreed_at) = match &session.state {
            State::Confirmed { claim, at } => (claim, *at),
            State::Redeemed { claim, redemption } => (claim, redemption.at),
            _ => return Err(StepError::of(session, Refusal::NotConfirmed)),
        };
        let read = self.checks.redemption(&claim.by, session).await;
        let read = read.map_err(|error| StepError::of(session, error))?;
        let client = self.built_ins.client(read.client);
        let about = About::Login(session, client.as_ref(), &read.opener);
        match still_allowed(read.phone, about, now) {
            Ok((sign_in, account)) if account.vouches_for(agreed_at) => Ok(Ok((account, sign_in.method))),
            Ok(_) | Err(NotAllowed::Phone(NotSignedIn::Barred)) => Ok(Err(Bar::Account)),
            Err(NotAllowed::Phone(NotSignedIn::Over)) => Ok(Err(Bar::SignIn)),
            Err(NotAllowed::Client(why)) => Err(StepError::of(session, why)),
        }
    }
}
