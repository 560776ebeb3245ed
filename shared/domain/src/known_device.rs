//! A device that has signed in with a number before.
//!
//! It gets a secret with its sign-in and sends it back when it asks for the next code. Its codes and counters are its
//! own, so no stranger can lock it out (`docs/security.md` K5).

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    identity::{AccountId, Phone, PhoneNumber, SignInId},
    ports::KeyedHash,
    secrets::{Secret, SecretHash},
    sign_in::SignIn,
    sms_lane::Lane,
    time::Timestamp,
};

/// How long a device is known after a sign-in.
pub const KNOWN_FOR: Duration = Duration::from_hours(24 * 180);

/// What is stored about a known device. It ends with its number, its account or its sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// The account, and the sign-in that made the device known.
    pub phone: Phone,
    /// The number it signed in with.
    pub number: PhoneNumber,
    /// The hash of its secret.
    pub secret: SecretHash,
    /// When it stops being known.
    pub expires_at: Timestamp,
    /// Its own lane, whose version is the record's.
    pub lane: Lane,
}

impl KnownDevice {
    /// The record of a device that signed in at `now`, and has had no message of its own.
    #[must_use]
    pub fn new(phone: Phone, number: PhoneNumber, secret: &Secret, now: Timestamp) -> Self {
        let lane = Lane { version: 1, ..Lane::default() };
        Self { phone, number, secret: secret.hash(), expires_at: now.whole_secs().plus(KNOWN_FOR), lane }
    }

    /// When it became known, which is when its sign-in began.
    #[must_use]
    pub fn known_since(&self) -> Timestamp {
        self.expires_at.minus(KNOWN_FOR)
    }

    /// Whether `known` is this device's secret, for this number, and still good.
    #[must_use]
    pub fn is_known_by(&self, known: &Secret, number: &PhoneNumber, now: Timestamp) -> bool {
        self.secret.matches(known) && self.number == *number && now < self.expires_at
    }
}

/// The secret of the device that a sign-in made known: `<account>.<sign-in>.<keyed hash>`. A repeated sign-in gets the
/// same one, at every instance. The record keeps its hash, so it stays good when the key is changed.
pub async fn known_secret(keys: &dyn KeyedHash, sign_in: &SignIn) -> Secret {
    let (account, id, key) = (sign_in.account.to_string(), sign_in.id.as_str(), &sign_in.family.key);
    keys.learn(key).await;
    let proof = keys.keyed_hash_by(key, "known device", &[&account, id]);
    Secret::issued(format!("{account}.{id}.{}", URL_SAFE_NO_PAD.encode(proof.hash)))
}

/// The phone that a presented secret names. Only the record says whether the secret is good.
#[must_use]
pub fn named_by(known: &Secret) -> Option<Phone> {
    let mut parts = known.reveal().split('.');
    let (account, sign_in, _, end) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
    let phone = Phone { account: AccountId::parse(account)?, sign_in: SignInId::parse(sign_in)? };
    end.is_none().then_some(phone)
}
