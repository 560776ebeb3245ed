//! Rotates refresh tokens, of phones and of screens alike.

use super::people::{MOST_RACES, SignInError};
use crate::{
    ports::{KeyedHash, Randomness, Replaced, SignIns, StoreError, WriteId},
    refresh::Presented,
    sign_in::{NotSignedIn, SignIn, SignInLives},
    time::Timestamp,
};

/// What a rotation needs.
pub(super) struct Rotate<'a> {
    pub(super) sign_ins: &'a dyn SignIns,
    pub(super) keys: &'a dyn KeyedHash,
    pub(super) random: &'a dyn Randomness,
    pub(super) lives: &'a SignInLives,
}

impl Rotate<'_> {
    /// The sign-in after the token of `generation` was presented, as it is stored ([`SignIn::present`]).
    ///
    /// # Errors
    /// [`SignInError::NotSignedIn`], when the token is too old or shared; the sign-in is then over. [`SignInError::Store`].
    pub(super) async fn present(
        &self,
        mut sign_in: SignIn,
        generation: u64,
        now: Timestamp,
    ) -> Result<SignIn, SignInError> {
        for _ in 0..MOST_RACES {
            let next = match sign_in.present(generation, self.keys.current_key(), self.lives, now) {
                Presented::Again => return Ok(sign_in),
                Presented::Moves(next) => next,
                Presented::Ends => {
                    self.sign_ins.end(&sign_in.phone()).await?;
                    return Err(NotSignedIn::Over.into());
                }
            };
            match self.sign_ins.replace(&next, &WriteId::random(self.random)).await? {
                Replaced::Stored => return Ok(next),
                Replaced::Behind(stored) if stored.is_live(now) => sign_in = stored,
                Replaced::Behind(_) | Replaced::Gone => return Err(NotSignedIn::Over.into()),
            }
        }
        Err(StoreError::new("lost more races than a sign-in has holders").into())
    }
}
