//! Refresh tokens: a family of generations, of which the newest is good.
//!
//! A refresh token needs no record of its own: a keyed hash proves that we made it, and its generation says
//! whether it was used. One implementation serves every holder of a sign-in.

use crate::{
    identity::{AccountId, Phone, SignInId},
    ports::{KeyName, KeyedHash, KeyedTag},
    secrets::Secret,
    sign_in::{HolderKind, SignIn, SignInLives},
    time::Timestamp,
};

/// After this many rotations in a row with a replay, we conclude that two holders share the token.
const MOST_REPLAYED: u32 = 3;

/// What the keyed hash of a token is for. It differs by the kind of holder, so a screen's token is not even read where
/// phones refresh, and the other way round (`docs/security.md` A12).
const fn purpose(of: HolderKind) -> &'static str {
    match of {
        HolderKind::Phone => "refresh token",
        HolderKind::Screen => "refresh token of a screen",
        HolderKind::Browser => "session of a browser",
    }
}

/// The state of a sign-in's refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Counts the refresh tokens given out, from 1. Only the newest rotates.
    pub generation: u64,
    /// When the newest was given out.
    pub rotated_at: Timestamp,
    /// Whether the token before the newest was presented again since then.
    pub replayed: bool,
    /// How many rotations in a row saw such a replay, this one included.
    pub replayed_running: u32,
    /// The key that proves the newest token. It stays the same when the token is given out again, so that the token
    /// is the same, even if the service's keys were rotated meanwhile.
    pub key: KeyName,
}

/// What happens when a refresh token is presented.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it is made once a call and taken apart at once")]
pub enum Presented {
    /// The caller stores this sign-in and then answers with its newest token.
    Moves(SignIn),
    /// The previous token came again, so its answer may have been lost: the newest token is the answer once more,
    /// and nothing is stored.
    Again,
    /// The token is too old, or two holders share it: the sign-in ends.
    Ends,
}

impl Family {
    /// The first generation, given out at `now` under `key`.
    #[must_use]
    pub const fn begin(now: Timestamp, key: KeyName) -> Self {
        Self { generation: 1, rotated_at: now.whole_secs(), replayed: false, replayed_running: 0, key }
    }

    fn next(&self, now: Timestamp, key: KeyName) -> Self {
        Self {
            generation: self.generation + 1,
            rotated_at: now.whole_secs(),
            replayed: false,
            replayed_running: if self.replayed { self.replayed_running } else { 0 },
            key,
        }
    }

    fn replay(&self) -> Self {
        Self { replayed: true, replayed_running: self.replayed_running + 1, ..self.clone() }
    }
}

impl SignIn {
    /// Decides what happens when the refresh token of `generation` is presented. A next token gets `key`.
    ///
    /// The newest token rotates. The one before it gets the same next token for `lives.retry`, because its
    /// answer may have been lost, the phone may have slept or two tabs may have raced. Later than that, or in
    /// three rotations in a row, a second holder is the likelier reason (RFC 9700 section 4.14.2).
    #[must_use]
    pub fn present(&self, generation: u64, key: KeyName, lives: &SignInLives, now: Timestamp) -> Presented {
        let with = |family: Family, expires_at| {
            Presented::Moves(Self { version: self.version + 1, family, expires_at, ..self.clone() })
        };
        let family = &self.family;
        if generation == family.generation {
            return with(family.next(now, key), lives.end(self.created_at, now));
        }
        let previous = generation.checked_add(1) == Some(family.generation);
        if !previous || now.since(family.rotated_at) > lives.retry {
            return Presented::Ends;
        }
        if family.replayed {
            return Presented::Again;
        }
        let replayed = family.replay();
        if replayed.replayed_running >= MOST_REPLAYED {
            return Presented::Ends;
        }
        with(replayed, self.expires_at)
    }
}

/// The newest refresh token of a sign-in: `<account>.<sign-in>.<generation>.<key>.<keyed hash>`. It is the same at every
/// instance, even if another one gave it out first, under a key that is new to this one.
pub async fn refresh_token(keys: &dyn KeyedHash, sign_in: &SignIn) -> Secret {
    let (account, id) = (sign_in.account.to_string(), sign_in.id.as_str());
    let generation = sign_in.family.generation.to_string();
    keys.learn(&sign_in.family.key).await;
    let purpose = purpose(sign_in.holder.kind());
    let proof = keys.keyed_hash_by(&sign_in.family.key, purpose, &[&account, id, &generation]);
    Secret::issued(format!("{account}.{id}.{generation}.{proof}"))
}

