//! What happened to an account, as its person reads it, and how it is read page by page (`docs/people.md`).

use std::time::Duration;

use strum::{EnumString, IntoStaticStr};

use crate::{
    identity::{ClientId, SignInId},
    push::{PushPlatform, PushTokenId},
    secrets::{SessionCode, sha256_hex},
    session::{Dialect, Redemption, ScreenClaims, Seen, Session, State},
    sign_in::SignIn,
    time::Timestamp,
};

/// How long an entry is kept.
pub const KEPT: Duration = Duration::from_hours(90 * 24);

/// An entry's id: when it happened, and a hash of what it is about. The same event always has the same id, so writing
/// it twice writes it once. Ids sort by time.
///
/// It is no secret and gives no rights. A push carries it, so it names neither a code nor a person
/// (`docs/security.md` H7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(String);

impl EntryId {
    /// Characters of the time: seconds since the epoch in hexadecimal.
    const TIME: usize = 10;
    /// Characters of the hash: 128 bits in hexadecimal.
    const HASH: usize = 32;

    fn of(at: Timestamp, about: &[&str]) -> Self {
        let hash: String = sha256_hex(about).chars().take(Self::HASH).collect();
        Self(format!("{:010x}{hash}", at.secs()))
    }

    /// The id of the login in which a session was redeemed.
    #[must_use]
    pub fn of_login(code: &SessionCode, redemption: &Redemption) -> Self {
        Self::of(redemption.at, &["login", code.as_str()])
    }

    /// Reads an id: 42 lower-case hexadecimal digits. `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let well_formed = raw.len() == Self::TIME + Self::HASH
            && raw.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        well_formed.then(|| Self(raw.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash of what it is about: 32 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.0.get(Self::TIME..).unwrap_or_default()
    }

    /// When it happened, to the second.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let secs = self.0.get(..Self::TIME).and_then(|time| u64::from_str_radix(time, 16).ok());
        Timestamp::from_secs(secs.unwrap_or_default())
    }
}

/// One entry of a person's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id, which says when it happened.
    pub id: EntryId,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A screen took a token.
    Login(Login),
    /// A phone signed in.
    SignedIn(NewPhone),
    /// Another account registered the push token of one of the person's phones (`docs/security.md` H8).
    PushTaken {
        /// The push service of that phone.
        platform: PushPlatform,
    },
    /// An operator did this to the account.
    ByOperator(Act),
}

/// What an operator did to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Locked it.
    Locked,
    /// Unlocked it.
    Unlocked,
    /// Ended all its sign-ins.
    EndedSignIns,
}

/// The name of what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// [`What::Login`].
    Login,
    /// [`What::SignedIn`].
    SignedIn,
    /// [`What::PushTaken`].
    PushTaken,
    /// [`Act::Locked`].
    Locked,
    /// [`Act::Unlocked`].
    Unlocked,
    /// [`Act::EndedSignIns`].
    SignInsEnded,
}

words!(Kind);

impl What {
    /// Its name in items and answers.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Login(_) => Kind::Login,
            Self::SignedIn(_) => Kind::SignedIn,
            Self::PushTaken { .. } => Kind::PushTaken,
            Self::ByOperator(Act::Locked) => Kind::Locked,
            Self::ByOperator(Act::Unlocked) => Kind::Unlocked,
            Self::ByOperator(Act::EndedSignIns) => Kind::SignInsEnded,
        }
    }
}

/// A login of a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The client whose login it was.
    pub client: ClientId,
    /// The contract it was opened through.
    pub dialect: Dialect,
    /// What the screen said of itself. Nothing verifies it.
    pub claims: ScreenClaims,
    /// What we saw of the screen.
    pub seen: Seen,
    /// The sign-in of the phone that approved it.
    pub approved_by: SignInId,
    /// When its person ended it, if they did.
    pub ended_at: Option<Timestamp>,
}

/// A phone that signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPhone {
    /// Its sign-in.
    pub sign_in: SignInId,
    /// The app it signed in through.
    pub app: ClientId,
    /// What we saw of it.
    pub seen: Seen,
}

impl Entry {
    /// The login in which this session was redeemed; `None` for a session that was not.
    #[must_use]
    pub fn of_login(session: &Session) -> Option<Self> {
        let State::Redeemed { claim, redemption } = &session.state else { return None };
        let login = Login {
            client: session.client.clone(),
            dialect: session.dialect(),
            claims: session.claims.clone(),
            seen: session.seen.clone(),
            approved_by: claim.by.sign_in.clone(),
            ended_at: None,
        };
        Some(Self { id: EntryId::of_login(&session.code, redemption), what: What::Login(login) })
    }

    /// A phone's sign-in has begun.
    #[must_use]
    pub fn of_sign_in(sign_in: &SignIn) -> Self {
        let phone =
            NewPhone { sign_in: sign_in.id.clone(), app: sign_in.client.clone(), seen: sign_in.seen.clone() };
        let id = EntryId::of(sign_in.created_at, &["sign-in", sign_in.id.as_str()]);
        Self { id, what: What::SignedIn(phone) }
    }

    /// Another account registered this push token at `at`.
    #[must_use]
    pub fn of_push_taken(token: &PushTokenId, platform: PushPlatform, at: Timestamp) -> Self {
        Self { id: EntryId::of(at, &["push", token.as_str()]), what: What::PushTaken { platform } }
    }

    /// An operator did something to the account at `at`.
    #[must_use]
    pub fn of_operator(act: Act, at: Timestamp) -> Self {
        let what = What::ByOperator(act);
        Self { id: EntryId::of(at, &["operator", what.kind().as_str()]), what }
    }

    /// When it is forgotten.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        self.id.at().plus(KEPT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::testing::Counting;

    fn redemption(secs: u64) -> Redemption {
        let id = crate::secrets::TokenId::random(&Counting::default());
        Redemption { id, at: Timestamp::from_secs(secs) }
    }

    #[test]
    fn the_same_login_has_the_same_id() {
        let random = Counting::default();
        let (one, other) = (SessionCode::random(&random), SessionCode::random(&random));
        let id = EntryId::of_login(&one, &redemption(1_705_998_038));
        assert_eq!(EntryId::of_login(&one, &redemption(1_705_998_038)), id);
        assert_ne!(EntryId::of_login(&other, &redemption(1_705_998_038)), id);
        assert_eq!(id.at(), Timestamp::from_secs(1_705_998_038));
        assert!(id < EntryId::of_login(&other, &redemption(1_705_998_039)), "ids sort by time");
    }

    // H7
    #[test]
    fn an_id_is_42_hexadecimal_digits_and_names_no_code() {
        let code = SessionCode::random(&Counting::default());
        let id = EntryId::of_login(&code, &redemption(1_705_998_038));
        assert_eq!(EntryId::parse(id.as_str()), Some(id.clone()));
        assert!(!id.as_str().contains(&code.as_str().to_lowercase()));
        for bad in ["", "a", &"A".repeat(42), &"g".repeat(42), &"0".repeat(41), &"0".repeat(43), "é"] {
            assert_eq!(EntryId::parse(bad), None, "{bad}");
        }
    }
}
