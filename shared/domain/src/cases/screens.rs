//! The sign-ins of screens that got refresh tokens by OAuth: begins, refreshes and ends them.

use std::sync::Arc;

use super::{
    people::{Renewed, SignInError},
    redeem::Redeemed,
    rotate::Rotate,
    stands::{Behind, opener_of},
};
use crate::{
    client::Client,
    history::{EntryId, KEPT},
    identity::{Phone, SignInId},
    oauth::{KeyThumbprint, Scopes},
    ports::{Begun, Checks, Clients, KeyedHash, Randomness, SignIns, StoreError},
    refresh::{Family, Presented, read_refresh_token},
    secrets::Secret,
    session::{Session, State},
    sign_in::{Holder, HolderKind, NotSignedIn, SignIn, SignInLives},
    time::Timestamp,
};

/// The screens over their ports.
#[derive(Clone)]
pub struct Screens {
    /// The sign-ins.
    pub sign_ins: Arc<dyn SignIns>,
    /// The sign-ins and their people, read together.
    pub checks: Arc<dyn Checks>,
    /// The clients, and their machines.
    pub clients: Arc<dyn Clients>,
    /// The keys that no table holds.
    pub keys: Arc<dyn KeyedHash>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
    /// How long sign-ins last.
    pub lives: SignInLives,
}

/// The sign-in of the screen that redeemed a session; `None` for a session that was not redeemed. Its id is that of the
/// login in the person's history, so ending the login ends it.
fn of_session(session: &Session) -> Option<Phone> {
    let State::Redeemed { claim, redemption } = &session.state else { return None };
    let login = EntryId::of_login(&session.code, redemption);
    Some(Phone { account: claim.by.account, sign_in: SignInId::of_login(&login) })
}

impl Screens {
    /// Begins the sign-in of the screen that redeemed a session. Repeating the call gives the same one, as long as its
    /// refresh token was not used. If it was, the answer had arrived, and a second holder repeats the call: the sign-in
    /// ends (RFC 6749 section 4.1.2). `key` is what the caller has proven; a repeated call must prove the same.
    ///
    /// # Errors
    /// [`SignInError::NotSignedIn`] or [`SignInError::Store`].
    pub async fn begin(
        &self,
        redeemed: &Redeemed,
        scopes: Scopes,
        key: Option<KeyThumbprint>,
    ) -> Result<SignIn, SignInError> {
        let Redeemed { session, method, redemption, .. } = redeemed;
        let screen = of_session(session).ok_or(NotSignedIn::Over)?;
        let sign_in = SignIn {
            id: screen.sign_in.clone(),
            account: screen.account,
            holder: Holder::Screen { scopes, key, opener: session.opener.clone() },
            client: session.client.clone(),
            method: *method,
            seen: session.seen.clone(),
            version: 1,
            family: Family::begin(redemption.at, self.keys.current_key()),
            ended: false,
            created_at: redemption.at,
            proved_at: session.state.claim().map_or(redemption.at, |claim| claim.at),
            expires_at: self.lives().end(redemption.at, redemption.at),
        };
        match self.sign_ins.begin(&sign_in).await? {
            Begun::Stored => Ok(sign_in),
            Begun::Before(stored) if stored.ended => Err(NotSignedIn::Over.into()),
            // The caller has proven another key than the first one, so it is not the first one again.
            Begun::Before(stored) if stored.holder != sign_in.holder => Err(NotSignedIn::Over.into()),
            Begun::Before(stored) if stored.version > 1 => {
                self.sign_ins.end(&screen).await?;
                Err(NotSignedIn::Over.into())
            }
            Begun::Before(stored) => Ok(stored),
        }
    }

    /// The sign-in behind a refresh token that we gave to this client, and its person, if both still count. A client that
    /// is registered again under the same id has none of the earlier one's (`docs/security.md` K4). A strict client must
    /// still trust what opened the screen's login (K19).
    ///
    /// # Errors
    /// [`SignInError::UnknownToken`], [`SignInError::NotSignedIn`] or [`SignInError::Store`].
    pub async fn behind(
        &self,
        client: &Client,
        token: &Secret,
        now: Timestamp,
    ) -> Result<(Renewed, u64), SignInError> {
        let read = read_refresh_token(&*self.keys, HolderKind::Screen, token).await;
        let (screen, generation) = read.ok_or(SignInError::UnknownToken)?;
        let (sign_in, account) = self.checks.phone(&screen).await?.stands(now)?;
        if sign_in.client != client.id || !client.is_of(sign_in.created_at) {
            return Err(NotSignedIn::Over.into());
        }
        if let Holder::Screen { opener, .. } = &sign_in.holder {
            let stored = opener_of(self.stores(), client, opener.as_ref()).await?;
            if client.still_trusts(opener.as_ref(), &stored, &account, now).is_err() {
                return Err(NotSignedIn::Over.into());
            }
        }
        Ok((Renewed { account, sign_in }, generation))
    }

    /// Exchanges a refresh token of this client for the next one, as phones do ([`SignIn::present`]). The caller has
    /// checked that the client is registered and switched on.
    ///
    /// # Errors
    /// [`SignInError::NotSignedIn`] or [`SignInError::Store`].
    pub async fn refresh(
        &self,
        client: &Client,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Renewed, SignInError> {
        let (Renewed { account, sign_in }, generation) = self.behind(client, token, now).await?;
        let lives = self.lives();
        let rotate =
            Rotate { sign_ins: &*self.sign_ins, keys: &*self.keys, random: &*self.random, lives: &lives };
        let sign_in = rotate.present(sign_in, generation, now).await?;
        Ok(Renewed { account, sign_in })
    }

    fn stores(&self) -> Behind<'_> {
        Behind { checks: &*self.checks, clients: &*self.clients }
    }

    /// How long a screen stays signed in: no longer than its login stands in the history, where its person ends it
    /// (`docs/security.md` K18).
    fn lives(&self) -> SignInLives {
        SignInLives { longest: self.lives.longest.min(KEPT), ..self.lives }
    }

    /// Whether the refresh token of this generation can be exchanged now.
    #[must_use]
    pub fn is_good(&self, sign_in: &SignIn, generation: u64, now: Timestamp) -> bool {
        sign_in.present(generation, self.keys.current_key(), &self.lives(), now) != Presented::Ends
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end(&self, screen: &Phone) -> Result<(), StoreError> {
        self.sign_ins.end(screen).await
    }

    /// Ends the sign-in of the screen that redeemed a session, if there is one: a redemption came again that is too late
    /// to be a repetition.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke(&self, session: &Session) -> Result<(), StoreError> {
        match of_session(session) {
            Some(screen) => self.end(&screen).await,
            None => Ok(()),
        }
    }
}
