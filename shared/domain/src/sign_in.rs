//! A phone that is signed in, and the refresh tokens that keep it so.

use crate::{
    identity::{AccountId, ClientId, Phone, SignInId},
    time::Timestamp,
};

/// One sign-in on one phone: a family of refresh tokens, of which only the newest is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The phone's id, `sid` in its tokens.
    pub id: SignInId,
    /// Whose it is.
    pub account: AccountId,
    /// The app it was signed in through.
    pub app: ClientId,
    /// Counts the refresh tokens given out, from 1. A token of an earlier generation was used.
    pub generation: u64,
    /// Whether it was ended: signed out, or a used refresh token came back.
    pub revoked: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends unless refreshed.
    pub expires_at: Timestamp,
}

impl SignIn {
    /// Whether tokens of this family still count.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expires_at
    }

    /// Whether they count, and are this person's.
    #[must_use]
    pub fn is_live_for(&self, account: AccountId, now: Timestamp) -> bool {
        self.account == account && self.is_live(now)
    }

    /// The phone as the session core knows it.
    #[must_use]
    pub fn holder(&self) -> Phone {
        Phone { account: self.account, sign_in: self.id.clone() }
    }
}
