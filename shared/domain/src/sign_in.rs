//! A person's sign-ins: the phones and the screens that refresh tokens keep signed in, and the browsers that a cookie of
//! the issuer keeps signed in.

use std::time::Duration;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{
    account::{Account, AccountStatus},
    identity::{AccountId, ClientId, Phone, SignInId},
    oauth::{KeyThumbprint, Scopes},
    opener::Opener,
    refresh::Family,
    session::Seen,
    time::Timestamp,
};

/// One sign-in of one person. It owns a family of refresh tokens; [`SignIn::holder`] says who holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id, `sid` in its tokens.
    pub id: SignInId,
    /// The account of its person.
    pub account: AccountId,
    /// The holder of its refresh tokens.
    pub holder: Holder,
    /// The app through which it began, or the client of the screen.
    pub client: ClientId,
    /// How the person proved who they are.
    pub method: Method,
    /// What we saw of the phone when it began.
    pub seen: Seen,
    /// Counts the stored changes, from 1. Every write names the version that it replaces.
    pub version: u64,
    /// Its refresh tokens.
    pub family: Family,
    /// Whether it was ended: the person signed out, or two holders shared a refresh token.
    pub ended: bool,
    /// When its person last proved who they are: when it began, or later, again (`auth_time` in RFC 9470).
    pub proved_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends unless refreshed.
    pub expires_at: Timestamp,
}

/// The holder of a sign-in's refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A phone, which may approve logins.
    Phone,
    /// A client's screen, which got its tokens by OAuth and approves nothing.
    Screen {
        /// What its person granted. A refresh grants no more (`docs/security.md` A18).
        scopes: Scopes,
        /// The key that the first exchange proved, if it proved one. A repeated exchange must prove it, too; and each refresh,
        /// if the client has no secret (RFC 9449 section 5).
        key: Option<KeyThumbprint>,
        /// What the screen proved when its login was opened. A strict client asks at each refresh whether it is still good
        /// (`docs/security.md` K19).
        opener: Option<Opener>,
    },
    /// A browser that is signed in at the issuer. It holds one token, in a cookie; the token never rotates. It approves
    /// no phone's step (`docs/oauth.md`).
    Browser {
        /// The sign-in of the phone that approved it. When that one is over, this one is (`docs/security.md` A14).
        approved_by: SignInId,
        /// Whether that phone is this browser itself: its person typed the code of an SMS here, so no QR of a stranger can
        /// have led to it. A strict client takes no other browser (`docs/security.md` K19).
        direct: bool,
        /// Whether its person had to pick the number that it showed ([`MatchPolicy::Pick`]), or signed in here. Only a client
        /// that wants no numbers takes another browser, because a relayed QR leads to one with less.
        ///
        /// [`MatchPolicy::Pick`]: crate::session::MatchPolicy::Pick
        matched: bool,
    },
}

/// The kind of a [`Holder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum HolderKind {
    /// A phone.
    Phone,
    /// A screen.
    Screen,
    /// A browser.
    Browser,
}

words!(HolderKind);

impl Holder {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> HolderKind {
        match self {
            Self::Phone => HolderKind::Phone,
            Self::Screen { .. } => HolderKind::Screen,
            Self::Browser { .. } => HolderKind::Browser,
        }
    }

    /// The phone's sign-in that a browser's rests on; `None` for the others.
    #[must_use]
    pub const fn rests_on(&self) -> Option<&SignInId> {
        match self {
            Self::Browser { approved_by, .. } => Some(approved_by),
            Self::Phone | Self::Screen { .. } => None,
        }
    }
}

/// How a person proved who they are: `amr` in the tokens of the sign-in (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Method {
    /// A code sent by SMS.
    Sms,
    /// A token of a product that has accounts of its own ([`issuer`](crate::issuer)). RFC 8176 has no word for it.
    Foreign,
}

words!(Method);

/// How long sign-ins last.
#[derive(Clone, Copy, Debug)]
pub struct SignInLives {
    /// How long one lasts without a refresh.
    pub idle: Duration,
    /// How long one lasts at the most, from its beginning.
    pub longest: Duration,
    /// How long the previous refresh token still gets the newest one, in case that answer was lost.
    pub retry: Duration,
}

impl SignInLives {
    /// When a sign-in that began at `created_at` and is used at `now` ends unless refreshed.
    #[must_use]
    pub fn end(&self, created_at: Timestamp, now: Timestamp) -> Timestamp {
        now.whole_secs().plus(self.idle).min(created_at.plus(self.longest))
    }
}

impl SignIn {
    /// Whether its tokens still count.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.ended && now < self.expires_at
    }

    /// The phone as the session core knows it.
    #[must_use]
    pub fn phone(&self) -> Phone {
        Phone { account: self.account, sign_in: self.id.clone() }
    }

    /// The phone that a browser's sign-in rests on; `None` for the others.
    #[must_use]
    pub fn approver(&self) -> Option<Phone> {
        let sign_in = self.holder.rests_on()?.clone();
        Some(Phone { account: self.account, sign_in })
    }
}

/// What is stored about a phone. A store reads both together, so a check costs one call.
#[derive(Clone, Debug, Default)]
pub struct PhoneRecords {
    /// Its sign-in.
    pub sign_in: Option<SignIn>,
    /// Its person.
    pub account: Option<Account>,
    /// The sign-in of the phone that approved it, if it is a browser's.
    pub approver: Option<SignIn>,
}

/// Why a phone may not act.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotSignedIn {
    /// The sign-in was ended, ran out, is older than the account's credentials, or never existed.
    #[error("the sign-in is over")]
    Over,
    /// The account is locked or deleted.
    #[error("the account is barred")]
    Barred,
}

impl PhoneRecords {
    /// The account behind the phone, if its sign-in and the account still count (`docs/security.md` A13, I7). A sign-in
    /// that began before the account's last credential change does not.
    /// A sign-in or an account that the store does not have does not count. A browser's counts as long as that of the phone
    /// that approved it.
    ///
    /// # Errors
    /// [`NotSignedIn`].
    pub fn stands(self, now: Timestamp) -> Result<(SignIn, Account), NotSignedIn> {
        let sign_in = self.sign_in.filter(|sign_in| sign_in.is_live(now)).ok_or(NotSignedIn::Over)?;
        let account = self.account.ok_or(NotSignedIn::Over)?;
        // `docs/security.md` K1
        let counts = |sign_in: &SignIn| sign_in.is_live(now) && sign_in.created_at >= account.credentials_at;
        let rests = sign_in.holder.rests_on();
        let stands_on = rests.is_none_or(|phone| {
            self.approver.as_ref().is_some_and(|approver| {
                approver.id == *phone && approver.holder == Holder::Phone && counts(approver)
            })
        });
        if !counts(&sign_in) || !stands_on {
            return Err(NotSignedIn::Over);
        }
        match account.status {
            AccountStatus::Active => Ok((sign_in, account)),
            AccountStatus::Locked | AccountStatus::Deleted => Err(NotSignedIn::Barred),
        }
    }
}
