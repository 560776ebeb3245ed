//! Asks a person who is signed in to prove their number again.

use std::net::IpAddr;

use super::people::{People, SignInError};
use crate::{
    account::Account,
    identity::{Identity, SignInId},
    sms_challenge::{ChallengeId, Purpose},
    sms_code::SmsCode,
    time::Timestamp,
};

impl People {
    /// Whether the caller has a code that was just sent to the account's own number. The code is used up for
    /// this purpose. The same phone may bring the same challenge and code again for 30 s, for the same purpose.
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
    ) -> Result<(), SignInError> {
        let proof = match self.prove_for(purpose, phone, challenge, code, source, now).await {
            Err(SignInError::UnknownChallenge) => Err(SignInError::InvalidCode),
            proved => proved,
        }?;
        let own = account.phone_number.clone().map(Identity::Phone);
        if own == Some(proof.identity) { Ok(()) } else { Err(SignInError::InvalidCode) }
    }
}
