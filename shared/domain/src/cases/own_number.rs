//! Asks a person who is signed in to prove their number again.

use std::net::IpAddr;

use super::people::{MOST_RACES, People, SignInError};
use crate::{
    account::Account,
    identity::{Phone, SignInId},
    ports::{Replaced, StoreError},
    sign_in::{NotSignedIn, SignIn},
    sms_challenge::{ChallengeId, Purpose},
    sms_code::SmsCode,
    time::Timestamp,
};

impl People {
    /// Whether the caller has a code that was just sent to the account's own number: when it was first proved. The code
    /// is used up for this purpose. The same phone may bring the same challenge and code again for 30 s, for the same
    /// purpose.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`], also for the right code of another number, [`SignInError::TooMany`] or
    /// [`SignInError::Store`].
    pub async fn prove_own_number(
        &self,
        account: &Account,
        (purpose, phone): (Purpose, &SignInId),
        challenge: &ChallengeId,
        code: &SmsCode,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Timestamp, SignInError> {
        let proof = match self.prove_for(purpose, phone, challenge, code, source, now).await {
            Err(SignInError::UnknownChallenge) => Err(SignInError::InvalidCode),
            proved => proved,
        }?;
        if account.phone_number.as_ref() == Some(&proof.number) {
            Ok(proof.at)
        } else {
            Err(SignInError::InvalidCode)
        }
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
        let purpose = (Purpose::FreshProof, &by.sign_in);
        let at = self.prove_own_number(&account, purpose, challenge, code, source, now).await?;
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
