//! Send a code by SMS.

use std::{net::IpAddr, time::Duration};

use thiserror::Error;

use crate::{
    identity::PhoneNumber,
    ports::{KeyedHash, Randomness, Sms, SmsChallenges, StoreError},
    sms_code::{NotSent, RESEND_AFTER, SmsCode, SmsLimits},
    time::Timestamp,
};

/// A message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When the next one may be asked for.
    pub resend_after: Duration,
    /// How long the code is good.
    pub expires_in: Duration,
}

/// Why nothing was sent.
#[derive(Clone, Debug, Error)]
pub enum SendError {
    /// Too many messages to this number or from this address.
    #[error("too many messages; wait {0:?}")]
    TooMany(Duration),
    /// Too many wrong tries: a code would not be taken.
    #[error("too many tries; wait {0:?}")]
    Locked(Duration),
    /// The store or the SMS service failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long an address that spent its day's messages is told to wait.
const IP_WAIT: Duration = Duration::from_hours(1);

/// The keyed hash a code is stored as. The number is part of it, so a code is good for one number.
pub(super) fn code_hash(keys: &dyn KeyedHash, number: &PhoneNumber, code: &SmsCode) -> [u8; 32] {
    keys.keyed_hash("sms code", &[number.as_str(), code.reveal()])
}

/// Sends a fresh code to `number`, known or unknown: the two look the same (ADVERSARIES H5).
///
/// The message is counted before it is sent, so a crash between the two costs the person a minute
/// and never lets a flood through.
///
/// # Errors
/// [`SendError`].
#[expect(
    clippy::too_many_arguments,
    reason = "each is a port or a parsed value; bundling them would only hide it"
)]
pub async fn send_code(
    challenges: &dyn SmsChallenges,
    sms: &dyn Sms,
    keys: &dyn KeyedHash,
    random: &dyn Randomness,
    limits: SmsLimits,
    service_name: &str,
    number: &PhoneNumber,
    ip: Option<IpAddr>,
    now: Timestamp,
) -> Result<Sent, SendError> {
    let code = SmsCode::random(random);
    let stored = challenges.challenge(number).await?.unwrap_or_default();
    let next = stored.send(code_hash(keys, number, &code), now, limits).map_err(|not| match not {
        NotSent::TooSoon(wait) => SendError::TooMany(wait),
        NotSent::Locked(wait) => SendError::Locked(wait),
    })?;
    if let Some(ip) = ip
        && !challenges.count_ip(ip, now, limits.per_ip_per_day).await?
    {
        return Err(SendError::TooMany(IP_WAIT));
    }
    if !challenges.replace(number, &next).await? {
        return Err(SendError::TooMany(RESEND_AFTER));
    }
    let minutes = limits.code_life.as_secs().div_ceil(60);
    let text = format!(
        "【{service_name}】验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。 \
         Your {service_name} code is {code}, good for {minutes} minutes. Never share it.",
        code = code.reveal()
    );
    sms.send(number, &text).await?;
    Ok(Sent { resend_after: RESEND_AFTER, expires_in: limits.code_life })
}
