//! Another issuer's people: finds out whose phone presents a token that we did not make, and begins its sign-in at the scan.
//!
//! The token does not name a client. The login does: its client's own registration counts, and those of the apps that the
//! client lists. So a client that registers another client's issuer, with keys of its own or not, speaks for its own logins
//! alone.

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use super::{Target, registration::find_or_register};
use crate::{
    account::AccountStatus,
    client::{BuiltIns, Client},
    history::Entry,
    identity::{Approver, ClientId, ForeignIdentity, Identity, Phone},
    issuer::PresentedToken,
    ports::{
        Accounts, Begun, Clients, ForeignClaims, Freshness, HistoryWriter, IssuerTokens, KeyedHash,
        NotProven, Randomness, Replaced, Sessions, SignIns, StoreError, WriteId,
    },
    refresh::Family,
    secrets::SessionCode,
    session::{Seen, Session},
    sign_in::{Holder, Method, NotSignedIn, SignIn, SignInLives},
    time::Timestamp,
};

/// The most registrations that one token is verified against. A client's apps hardly share an issuer and an audience.
const MOST_CANDIDATES: usize = 4;
/// A phone scans one code at a time, so a caller loses hardly a race.
const MOST_RACES: usize = 5;
/// How much later a sign-in must end for its end to be written again.
const WORTH_A_WRITE: Duration = Duration::from_hours(24);

/// Another issuer's people over their ports.
#[derive(Clone)]
pub struct ForeignPeople {
    /// The sessions.
    pub sessions: Arc<dyn Sessions>,
    /// The registered clients, some of which have issuers.
    pub clients: Arc<dyn Clients>,
    /// Whether there are clients that need no registration.
    pub built_ins: BuiltIns,
    /// Verifies the tokens.
    pub tokens: Arc<dyn IssuerTokens>,
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The sign-ins.
    pub sign_ins: Arc<dyn SignIns>,
    /// Where it is written that a phone signed in.
    pub history: Arc<dyn HistoryWriter>,
    /// The keys that no table holds.
    pub keys: Arc<dyn KeyedHash>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
    /// How long sign-ins last.
    pub lives: SignInLives,
}

/// What a phone with a token of another issuer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignStep {
    /// It scans. Its sign-in begins here.
    Scan,
    /// It confirms or cancels what it has scanned.
    Decide,
}

/// A step of a phone with a token of another issuer.
#[derive(Clone, Copy, Debug)]
pub struct ForeignCall<'a> {
    /// The token.
    pub token: &'a PresentedToken,
    /// The login that the step is about, and whether the phone saw its QR on the screen.
    pub target: &'a Target,
    /// The step.
    pub step: ForeignStep,
    /// What we see of the phone.
    pub seen: &'a Seen,
}

