//! The browsers that are signed in at the issuer, so that the next client needs no scan (OpenID Connect Core section
//! 3.1.2.3).

use std::{sync::Arc, time::Duration};

use super::{
    Logins, OpenError, Opening,
    people::SignInError,
    stands::{Behind, stands},
};
use crate::{
    account::Account,
    allowed::{About, still_allowed},
    belongings::Turn,
    client::Client,
    history::{EntryId, What},
    identity::{AccountId, ClientId, Phone, SignInId},
    oauth::{Scopes, Wishes},
    ports::{Begun, Belongings, Created, Freshness, KeyedHash, SignIns, StoreError},
    refresh::{Family, read_refresh_token, refresh_token},
    secrets::Secret,
    session::{Claim, Dialect, MatchPolicy, Seen, Session, State},
    sign_in::{Holder, HolderKind, SignIn},
    time::Timestamp,
};

/// The browsers over their ports.
#[derive(Clone)]
pub struct Browsers {
    /// The sessions.
    pub logins: Logins,
    /// The sign-ins.
    pub sign_ins: Arc<dyn SignIns>,
    /// The history, which says what the person has agreed to.
    pub belongings: Arc<dyn Belongings>,
    /// The keys that no table holds.
    pub keys: Arc<dyn KeyedHash>,
    /// How long a browser stays signed in, from the scan. Zero switches this off.
    pub life: Duration,
}

/// A browser that is signed in now.
#[derive(Clone, Debug)]
pub struct SignedInBrowser {
    /// Its sign-in. It began when the person scanned, or when they proved in this browser who they are.
    pub sign_in: SignIn,
    /// Its person.
    pub account: Account,
}

impl SignedInBrowser {
    /// Whether the person signed in in this browser itself, so that a strict client takes it.
    #[must_use]
    pub const fn is_direct(&self) -> bool {
        matches!(self.sign_in.holder, Holder::Browser { direct: true, .. })
    }

    /// Whether the person had to pick the number that this browser showed, or needed none because they signed in here.
    #[must_use]
    pub const fn is_matched(&self) -> bool {
        matches!(self.sign_in.holder, Holder::Browser { matched: true, .. })
    }
}

/// The result of signing a browser in directly.
#[derive(Debug)]
pub enum BeginHere {
    /// Its sign-in, and the token for its cookie.
    Begun(Box<SignIn>, Secret),
    /// The person must prove again who they are, in this browser.
    NeedsProof,
}

/// The rows of one read of the history, and the most of such reads.
const ROWS: u16 = 50;
const MOST_PAGES: usize = 4;
/// The most logins of a client whose scopes are read. The newest one hardly ever has fewer than an older one.
const MOST_LOGINS: usize = 3;

