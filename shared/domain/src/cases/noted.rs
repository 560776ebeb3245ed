//! Writes a redeemed login into the person's history.

use super::Logins;
use crate::{
    history::{Entry, What},
    session::Session,
};

/// What the history says about a redeemed session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// The login stands, and its entry is there.
    Stands,
    /// The history gave no answer, so the entry may be missing.
    Unsure,
    /// The person has ended it.
    Ended,
}

impl Logins {
    /// Writes the login of a redeemed session, once. The entry's id follows from the redemption, so a repeated
    /// redemption writes the same entry. A repetition reads first, because a screen that goes on polling must not cost
    /// a write each time, and because the person may have ended the login meanwhile.
    ///
    /// The session's own write has decided the login, so a screen gets its token even when the entry cannot be read or
    /// written. A caller that begins more than that asks again first ([`Redeemed::in_history`]). The port logs its failure.
    ///
    /// [`Redeemed::in_history`]: super::Redeemed::in_history
    pub(super) async fn note(&self, session: &Session, is_first: bool) -> Noted {
        let (Some(claim), Some(entry)) = (session.state.claim(), Entry::of_login(session)) else {
            return Noted::Stands;
        };
        let account = claim.by.account;
        if !is_first {
            match self.history.entry(account, &entry.id).await {
                Ok(Some(Entry { what: What::Login(login), .. })) if login.ended_at.is_some() => {
                    return Noted::Ended;
                }
                Ok(None) => {}
                Ok(Some(_)) => return Noted::Stands,
                Err(_) => return Noted::Unsure,
            }
        }
        match self.history.write(account, &entry).await {
            Ok(()) => Noted::Stands,
            Err(_) => Noted::Unsure,
        }
    }
}
