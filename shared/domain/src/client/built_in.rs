//! The clients that need no registration, and the only way to them.
//!
//! A store answers [`Lookup`]. That a client is not registered is an [`Unregistered`], and only [`BuiltIns`] turns one
//! into a client, if the deployment serves it. So no caller can take "not registered" for "built in" by default.

use super::Client;
use crate::{
    identity::ClientId,
    session::{Dialect, MatchPolicy},
    text::CleanText,
    time::Timestamp,
};

/// What a store knows of a client's id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Lookup {
    /// This client is registered. It replaces a built-in one of the same id, also while it is switched off.
    Registered(Box<Client>),
    /// None is.
    Unregistered(Unregistered),
}

/// An id under which no client is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unregistered {
    id: ClientId,
    /// When its last client was removed, if that was lately.
    removed_at: Option<Timestamp>,
}

impl Lookup {
    /// The answer of a store that was asked for this id.
    pub fn of(id: &ClientId, stored: Option<Client>) -> Self {
        match stored {
            Some(client) => Self::Registered(Box::new(client)),
            None => Self::unregistered(id, None),
        }
    }

    /// The answer for an id without a client. `removed_at` is when its last client was removed, as long as sessions of that
    /// client may be open.
    pub fn unregistered(id: &ClientId, removed_at: Option<Timestamp>) -> Self {
        Self::Unregistered(Unregistered { id: id.clone(), removed_at })
    }

    /// The registered client, if there is one. A built-in one does not count.
    #[must_use]
    pub fn registered(self) -> Option<Client> {
        match self {
            Self::Registered(client) => Some(*client),
            Self::Unregistered(_) => None,
        }
    }
}

/// Whether a deployment serves the built-in clients (`BuiltInClients` in `template.yaml`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuiltIns {
    /// It serves them, under this name of the service.
    Served(String),
    /// It serves registered clients only.
    SwitchedOff,
}

impl BuiltIns {
    /// Whether a client of this id is built in.
    #[must_use]
    pub fn has(id: &ClientId) -> bool {
        built_in(id.clone(), "").is_some()
    }

    /// The client behind a store's answer: registered, or built in. A client that is switched off is none. After a registered
    /// client was removed, the built-in one counts as registered at that moment, so the sessions of the removed client are
    /// not its own ([`Client::is_of`]).
    #[must_use]
    pub fn client(&self, found: Lookup) -> Option<Client> {
        match (found, self) {
            (Lookup::Registered(client), _) => Some(*client).filter(|client| client.enabled),
            (Lookup::Unregistered(Unregistered { id, removed_at }), Self::Served(name)) => {
                let registered_at = removed_at.unwrap_or_default();
                built_in(id, name).map(|client| Client { registered_at, ..client })
            }
            (Lookup::Unregistered(_), Self::SwitchedOff) => None,
        }
    }
}

/// The built-in clients.
fn built_in(id: ClientId, service_name: &str) -> Option<Client> {
    let (name, dialect, match_policy) = match id.as_str() {
        Client::SIGN_IN => (service_name, Dialect::Web, MatchPolicy::Pick),
        Client::DEFAULT_KIOSK => (Client::DEFAULT_KIOSK, Dialect::Kiosk, MatchPolicy::Show),
        Client::DEFAULT_WEB => (service_name, Dialect::Web, MatchPolicy::Show),
        Client::DEFAULT_SHOP => (service_name, Dialect::Shop, MatchPolicy::Show),
        _ => return None,
    };
    let rotates = id.as_str() == Client::SIGN_IN;
    let plain = Client::plain(id, CleanText::new(name), vec![dialect]);
    Some(Client { match_policy, rotates, ..plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(raw: &str) -> ClientId {
        ClientId::parse(raw).unwrap()
    }

    // K19 A15
    #[test]
    fn what_is_not_registered_is_built_in_only_where_that_is_served() {
        let served = BuiltIns::Served("Saoma".to_owned());
        for raw in ["HOSPITAL_SAAS", "saoma", "sign-in", "shop", "another"] {
            let found = || Lookup::of(&id(raw), None);
            assert_eq!(served.client(found()).is_some(), BuiltIns::has(&id(raw)), "{raw}");
            assert_eq!(BuiltIns::SwitchedOff.client(found()), None, "{raw}");
            assert_eq!(found().registered(), None);
        }
    }

    // A15 K4
    #[test]
    fn a_built_in_client_begins_when_the_registered_one_is_removed() {
        let served = BuiltIns::Served("Saoma".to_owned());
        let (id, at) = (id("saoma"), Timestamp::from_secs(7));
        let always = served.client(Lookup::unregistered(&id, None)).unwrap();
        assert!(always.is_of(Timestamp::default()));
        let back = served.client(Lookup::unregistered(&id, Some(at))).unwrap();
        assert_eq!((back.is_of(Timestamp::from_secs(6)), back.is_of(at)), (false, true));
        assert_eq!(Client { registered_at: always.registered_at, ..back }, always);
    }

    // A15
    #[test]
    fn a_registered_client_replaces_a_built_in_one_also_while_it_is_off() {
        let served = BuiltIns::Served("Saoma".to_owned());
        let own = Client::plain(id("saoma"), CleanText::new("Ours"), vec![Dialect::Web]);
        let off = Client { enabled: false, ..own.clone() };
        assert_eq!(served.client(Lookup::of(&own.id, Some(own.clone()))), Some(own.clone()));
        assert_eq!(BuiltIns::SwitchedOff.client(Lookup::of(&own.id, Some(own.clone()))), Some(own.clone()));
        assert_eq!(served.client(Lookup::of(&own.id, Some(off))), None);
    }
}
