//! Which screens a strict client trusts: the machines that an operator enrolled, the client's own server, and a browser in
//! which the same person is signed in already.
//!
//! * [`MachineName`], [`EnrolledMachine`]: a machine with a secret of its own.
//! * [`Opener`]: what a screen proved when it opened a session.
//! * [`OpenerRecords`]: what is stored about an opener now.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    client::Client,
    identity::{ClientId, Phone},
    secrets::{Secret, SecretHash},
    sign_in::{Holder, PhoneRecords},
    time::Timestamp,
};

/// What an operator calls a machine of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MachineName(String);

impl MachineName {
    /// The most characters it may have.
    pub const LONGEST: usize = 32;

    /// 1 to 32 characters of `A-Z a-z 0-9 _ -`; `None` otherwise. It has no dot, which ends it in a machine's secret.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let well_formed = (1..=Self::LONGEST).contains(&raw.len())
            && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        well_formed.then(|| Self(raw.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The secret of a machine of this name, from 256 bits: `<name>.<bits>`. So a secret says whose it is, and one read
    /// finds its machine.
    pub(crate) fn secret(&self, bits: &[u8; 32]) -> Secret {
        Secret::issued(format!("{}.{}", self.0, URL_SAFE_NO_PAD.encode(bits)))
    }
}

impl fmt::Display for MachineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A machine of a client that an operator enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledMachine {
    /// The client whose sessions it may open.
    pub client: ClientId,
    /// Its name.
    pub name: MachineName,
    /// The hash of its secret.
    pub secret: SecretHash,
    /// When its client was registered. A client that is registered again under the same id has none of the machines of
    /// the earlier one.
    pub registered_at: Timestamp,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
}

impl EnrolledMachine {
    /// Whether it is enrolled for this registration of the client.
    #[must_use]
    pub fn is_of(&self, client: &Client) -> bool {
        self.client == client.id && self.registered_at == client.registered_at
    }
}

/// What a screen proved when it opened a session. It stays with the session, so every later step can ask whether the proof
/// is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opener {
    /// The client's server, or a machine that holds the server's secret.
    Server(SecretHash),
    /// The enrolled machine of this name.
    Machine(MachineName, SecretHash),
    /// The browser with this sign-in at the issuer. The person of the sign-in began it in the browser itself, so an attacker
    /// who relays a QR does not have it ([`Holder::Browser`]).
    Browser(Phone),
}

/// What is stored about the opener of a session now.
#[derive(Clone, Debug, Default)]
pub struct OpenerRecords {
    /// The enrolled machine of the opener's name.
    pub machine: Option<EnrolledMachine>,
    /// The sign-in of the opener's browser, its account, and the sign-in that it rests on.
    pub browser: PhoneRecords,
}

impl Opener {
    /// The caller that presents this secret. [`Client::trusts`] says whether the secret is good.
    #[must_use]
    pub fn presenting(secret: &Secret) -> Self {
        let name = secret.reveal().split_once('.').and_then(|(name, _)| MachineName::parse(name));
        match name {
            Some(name) => Self::Machine(name, secret.hash()),
            None => Self::Server(secret.hash()),
        }
    }

    /// The hash of the secret; `None` for a browser, which proves its sign-in.
    #[must_use]
    pub const fn secret(&self) -> Option<&SecretHash> {
        match self {
            Self::Server(secret) | Self::Machine(_, secret) => Some(secret),
            Self::Browser(_) => None,
        }
    }

    /// The sign-in of the browser, if it is one.
    #[must_use]
    pub const fn browser(&self) -> Option<&Phone> {
        match self {
            Self::Browser(browser) => Some(browser),
            Self::Server(_) | Self::Machine(..) => None,
        }
    }