/// Reads a refresh token that we made for this kind of holder: its sign-in and generation; `None` for any other text. The token names its
/// key, so one that was made before a rotation is good after it (`docs/security.md` E13).
pub async fn read_refresh_token(
    keys: &dyn KeyedHash,
    of: HolderKind,
    token: &Secret,
) -> Option<(Phone, u64)> {
    let mut parts = token.reveal().splitn(4, '.');
    let (account, id, generation) = (parts.next()?, parts.next()?, parts.next()?);
    let proof = KeyedTag::parse(parts.next()?)?;
    if !keys.verifies(&proof, purpose(of), &[account, id, generation]).await {
        return None;
    }
    let phone = Phone { account: AccountId::parse(account)?, sign_in: SignInId::parse(id)? };
    Some((phone, generation.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        identity::ClientId,
        session::Seen,
        sign_in::{Holder, Method},
    };

    const LIVES: SignInLives = SignInLives {
        idle: Duration::from_hours(24),
        longest: Duration::from_hours(72),
        retry: Duration::from_mins(10),
    };

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn key() -> KeyName {
        KeyName::of_kid("the-key-")
    }

    fn begun() -> SignIn {
        SignIn {
            id: SignInId::parse("aaaa").unwrap(),
            account: AccountId::parse("3000876").unwrap(),
            holder: Holder::Phone,
            client: ClientId::phone(),
            method: Method::Sms,
            seen: Seen::default(),
            version: 1,
            family: Family::begin(at(0), key()),
            ended: false,
            proved_at: at(0),
            created_at: at(0),
            expires_at: LIVES.end(at(0), at(0)),
        }
    }

    fn moved(presented: Presented) -> SignIn {
        let Presented::Moves(sign_in) = presented else { panic!("{presented:?}") };
        sign_in
    }

    // F1 K10 E15
    #[test]
    fn the_previous_token_gets_the_same_answer_for_ten_minutes() {
        let second = moved(begun().present(1, key(), &LIVES, at(10)));
        assert_eq!((second.family.generation, second.version), (2, 2));
        let again = moved(second.present(1, key(), &LIVES, at(610)));
        assert_eq!((again.family.generation, again.family.replayed), (2, true));
        assert_eq!(again.present(1, key(), &LIVES, at(610)), Presented::Again, "a third time writes nothing");
        assert_eq!(second.present(1, key(), &LIVES, at(611)), Presented::Ends, "too late");
    }

    // E13
    #[test]
    fn a_token_that_is_given_out_again_keeps_its_key() {
        let rotated = KeyName::of_kid("another-");
        let second = moved(begun().present(1, key(), &LIVES, at(10)));
        let again = moved(second.present(1, rotated.clone(), &LIVES, at(20)));
        assert_eq!((again.family.generation, &again.family.key), (2, &key()));
        let third = moved(again.present(2, rotated.clone(), &LIVES, at(30)));
        assert_eq!((third.family.generation, &third.family.key), (3, &rotated));
    }

    // E15
    #[test]
    fn replays_in_three_rotations_running_end_the_sign_in() {
        let mut sign_in = begun();
        for generation in 1..=2 {
            sign_in = moved(sign_in.present(generation, key(), &LIVES, at(generation * 10)));
            sign_in = moved(sign_in.present(generation, key(), &LIVES, at(generation * 10 + 1)));
        }
        sign_in = moved(sign_in.present(3, key(), &LIVES, at(30)));
        assert_eq!(sign_in.present(3, key(), &LIVES, at(31)), Presented::Ends, "the third running");

        let undisturbed = moved(sign_in.present(4, key(), &LIVES, at(40)));
        let replayed = moved(undisturbed.present(4, key(), &LIVES, at(41)));
        assert_eq!(replayed.family.replayed_running, 1, "a rotation without a replay starts the count anew");
    }

    // E15
    #[test]
    fn a_token_older_than_the_previous_one_ends_the_sign_in() {
        let third = moved(moved(begun().present(1, key(), &LIVES, at(1))).present(2, key(), &LIVES, at(2)));
        assert_eq!(third.present(1, key(), &LIVES, at(3)), Presented::Ends);
        assert_eq!(third.present(9, key(), &LIVES, at(3)), Presented::Ends, "never given out");
        assert_eq!(third.present(u64::MAX, key(), &LIVES, at(3)), Presented::Ends);
    }

    #[test]
    fn a_sign_in_ends_at_its_longest_life() {
        let day = 24 * 3600;
        let mut sign_in = begun();
        for n in 1..=4 {
            sign_in = moved(sign_in.present(n, key(), &LIVES, at(n * (day - 1))));
            assert!(sign_in.expires_at <= at(3 * day), "rotation {n}");
        }
        assert_eq!(sign_in.expires_at, at(3 * day));
    }
}
