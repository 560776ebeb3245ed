//! Asks a person who is signed in to prove their number again.

use std::net::IpAddr;

use super::people::{MOST_RACES, People, SignInError};
use crate::{
    account::Account,
    identity::{Identity, Phone},
    ports::{Replaced, StoreError},
    sign_in::{NotSignedIn, SignIn},
    sms_challenge::ChallengeId,
    sms_code::SmsCode,
    time::Timestamp,
};

impl People {
    /// Whether the caller has a code that was just sent to the account's own number: when it was first proved. The code
    /// is used up. The same challenge and code may come again for 30 s.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`], also for the right code of another number, [`SignInError::TooMany`] or
    /// [`SignInError::Store`].
    pub async fn prove_own_number(
        &self,
        account: &Account,
        challenge: &ChallengeId,
        code: &SmsCode,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Timestamp, SignInError> {
        let proof = self.prove_by_sms(challenge, code, source, now).await?;
        let own = account.phone_number.clone().map(Identity::Phone);
        if own == Some(proof.identity) { Ok(proof.at) } else { Err(SignInError::InvalidCode) }
    }

    /// Notes in a phone's sign-in that its person has proved their number again. The sign-in, its tokens and what it has
    /// scanned stay as they are.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn prove_again(
        &self,
        by: &Phone,
        challenge: &ChallengeId,
        code: &SmsCode,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<SignIn, SignInError> {
        let (mut sign_in, account) = self.still_allowed(by, now).await?;
        let at = self.prove_own_number(&account, challenge, code, source, now).await?;
        for _ in 0..MOST_RACES {
            if sign_in.proved_at >= at {
                return Ok(sign_in);
            }
            let next = SignIn { proved_at: at, version: sign_in.version + 1, ..sign_in };
            match self.sign_ins.replace(&next, &self.write()).await? {
                Replaced::Stored => return Ok(next),
                Replaced::Behind(stored) if stored.is_live(now) => sign_in = stored,
                Replaced::Behind(_) | Replaced::Gone => return Err(NotSignedIn::Over.into()),
            }
        }
        Err(StoreError::new("lost more races than a sign-in has holders").into())
    }
}