impl Browsers {
    /// Begins the sign-in of the browser whose page shows the QR of a confirmed session, and gives it the token for its
    /// cookie. Repeating the call gives the same token, because the first answer may have been lost. `None` when
    /// browsers are not kept, or when the login is not allowed any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<Option<(SignIn, Secret)>, StoreError> {
        let State::Confirmed { claim, .. } = &session.state else { return Ok(None) };
        if self.life.is_zero() {
            return Ok(None);
        }
        let read = self.logins.checks.redemption(&claim.by, session).await?;
        let client = self.logins.built_ins.client(read.client);
        let about = About::Login(session, client.as_ref(), &read.opener);
        let Ok((phone, _)) = still_allowed(read.phone, about, now) else { return Ok(None) };
        if phone.holder != Holder::Phone {
            return Ok(None);
        }
        let sign_in = self.of(session, claim, phone);
        let sign_in = match self.sign_ins.begin(&sign_in).await? {
            Begun::Stored => sign_in,
            Begun::Before(stored) => stored,
        };
        // The person may have taken the yes back while this call was on its way. That step found no sign-in to end, so this
        // call ends it.
        if !self.is_agreed(session).await? {
            self.sign_ins.end(&sign_in.phone()).await?;
            return Ok(None);
        }
        let token = refresh_token(&*self.keys, &sign_in).await;
        Ok(sign_in.is_live(now).then_some((sign_in, token)))
    }

    /// Whether the person's yes to this session still stands, by the newest version.
    async fn is_agreed(&self, session: &Session) -> Result<bool, StoreError> {
        let newest = self.logins.sessions.find(&session.code, Freshness::Strong).await?;
        Ok(newest.is_some_and(|it| matches!(it.state, State::Confirmed { .. } | State::Redeemed { .. })))
    }

    /// It keeps the app of the phone, because a client may admit some apps only, and the phone's proof.
    fn of(&self, session: &Session, claim: &Claim, phone: SignIn) -> SignIn {
        SignIn {
            id: SignInId::of_browser(&session.code),
            account: claim.by.account,
            holder: Holder::Browser {
                approved_by: phone.id,
                direct: false,
                matched: session.match_policy == MatchPolicy::Pick,
            },
            client: phone.client,
            method: phone.method,
            seen: session.seen.clone(),
            version: 1,
            family: Family::begin(claim.at, self.keys.current_key()),
            ended: false,
            proved_at: phone.proved_at,
            created_at: claim.at,
            expires_at: claim.at.plus(self.life),
        }
    }

    /// Begins the sign-in of a browser in which its person signed in directly, by SMS, and gives it the token for its
    /// cookie. It lasts from the person's proof on. One proof begins one sign-in: repeating the call gives the same token, and
    /// after the browser has signed out only a new proof helps.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_here(
        &self,
        phone: &Phone,
        seen: Seen,
        now: Timestamp,
    ) -> Result<BeginHere, StoreError> {
        let behind = Behind { checks: &*self.logins.checks, clients: &*self.logins.clients };
        let phone = match stands(&behind, phone, now).await {
            Ok((phone, _)) => phone,
            Err(SignInError::Store(error)) => return Err(error),
            Err(_) => return Ok(BeginHere::NeedsProof),
        };
        let is_here = phone.holder == Holder::Phone && phone.client == ClientId::phone();
        let expires_at = phone.proved_at.plus(self.life).min(phone.expires_at);
        if !is_here || expires_at <= now {
            return Ok(BeginHere::NeedsProof);
        }
        let sign_in = SignIn {
            id: SignInId::of_direct_browser(&phone.id, phone.proved_at),
            holder: Holder::Browser { approved_by: phone.id, direct: true, matched: true },
            seen,
            version: 1,
            family: Family::begin(now, self.keys.current_key()),
            ended: false,
            created_at: phone.proved_at,
            expires_at,
            ..phone
        };
        let sign_in = match self.sign_ins.begin(&sign_in).await? {
            Begun::Stored => sign_in,
            Begun::Before(stored) => stored,
        };
        if !sign_in.is_live(now) {
            return Ok(BeginHere::NeedsProof);
        }
        let token = refresh_token(&*self.keys, &sign_in).await;
        Ok(BeginHere::Begun(Box::new(sign_in), token))
    }

    /// The browser that holds this token, if it is signed in now: its sign-in, that of the phone that approved it, the app
    /// of that phone and the account all count (`docs/security.md` A14, I7). `None` otherwise.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn behind(
        &self,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Option<SignedInBrowser>, StoreError> {
        let Some(browser) = self.named(token).await else { return Ok(None) };
        let behind = Behind { checks: &*self.logins.checks, clients: &*self.logins.clients };
        match stands(&behind, &browser, now).await {
            Ok((sign_in, account)) => {
                let in_time = now < sign_in.created_at.plus(self.life);
                let is_browser = sign_in.holder.kind() == HolderKind::Browser;
                Ok((in_time && is_browser).then_some(SignedInBrowser { sign_in, account }))
            }
            Err(SignInError::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The sign-in that a token names, if we made the token for a browser. It may be over.
    pub async fn named(&self, token: &Secret) -> Option<Phone> {
        let (browser, _) = read_refresh_token(&*self.keys, HolderKind::Browser, token).await?;
        (!self.life.is_zero()).then_some(browser)
    }

    /// Whether a client may sign its person in with this browser's sign-in: it is one that the client wishes for, the
    /// client admits the app of the phone that approved it, the phone's proof is young enough for the client, and the
    /// person has picked a number for this browser, unless the client wants none (`docs/security.md` A17).
    #[must_use]
    pub fn serves(
        &self,
        browser: &SignedInBrowser,
        client: &Client,
        wishes: &Wishes,
        now: Timestamp,
    ) -> bool {
        let SignedInBrowser { sign_in, account } = browser;
        wishes.are_met_by(sign_in, account, now)
            && client.admits_sign_in(sign_in)
            && client.accepts_proof(sign_in, now).is_ok()
            && (client.match_policy == MatchPolicy::Off || browser.is_matched())
    }

    /// Whether the person has agreed before that this client gets these scopes: a login of theirs stands in their history,
    /// they have not ended it, and it gave at least these scopes. An approval that is older than the newest
    /// 200 entries is not found, and the person is asked again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_approved(
        &self,
        account: AccountId,
        client: &Client,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        for login in self.logins_of(account, client).await? {
            let screen = Phone { account, sign_in: SignInId::of_login(&login) };
            let Ok((sign_in, _)) = self.logins.checks.phone(&screen).await?.stands(now) else { continue };
            if matches!(sign_in.holder, Holder::Screen { scopes: granted, .. } if scopes.is_within(granted)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The newest logins of the person at this client that they have not ended, [`MOST_LOGINS`] at the most.
    async fn logins_of(&self, account: AccountId, client: &Client) -> Result<Vec<EntryId>, StoreError> {
        let (mut turn, mut found) = (Turn::first(account, ROWS), Vec::new());
        for _ in 0..MOST_PAGES {
            let page = self.belongings.history(&turn).await?;
            found.extend(page.rows.into_iter().filter_map(|entry| match entry.what {
                What::Login(login) => {
                    let is_theirs = login.client == client.id && client.is_of(entry.id.at());
                    let stands = login.dialect == Dialect::Oauth && login.ended_at.is_none();
                    (is_theirs && stands).then_some(entry.id)
                }
                _ => None,
            }));
            match page.next {
                Some(next) if found.len() < MOST_LOGINS => turn.after = Some(next),
                _ => break,
            }
        }
        found.truncate(MOST_LOGINS);
        Ok(found)
    }

    /// Opens a session that is confirmed from the beginning, by the browser's sign-in. Its claim has the time of the scan,
    /// which is `auth_time` in the tokens. It needs no match number: page and browser are the same device. The redemption
    /// asks [`still_allowed`] as ever.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn sign_in(
        &self,
        browser: &SignIn,
        opening: Opening<'_>,
        now: Timestamp,
    ) -> Result<Session, OpenError> {
        let asks = (&opening.flow, &opening.seen, opening.opener.as_ref());
        self.logins.may_open(opening.client, asks)?;
        let mut session = opening.draw(&*self.logins.random, now).session;
        let claim = Claim { by: browser.phone(), at: browser.created_at };
        session.state = State::Confirmed { claim, at: now.whole_secs() };
        match self.logins.create(&session).await? {
            Created::Stored => Ok(session),
            Created::Collision => Err(OpenError::NoFreeCode),
        }
    }

    /// Ends a browser's sign-in. Repeating the call changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end(&self, browser: &Phone) -> Result<(), StoreError> {
        self.sign_ins.end(browser).await
    }
}
