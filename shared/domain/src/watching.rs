//! Screens that watch a session over a socket, so that they are told when to ask how it stands (`docs/web.md`). In the same
//! way a person's phones watch for questions to them (`docs/remembered.md`).

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{identity::AccountId, secrets::SessionCode, time::Timestamp};

/// How many screens of one session are told. A screen that reloads or reconnects leaves a dead connection behind, so
/// the newest ones count.
pub const MOST_WATCHERS: usize = 3;

/// How long a connection may still be opening after it began to watch. Until its handshake is done, API Gateway answers
/// 410 to a message for it, as it does for one that is closed.
pub const STILL_OPENING: Duration = Duration::from_secs(10);

/// How long a phone is told of questions to its person, counted from when it began to watch. Then it must watch again, with
/// a new token, which a phone that is signed out does not get.
pub const PHONE_WATCHES: Duration = Duration::from_mins(15);

/// The name under which watchers are kept. For a session it is a hash of its code. A watch token or a stored record that
/// leaks therefore does not reveal the code, with which the session could be scanned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WatchRef(String);

impl WatchRef {
    /// The name of the session with this code.
    #[must_use]
    pub fn of(code: &SessionCode) -> Self {
        Self::hashed("saoma watch\0", code.as_str())
    }

    /// The name of what a person's phones watch: the questions to that person.
    #[must_use]
    pub fn of_person(account: AccountId) -> Self {
        Self::hashed("saoma watch person\0", &account.to_string())
    }

    fn hashed(kind: &str, text: &str) -> Self {
        let hash = Sha256::new().chain_update(kind).chain_update(text).finalize();
        Self(URL_SAFE_NO_PAD.encode(hash))
    }

    /// Reads a name as a token carries it; `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let hash = URL_SAFE_NO_PAD.decode(raw).ok()?;
        (hash.len() == 32).then(|| Self(raw.to_owned()))
    }

    /// Its 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WatchRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The connection of a socket, as API Gateway names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(String);

impl ConnectionId {
    /// The longest name, in bytes. API Gateway's have 16.
    const LONGEST: usize = 128;

    /// Reads a name. `None` for a text that can be none: API Gateway's are base64.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = (1..=Self::LONGEST).contains(&raw.len());
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
        (fits && raw.bytes().all(is_base64)).then(|| Self(raw.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A screen that watches a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// The connection of its socket.
    pub connection: ConnectionId,
    /// When it began to watch.
    pub since: Timestamp,
}

impl Watcher {
    /// Whether a connection that is said to be gone is closed. One that is new may be opening still.
    #[must_use]
    pub fn is_closed_when_gone(&self, now: Timestamp) -> bool {
        now.since(self.since) >= STILL_OPENING
    }

    /// Whether a phone that watches for questions to its person is told of one now.
    #[must_use]
    pub fn is_told_of_questions(&self, now: Timestamp) -> bool {
        now.since(self.since) < PHONE_WATCHES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_watched_under_a_hash_of_its_code() {
        let code = |raw: &str| SessionCode::parse(raw).unwrap();
        let watched = WatchRef::of(&code("0P1ACEH01DERC0DE0123456789"));
        assert_eq!(watched.as_str().len(), 43);
        assert_eq!(WatchRef::parse(watched.as_str()).as_ref(), Some(&watched));
        assert_eq!(watched, WatchRef::of(&code("op1aceh01derc0de-0123456789")), "any spelling of the code");
        assert_ne!(watched, WatchRef::of(&code("0P1ACEH01DERC0DE012345678A")));
        assert!(!watched.to_string().contains("0P1ACEH01"));
    }

    #[test]
    fn a_person_is_watched_under_another_name_than_any_session() {
        let person = |raw: &str| WatchRef::of_person(AccountId::parse(raw).unwrap());
        assert_ne!(person("3000876"), person("3000877"));
        assert_eq!(WatchRef::parse(person("3000876").as_str()), Some(person("3000876")));
    }

    #[test]
    fn a_phone_is_told_of_questions_for_a_quarter_of_an_hour() {
        let since = Timestamp::from_secs(1_700_000_000);
        let phone = Watcher { connection: ConnectionId::parse("one=").unwrap(), since };
        let told = |seconds| phone.is_told_of_questions(since.plus(Duration::from_secs(seconds)));
        assert!(told(0) && told(899) && !told(900));
    }

    #[test]
    fn other_texts_name_no_session_and_no_connection() {
        let longer = "A".repeat(44);
        for raw in [
            "",
            "A",
            "0P1ACEH01DERC0DE0123456789",
            &longer,
            "é",
            "../../../../../../../../../../../../../../",
        ] {
            assert_eq!(WatchRef::parse(raw), None, "{raw}");
        }
        assert!(ConnectionId::parse("L0SM9cOFvHcCIhw=").is_some());
        let longest = "c".repeat(128);
        assert!(ConnectionId::parse(&longest).is_some());
        for raw in ["", "two words", "line\nbreak", "?", "é", &format!("{longest}c")] {
            assert_eq!(ConnectionId::parse(raw), None, "{raw}");
        }
    }
}