    /// The name of the machine, if it is one.
    #[must_use]
    pub const fn machine(&self) -> Option<&MachineName> {
        match self {
            Self::Server(_) | Self::Browser(_) => None,
            Self::Machine(name, _) => Some(name),
        }
    }
}

impl Client {
    /// Whether what `opener` proved is good now: the server's current or previous secret, the secret of the enrolled
    /// machine, or a browser's sign-in that still counts.
    #[must_use]
    pub fn trusts(&self, opener: &Opener, stored: &OpenerRecords, now: Timestamp) -> bool {
        match opener {
            Opener::Server(secret) => self.has_secret(secret, now),
            Opener::Machine(name, secret) => stored.machine.as_ref().is_some_and(|machine| {
                machine.is_of(self) && machine.name == *name && machine.secret == *secret
            }),
            Opener::Browser(browser) => stored.browser.clone().stands(now).is_ok_and(|(sign_in, _)| {
                sign_in.phone() == *browser && matches!(sign_in.holder, Holder::Browser { direct: true, .. })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{client::Previous, client::Registration, session::Dialect, text::CleanText};

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn name(raw: &str) -> MachineName {
        MachineName::parse(raw).unwrap()
    }

    fn secret(raw: &str) -> Secret {
        Secret::presented(raw).unwrap()
    }

    fn client() -> Client {
        let id = ClientId::parse("clinic").unwrap();
        let plain = Client::plain(id, CleanText::new("Clinic"), vec![Dialect::Kiosk]);
        Client { secret: Some(secret("servers-own").hash()), registered_at: NOW, ..plain }
    }

    fn enrolled(raw: &str) -> EnrolledMachine {
        EnrolledMachine {
            client: client().id,
            name: name(raw),
            secret: name(raw).secret(&[7; 32]).hash(),
            registered_at: NOW,
            enrolled_at: NOW,
        }
    }

    #[test]
    fn a_machines_secret_begins_with_its_name() {
        let issued = name("lobby-1").secret(&[7; 32]);
        assert_eq!(Opener::presenting(&issued), Opener::Machine(name("lobby-1"), issued.hash()));
        for raw in ["servers-own", "no name.x", ".x", "größe.x"] {
            assert_eq!(Opener::presenting(&secret(raw)), Opener::Server(secret(raw).hash()), "{raw}");
        }
        for raw in ["", "a.b", "a b", "a:b", "ä", &"x".repeat(33)] {
            assert_eq!(MachineName::parse(raw), None, "{raw}");
        }
    }

    // K19
    #[test]
    fn a_machine_is_trusted_as_it_is_enrolled_for_this_registration() {
        let opener = Opener::presenting(&name("lobby-1").secret(&[7; 32]));
        let trusts = |machine: Option<EnrolledMachine>| {
            client().trusts(&opener, &OpenerRecords { machine, ..OpenerRecords::default() }, NOW)
        };
        let lobby = enrolled("lobby-1");
        assert!(trusts(Some(lobby.clone())));
        assert!(!trusts(None), "unknown means no");
        assert!(!trusts(Some(enrolled("lobby-2"))), "another machine");
        assert!(
            !trusts(Some(EnrolledMachine { secret: secret("x").hash(), ..lobby.clone() })),
            "enrolled again"
        );
        let earlier = Timestamp::from_secs(1);
        assert!(
            !trusts(Some(EnrolledMachine { registered_at: earlier, ..lobby.clone() })),
            "an earlier client's"
        );
        let another = ClientId::parse("another").unwrap();
        assert!(!trusts(Some(EnrolledMachine { client: another, ..lobby })), "another client's");
    }

    // K19
    #[test]
    fn the_servers_secret_is_trusted_while_it_is_good() {
        let opener = Opener::presenting(&secret("servers-own"));
        let rotated = |until: Option<Timestamp>| {
            let previous = until.map(|until| Previous {
                secret: client().secret,
                registration: Registration::none(),
                until,
            });
            Client { secret: Some(secret("next").hash()), previous, ..client() }
        };
        assert!(client().trusts(&opener, &OpenerRecords::default(), NOW));
        assert!(rotated(Some(NOW.plus(Duration::from_secs(1)))).trusts(
            &opener,
            &OpenerRecords::default(),
            NOW
        ));
        assert!(!rotated(Some(NOW)).trusts(&opener, &OpenerRecords::default(), NOW));
        assert!(!rotated(None).trusts(&opener, &OpenerRecords::default(), NOW));
        assert!(!Client { secret: None, ..client() }.trusts(&opener, &OpenerRecords::default(), NOW));
    }
}
