//! Phones that can be pushed to.

use std::{fmt, time::Duration};

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{identity::Phone, secrets::sha256_hex, time::Timestamp};

/// The push service that wakes a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(ascii_case_insensitive)]
pub enum PushPlatform {
    /// Apple Push Notification service.
    #[strum(serialize = "APNs")]
    Apns,
    /// Firebase Cloud Messaging.
    #[strum(serialize = "FCM")]
    Fcm,
}

words!(PushPlatform);

/// The push service's name for a phone. Together with the service's credentials it allows a push to the phone,
/// so it is never logged.
#[derive(Clone)]
pub struct PushToken(String);

impl PushToken {
    /// The most characters it may have: FCM's are the longest, and grow.
    pub const LONGEST: usize = 2048;

    /// 8 to 2048 printable ASCII characters without spaces; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let well_formed =
            (8..=Self::LONGEST).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_graphic());
        well_formed.then(|| Self(raw.to_owned()))
    }

    /// The token itself, for the platform.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The key under which our tables hold it.
    #[must_use]
    pub fn id(&self, platform: PushPlatform) -> PushTokenId {
        PushTokenId(sha256_hex(&[platform.as_str(), &self.0]))
    }
}

impl fmt::Debug for PushToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushToken(…)")
    }
}

/// SHA-256 of a platform and a token, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PushTokenId(String);

impl PushTokenId {
    /// From a stored id.
    #[must_use]
    pub fn from_stored(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A phone that can be pushed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushEndpoint {
    /// The token's id.
    pub token: PushTokenId,
    /// The push service that wakes it.
    pub platform: PushPlatform,
    /// Our service's address for it.
    pub address: String,
    /// The phone and its owner. A phone that is signed out gets no more pushes (`docs/security.md` I7).
    pub owner: Phone,
    /// When it was registered.
    pub registered_at: Timestamp,
}

impl PushEndpoint {
    /// The most phones of one person that are pushed to.
    pub const MOST: usize = 10;
    /// How long an endpoint is kept that is not registered again. An app registers each time it starts.
    pub const KEPT: Duration = Duration::from_hours(400 * 24);

    /// When it is forgotten, unless it is registered again.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        self.registered_at.plus(Self::KEPT)
    }
}

/// What a push says: that something happened, and an id to ask about it. Never a code, a secret or
/// a name (`docs/security.md` H7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushMessage {
    /// What happened.
    pub kind: PushKind,
    /// Opaque: a prompt's `traceId`, or a keyed hash of the event.
    pub id: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum PushKind {
    /// A screen wants to sign in as this person, who is asked.
    Prompt,
    /// A screen has signed in as this person. The id is the login's.
    SignedIn,
    /// Another account has registered the push token of one of this person's phones.
    PushTaken,
    /// Another phone has signed in as this person. The id is that of its entry in the history.
    NewPhone,
}

words!(PushKind);