/// Why such a phone is not taken.
#[derive(Clone, Debug, Error)]
pub enum ForeignError {
    /// There is no such session.
    #[error("no such session")]
    Unknown,
    /// The phone has only a copy of a QR that rotates.
    #[error("the phone has a copy of a QR that rotates")]
    Copy,
    /// No issuer that counts for the session's client has made the token.
    #[error(transparent)]
    NotProven(#[from] NotProven),
    /// The person has not scanned the code.
    #[error("this person has not scanned the code")]
    NotScanned,
    /// The sign-in is over, or the account may not be used.
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
    /// The store failed. Trying again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token that is proven, and the registration that proves it.
struct Proven {
    identity: ForeignIdentity,
    app: Client,
    claims: ForeignClaims,
}

impl ForeignPeople {
    /// The phone that presents a token of another issuer in a step of a login. The step itself checks the phone's sign-in and
    /// account again, as it does for every phone.
    ///
    /// The checks, in order: the session is there; an issuer that counts for its client made the token; the account may be
    /// used, and was not reset since the token was made; the sign-in was not ended. A phone with a copy of a QR that rotates
    /// begins no sign-in. With a tag that does not count it learns only that, unless it holds the claim, so the answer does not
    /// say whether there is such a session.
    ///
    /// # Errors
    /// [`ForeignError`].
    pub async fn approver(&self, call: ForeignCall<'_>, now: Timestamp) -> Result<Approver, ForeignError> {
        match self.find(call, now).await {
            Err(ForeignError::Store(error)) => Err(error.into()),
            Err(_) if call.target.sighting.is_copy() => Err(ForeignError::Copy),
            found => found,
        }
    }

    async fn find(&self, call: ForeignCall<'_>, now: Timestamp) -> Result<Approver, ForeignError> {
        let session = self.session(&call.target.code).await?.ok_or(ForeignError::Unknown)?;
        let Proven { identity, app, claims } = self.prove(&session, call.token, now).await?;
        let sign_in = identity.sign_in(&claims.sign_in).ok_or(NotProven::Invalid("its sid gives no id"))?;
        let identity = Identity::Foreign(identity);
        let copied = call.step == ForeignStep::Scan && !session.is_seen_by(&call.target.sighting);
        let scans = call.step == ForeignStep::Scan && !copied;
        let account = if scans {
            find_or_register(&*self.accounts, &*self.random, &identity, now).await?
        } else {
            let unknown = if copied { ForeignError::Copy } else { ForeignError::NotScanned };
            self.accounts.account_by(&identity).await?.ok_or(unknown)?
        };
        if account.status != AccountStatus::Active {
            return Err(NotSignedIn::Barred.into());
        }
        // A token from before the last credential change proves nothing, also for a sign-in that is new to us (K1).
        if claims.issued_at < account.credentials_at {
            return Err(NotSignedIn::Over.into());
        }
        let phone = Phone { account: account.id, sign_in };
        if copied && !session.is_held(&phone) {
            return Err(ForeignError::Copy);
        }
        if scans {
            let first = self.first(&phone, &app, &claims, call.seen, now);
            self.begin(first, &claims, now).await?;
        }
        Ok(Approver { phone, app: app.id, address: call.seen.ip })
    }

    async fn session(&self, code: &SessionCode) -> Result<Option<Session>, StoreError> {
        match self.sessions.find(code, Freshness::Eventual).await? {
            None => self.sessions.find(code, Freshness::Strong).await,
            found => Ok(found),
        }
    }

    /// Asks the registrations that count for the session's client, one after the other. A key set that cannot be had is the
    /// answer only where no other registration proves the token.
    async fn prove(
        &self,
        session: &Session,
        token: &PresentedToken,
        now: Timestamp,
    ) -> Result<Proven, ForeignError> {
        let mut why = NotProven::Invalid("no issuer and audience of the login's client or its apps");
        for app in self.candidates(session, token).await? {
            let Some(issuer) = &app.issuer else { continue };
            match self.tokens.verify(token, issuer, now).await {
                Ok(claims) => {
                    let identity = ForeignIdentity::of(&app, &issuer.issuer, claims.subject.clone());
                    return Ok(Proven { identity, app, claims });
                }
                Err(NotProven::Store(error)) => return Err(error.into()),
                Err(_) if matches!(why, NotProven::Unavailable(_)) => {}
                Err(error) => why = error,
            }
        }
        Err(why.into())
    }

    /// The session's client and the apps that it lists, if they are switched on and have registered the issuer and the
    /// audience that the token names.
    async fn candidates(&self, session: &Session, token: &PresentedToken) -> Result<Vec<Client>, StoreError> {
        let Some(client) = self.client(&session.client).await?.filter(|it| it.is_of(session.created_at))
        else {
            return Ok(Vec::new());
        };
        let fits = |app: &Client| app.issuer.as_ref().is_some_and(|issuer| token.may_be_of(issuer));
        let apps = client.apps.clone();
        let mut fitting: Vec<Client> = Some(client).filter(fits).into_iter().collect();
        for id in apps.iter().filter(|id| **id != session.client) {
            if fitting.len() < MOST_CANDIDATES {
                fitting.extend(self.client(id).await?.filter(fits));
            }
        }
        Ok(fitting)
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.built_ins.client(self.clients.client(id, Freshness::Eventual).await?))
    }

    /// The sign-in as it begins.
    fn first(
        &self,
        phone: &Phone,
        app: &Client,
        claims: &ForeignClaims,
        seen: &Seen,
        now: Timestamp,
    ) -> SignIn {
        let at = now.whole_secs();
        SignIn {
            id: phone.sign_in.clone(),
            account: phone.account,
            holder: Holder::Phone,
            client: app.id.clone(),
            method: Method::Foreign,
            seen: seen.clone(),
            version: 1,
            // It has no refresh tokens, so this family stays as it is.
            family: Family::begin(at, self.keys.current_key()),
            ended: false,
            proved_at: claims.proved_at.unwrap_or_default(),
            created_at: at,
            expires_at: self.end(at, claims, now),
        }
    }

    /// When the sign-in ends. It outlasts each of its tokens, so the store still knows that it was ended when a token comes
    /// again.
    fn end(&self, created_at: Timestamp, claims: &ForeignClaims, now: Timestamp) -> Timestamp {
        self.lives.end(created_at, now).max(claims.expires_at)
    }

    /// Stores the sign-in, or brings the stored one up to date. One that was ended stays ended.
    async fn begin(&self, first: SignIn, claims: &ForeignClaims, now: Timestamp) -> Result<(), ForeignError> {
        for _ in 0..MOST_RACES {
            let mut stored = match self.sign_ins.begin(&first).await? {
                Begun::Stored => {
                    self.note(&first).await;
                    return Ok(());
                }
                Begun::Before(stored) => stored,
            };
            // The call that stored the sign-in may have failed before it wrote the entry, and its caller repeats it soon. A
            // later scan writes nothing.
            if now < stored.created_at.plus(self.lives.retry) {
                self.note(&stored).await;
            }
            for _ in 0..MOST_RACES {
                if stored.ended {
                    return Err(NotSignedIn::Over.into());
                }
                let Some(next) = self.next(&stored, &first, claims, now) else { return Ok(()) };
                match self.sign_ins.replace(&next, &WriteId::random(&*self.random)).await? {
                    Replaced::Stored => return Ok(()),
                    Replaced::Behind(newer) => stored = newer,
                    Replaced::Gone => break,
                }
            }
        }
        Err(StoreError::new("lost more races than a phone scans codes").into())
    }

    /// Writes into the history that the phone signed in; once, however often it is called. The writer logs its failure.
    async fn note(&self, sign_in: &SignIn) {
        let _ = self.history.write(sign_in.account, &Entry::of_sign_in(sign_in)).await;
    }

    /// The next version of a stored sign-in: a later proof, a later end. `None` where nothing is worth a write. One that has
    /// run out begins anew.
    fn next(
        &self,
        stored: &SignIn,
        first: &SignIn,
        claims: &ForeignClaims,
        now: Timestamp,
    ) -> Option<SignIn> {
        if !stored.is_live(now) {
            return Some(SignIn { version: stored.version + 1, ..first.clone() });
        }
        let (proved_at, expires_at) =
            (first.proved_at.max(stored.proved_at), self.end(stored.created_at, claims, now));
        let ends_later = expires_at >= stored.expires_at.plus(WORTH_A_WRITE);
        let outlived = claims.expires_at > stored.expires_at;
        (proved_at > stored.proved_at || ends_later || outlived).then(|| SignIn {
            version: stored.version + 1,
            proved_at,
            expires_at: expires_at.max(stored.expires_at),
            ..stored.clone()
        })
    }
}
