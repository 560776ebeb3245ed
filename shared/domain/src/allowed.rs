//! "Still allowed?": what every scan, confirm, redeem, answer and refresh asks before it does anything.
//!
//! Whatever was allowed a step ago may not be now: an operator removed the client, the person signed out, an operator
//! reset the account. One function answers, over records that were just read. Unknown means no.

use std::time::Duration;

use thiserror::Error;

use crate::{
    account::Account,
    client::Client,
    identity::ClientId,
    opener::{Opener, OpenerRecords},
    session::{Flow, Seen, Session},
    sign_in::{NotSignedIn, PhoneRecords, SignIn},
    time::Timestamp,
};

/// What a step is about, besides the phone.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// A login: its session, its client as the store and [`BuiltIns`](crate::client::BuiltIns) know it now, and what is
    /// stored about its opener now.
    Login(&'a Session, Option<&'a Client>, &'a OpenerRecords),
    /// The sign-in alone: the client of the app through which it began. Our own page has none, and needs none.
    App(Option<&'a Client>),
}

/// Why a step is not allowed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotAllowed {
    /// The phone or its account does not count any more.
    #[error(transparent)]
    Phone(#[from] NotSignedIn),
    /// The client refuses.
    #[error(transparent)]
    Client(#[from] ClientRefusal),
}

/// Why a client's login may not go on. The log gets the reason; callers learn that the code is unknown.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ClientRefusal {
    /// It is not registered, or switched off.
    #[error("the client is not registered, or switched off")]
    Gone,
    /// The session is of an earlier client of the same id.
    #[error("the session is older than its client's registration")]
    Earlier,
    /// It does not speak the session's contract.
    #[error("the client does not speak this contract")]
    Dialect,
    /// It shows only QRs that rotate, and this one stays the same.
    #[error("the client shows only QRs that rotate")]
    StaysTheSame,
    /// It does not admit the phone's app.
    #[error("the client does not admit the app")]
    App,
    /// The screen called from a network that it does not admit.
    #[error("the client does not admit the screen's network")]
    Network,
    /// It is strict, and the screen proved nothing when it opened the session.
    #[error("the client is strict, and the screen proved nothing when it opened the session")]
    NotEnrolled,
    /// It is strict, and what the screen proved is not good any more.
    #[error("the client is strict, and what the screen proved is not good any more")]
    EnrollmentOver,
    /// It is strict, and the browser that opened the session is another person's.
    #[error("the client is strict, and the browser that opened the session is another person's")]
    AnotherPerson,
}

/// Whether a step is still allowed: the sign-in and the account behind the phone, if it is.
///
/// The checks, in order: the sign-in is not over and no older than the account's last credential change; the account
/// is active; the client exists and is switched on; it is the client that the session was opened for; it speaks the
/// session's contract; it admits a QR that stays the same, unless this one rotates; it admits the network that the session
/// was opened from; if it is strict, what the screen proved when it opened the session is still good, and a browser that
/// opened it is signed in for this person; it admits the app of the sign-in. For a
/// sign-in alone: its app is registered, and was when the sign-in began.
///
/// # Errors
/// The first check that fails.
pub fn still_allowed(
    phone: PhoneRecords,
    about: About<'_>,
    now: Timestamp,
) -> Result<(SignIn, Account), NotAllowed> {
    let (sign_in, account) = phone.stands(now)?;
    match about {
        About::Login(session, client, opener) => {
            let client = client.ok_or(ClientRefusal::Gone)?;
            if !client.is_of(session.created_at) {
                return Err(ClientRefusal::Earlier.into());
            }
            client.may_open(&session.flow, &session.seen, session.opener.as_ref())?;
            client.still_trusts(session.opener.as_ref(), opener, &account, now)?;
            if !client.admits_sign_in(&sign_in) {
                return Err(ClientRefusal::App.into());
            }
        }
        About::App(client) => {
            let is_theirs = client.is_some_and(|client| client.is_of(sign_in.created_at));
            if !is_theirs && sign_in.client != ClientId::phone() {
                return Err(NotSignedIn::Over.into());
            }
        }
    }
    Ok((sign_in, account))
}

/// A confirmation that the phone may make once its person has proved again who they are.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the person's last proof is older than the client admits")]
pub struct ProofTooOld {
    /// How old it may be.
    pub max_age: Duration,
}

impl Client {
    /// Whether something that was made at this moment for a client of this id was made for this one. What is older
    /// belongs to an earlier client, which was removed: sessions, traces, pairs, sign-ins and queued calls
    /// (`docs/security.md` K4).
    #[must_use]
    pub fn is_of(&self, made_at: Timestamp) -> bool {
        made_at >= self.registered_at
    }

    /// Whether a phone's person has proved who they are lately enough to agree to its logins (`docs/security.md` I5).
    ///
    /// # Errors
    /// [`ProofTooOld`].
    pub fn accepts_proof(&self, sign_in: &SignIn, now: Timestamp) -> Result<(), ProofTooOld> {
        match self.max_age {
            Some(max_age) if now.since(sign_in.proved_at) > max_age => Err(ProofTooOld { max_age }),
            _ => Ok(()),
        }
    }

    /// Whether its sessions may be opened by this contract, from where the screen was seen, with what it proved.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn may_open(&self, flow: &Flow, seen: &Seen, opener: Option<&Opener>) -> Result<(), ClientRefusal> {
        if !self.enabled {
            return Err(ClientRefusal::Gone);
        }
        if !self.dialects.contains(&flow.dialect()) {
            return Err(ClientRefusal::Dialect);
        }
        if self.rotates && flow.stays_the_same() {
            return Err(ClientRefusal::StaysTheSame);
        }
        if !self.admits_network(seen.ip) {
            return Err(ClientRefusal::Network);
        }
        if self.strict && opener.is_none() {
            return Err(ClientRefusal::NotEnrolled);
        }
        Ok(())
    }

    /// Whether a strict client still trusts a screen for this person, by what it proved when it opened its login.
    ///
    /// # Errors
    /// [`ClientRefusal::EnrollmentOver`] or [`ClientRefusal::AnotherPerson`].
    pub fn still_trusts(
        &self,
        opener: Option<&Opener>,
        stored: &OpenerRecords,
        person: &Account,
        now: Timestamp,
    ) -> Result<(), ClientRefusal> {
        if !self.strict {
            return Ok(());
        }
        let opener = opener.filter(|opener| self.trusts(opener, stored, now));
        match opener.ok_or(ClientRefusal::EnrollmentOver)?.browser() {
            Some(browser) if browser.account != person.id => Err(ClientRefusal::AnotherPerson),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, time::Duration};

    use super::*;
    use crate::{
        account::AccountStatus,
        cases::Opening,
        identity::{AccountId, SignInId},
        ports::{KeyName, testing::Counting},
        refresh::Family,
        secrets::Secret,
        session::{Dialect, ScreenClaims},
        sign_in::{Holder, Method},
        text::CleanText,
    };

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn id(raw: &str) -> ClientId {
        ClientId::parse(raw).unwrap()
    }

    fn records() -> PhoneRecords {
        let account = AccountId::parse("3000876").unwrap();
        let sign_in = SignIn {
            id: SignInId::parse("aaaa").unwrap(),
            account,
            holder: Holder::Phone,
            client: id("app"),
            method: Method::Sms,
            version: 1,
            family: Family::begin(NOW, KeyName::of_kid("the-key-")),
            seen: Seen::default(),
            ended: false,
            proved_at: NOW,
            created_at: NOW,
            expires_at: NOW.plus(Duration::from_hours(1)),
        };
        let (status, phone_number) = (AccountStatus::Active, None);
        let account = Account { id: account, phone_number, status, credentials_at: NOW, created_at: NOW };
        PhoneRecords { sign_in: Some(sign_in), account: Some(account), approver: None }
    }

    fn client() -> Client {
        Client::plain(id("site"), CleanText::new("Site"), vec![Dialect::Web])
    }

    fn session() -> Session {
        let ip: IpAddr = "192.0.2.7".parse().unwrap();
        let opening = Opening {
            flow: Flow::web(None),
            client: &client(),
            claims: ScreenClaims::default(),
            seen: Seen { ip: Some(ip), browser: None },
            opener: None,
            life: Duration::from_mins(5),
        };
        opening.draw(&Counting::default(), NOW).session
    }

    fn refusal_of(client: Option<&Client>) -> Option<NotAllowed> {
        still_allowed(records(), About::Login(&session(), client, &OpenerRecords::default()), NOW).err()
    }

    // A15 A17 I9
    #[test]
    fn a_client_must_be_there_be_on_speak_the_contract_and_admit_app_and_network() {
        assert_eq!(refusal_of(Some(&client())), None);
        assert_eq!(refusal_of(None), Some(ClientRefusal::Gone.into()), "unknown means no");
        let later = NOW.plus(Duration::from_secs(1));
        let networks = |block: &str| vec![block.parse().unwrap()];
        for (changed, refusal) in [
            (Client { enabled: false, ..client() }, Some(ClientRefusal::Gone)),
            (Client { registered_at: later, ..client() }, Some(ClientRefusal::Earlier)),
            (Client { registered_at: NOW, ..client() }, None),
            (Client { dialects: vec![Dialect::Kiosk], ..client() }, Some(ClientRefusal::Dialect)),
            (Client { rotates: true, ..client() }, Some(ClientRefusal::StaysTheSame)),
            (Client { apps: vec![id("another")], ..client() }, Some(ClientRefusal::App)),
            (Client { apps: vec![id("app")], ..client() }, None),
            (Client { networks: networks("198.51.100.0/24"), ..client() }, Some(ClientRefusal::Network)),
            (Client { networks: networks("192.0.2.0/24"), ..client() }, None),
        ] {
            assert_eq!(refusal_of(Some(&changed)), refusal.map(NotAllowed::Client), "{changed:?}");
        }
    }

    // L9
    #[test]
    fn a_client_that_rotates_admits_only_a_qr_that_does() {
        let rotates = Client { rotates: true, ..client() };
        let opens = |client: &Client, flow: &Flow| client.may_open(flow, &Seen::default(), None);
        assert_eq!(opens(&rotates, &Flow::web(None)), Err(ClientRefusal::StaysTheSame));
        assert_eq!(opens(&rotates, &Flow::rotating_web(None)), Ok(()));
        assert_eq!(opens(&client(), &Flow::rotating_web(None)), Ok(()), "any web client may ask for one");
    }

    // N2
    #[test]
    fn another_issuers_people_need_a_client_that_lists_their_app() {
        let asks = |client: &Client| {
            let mut records = records();
            records.sign_in.as_mut().unwrap().method = Method::Foreign;
            still_allowed(records, About::Login(&session(), Some(client), &OpenerRecords::default()), NOW)
                .err()
        };
        let refused = Some(NotAllowed::Client(ClientRefusal::App));
        assert_eq!(asks(&client()), refused, "an empty list admits none of them");
        assert_eq!(asks(&Client { apps: vec![id("another")], ..client() }), refused);
        assert_eq!(asks(&Client { apps: vec![id("another"), id("app")], ..client() }), None);
    }

    // K19
    #[test]
    fn a_strict_client_admits_what_it_still_trusts() {
        let secret = Secret::random(&Counting::default());
        let strict = Client { strict: true, secret: Some(secret.hash()), ..client() };
        let asks = |client: &Client, opener: Option<Opener>| {
            let session = Session { opener, ..session() };
            still_allowed(records(), About::Login(&session, Some(client), &OpenerRecords::default()), NOW)
                .err()
        };
        let server = Some(Opener::Server(secret.hash()));
        assert_eq!(asks(&strict, server.clone()), None);
        assert_eq!(asks(&strict, None), Some(ClientRefusal::NotEnrolled.into()));
        let rotated = Client { secret: None, ..strict };
        assert_eq!(asks(&rotated, server.clone()), Some(ClientRefusal::EnrollmentOver.into()));
        assert_eq!(asks(&Client { strict: false, ..rotated }, server), None);
        assert_eq!(asks(&client(), None), None);
    }

    // K19
    #[test]
    fn a_strict_client_admits_a_browser_of_the_same_person_that_began_without_a_qr() {
        let phone = records();
        let here = phone.sign_in.clone().unwrap();
        let holder = Holder::Browser { approved_by: here.id.clone(), direct: true, matched: true };
        let browser = SignIn { id: SignInId::parse("bbbb").unwrap(), holder, ..here.clone() };
        let stored = PhoneRecords { sign_in: Some(browser.clone()), approver: Some(here), ..phone };
        let strict = Client { strict: true, ..client() };
        let asks = |stored: PhoneRecords, by: &SignIn| {
            let session = Session { opener: Some(Opener::Browser(by.phone())), ..session() };
            let opener = OpenerRecords { browser: stored, ..OpenerRecords::default() };
            still_allowed(records(), About::Login(&session, Some(&strict), &opener), NOW).err()
        };
        assert_eq!(asks(stored.clone(), &browser), None);
        let over = Some(NotAllowed::Client(ClientRefusal::EnrollmentOver));
        let with = |change: fn(&mut SignIn)| {
            let mut changed = stored.clone();
            changed.sign_in.iter_mut().for_each(change);
            asks(changed, &browser)
        };
        assert_eq!(with(|browser| browser.ended = true), over);
        assert_eq!(with(|browser| browser.id = SignInId::parse("cccc").unwrap()), over);
        let scanned = |browser: &mut SignIn| {
            if let Holder::Browser { direct, .. } = &mut browser.holder {
                *direct = false;
            }
        };
        assert_eq!(with(scanned), over, "a relay can bring a browser this far");
        assert_eq!(with(|browser| browser.holder = Holder::Phone), over);
        assert_eq!(asks(PhoneRecords { approver: None, ..stored.clone() }, &browser), over);
        assert_eq!(asks(PhoneRecords::default(), &browser), over, "unknown means no");
        // The victim's phone scans what the browser of another person shows.
        let another = AccountId::parse("3000999").unwrap();
        let theirs = SignIn { account: another, ..browser };
        let account = stored.account.clone().map(|account| Account { id: another, ..account });
        let stored = PhoneRecords { sign_in: Some(theirs.clone()), account, ..stored };
        assert_eq!(asks(stored, &theirs), Some(ClientRefusal::AnotherPerson.into()));
    }

    // K1 A13 A14
    #[test]
    fn a_sign_in_must_be_live_and_as_new_as_the_credentials() {
        let asks = |change: fn(&mut SignIn, &mut Account)| {
            let mut records = records();
            if let (Some(sign_in), Some(account)) = (&mut records.sign_in, &mut records.account) {
                change(sign_in, account);
            }
            still_allowed(records, About::Login(&session(), Some(&client()), &OpenerRecords::default()), NOW)
                .err()
        };
        let over = Some(NotAllowed::Phone(NotSignedIn::Over));
        assert_eq!(asks(|_, _| ()), None);
        assert_eq!(asks(|_, account| account.credentials_at = NOW.plus(Duration::from_secs(1))), over);
        assert_eq!(asks(|sign_in, _| sign_in.ended = true), over);
        assert_eq!(asks(|sign_in, _| sign_in.expires_at = NOW), over);
        let barred = Some(NotAllowed::Phone(NotSignedIn::Barred));
        assert_eq!(asks(|_, account| account.status = AccountStatus::Locked), barred);
        for missing in
            [PhoneRecords { sign_in: None, ..records() }, PhoneRecords { account: None, ..records() }]
        {
            let refused = still_allowed(
                missing,
                About::Login(&session(), Some(&client()), &OpenerRecords::default()),
                NOW,
            )
            .err();
            assert_eq!(refused, over, "unknown means no");
        }
    }

    // I5
    #[test]
    fn a_proof_is_as_young_as_the_client_asks() {
        let sign_in = records().sign_in.unwrap();
        let after = |seconds| NOW.plus(Duration::from_secs(seconds));
        let max_age = Duration::from_mins(5);
        let asks = Client { max_age: Some(max_age), ..client() };
        assert_eq!(client().accepts_proof(&sign_in, after(1_000_000)), Ok(()));
        assert_eq!(asks.accepts_proof(&sign_in, after(300)), Ok(()));
        assert_eq!(asks.accepts_proof(&sign_in, after(301)), Err(ProofTooOld { max_age }));
        let again = SignIn { proved_at: after(200), ..sign_in };
        assert_eq!(asks.accepts_proof(&again, after(301)), Ok(()));
    }

    // A15
    #[test]
    fn a_sign_in_lives_as_long_as_its_app() {
        assert!(still_allowed(records(), About::App(Some(&client())), NOW).is_ok());
        let gone = still_allowed(records(), About::App(None), NOW);
        assert_eq!(gone.err(), Some(NotAllowed::Phone(NotSignedIn::Over)));
        let mut ours = records();
        ours.sign_in.as_mut().unwrap().client = ClientId::phone();
        assert!(still_allowed(ours, About::App(None), NOW).is_ok(), "our own page");
    }

    // K4
    #[test]
    fn a_sign_in_of_an_earlier_app_of_the_same_id_is_over() {
        let later = Client { registered_at: NOW.plus(Duration::from_secs(1)), ..client() };
        let refused = still_allowed(records(), About::App(Some(&later)), NOW);
        assert_eq!(refused.err(), Some(NotAllowed::Phone(NotSignedIn::Over)));
        let own = Client { id: id("app"), apps: vec![id("app")], ..client() };
        assert!(own.admits(&id("app"), NOW));
        assert!(!Client { registered_at: later.registered_at, ..own }.admits(&id("app"), NOW));
    }
}
