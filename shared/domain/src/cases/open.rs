//! Open: a screen asks for a QR code.

use std::time::Duration;

use thiserror::Error;

use super::Logins;
use crate::{
    allowed::ClientRefusal,
    client::Client,
    identity::ClientId,
    opener::Opener,
    ports::{Created, Randomness, StoreError},
    secrets::{Secret, SessionCode},
    session::{Flow, MatchNumber, ScreenClaims, Seen, Session, State},
    time::Timestamp,
};

/// The input of a new session. It has no field for an id, a secret or a number, so a caller cannot choose one
/// (`docs/security.md` A3).
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The contract it speaks, with the data that this contract keeps.
    pub flow: Flow,
    /// The client whose login it is.
    pub client: &'a Client,
    /// What the screen says about itself.
    pub claims: ScreenClaims,
    /// What we saw of the screen.
    pub seen: Seen,
    /// What the screen proved, checked by the edge.
    pub opener: Option<Opener>,
    /// How long it lives.
    pub life: Duration,
}

/// A new session and the only copy of its screen's secret.
#[derive(Debug)]
pub struct Opened {
    /// The session as stored.
    pub session: Session,
    /// For the screen alone.
    pub secret: Secret,
}

/// Why no session was opened.
#[derive(Clone, Debug, Error)]
pub enum OpenError {
    /// The client refuses such a session.
    #[error("{why}")]
    NotAllowed {
        /// The client.
        client: ClientId,
        /// The reason.
        #[source]
        why: ClientRefusal,
    },
    /// Every drawn code was taken. 130 random bits do not collide, and 51 hardly ever do, so the generator is broken.
    #[error("no free code was drawn")]
    NoFreeCode,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Opening<'_> {
    /// A session with a fresh code, secret and match number, not stored yet.
    pub fn draw(self, random: &dyn Randomness, now: Timestamp) -> Opened {
        self.draw_under(|| (SessionCode::random(random), ()), random, now).0
    }

    /// The same, under a code that is drawn together with a shorter one.
    fn draw_under<Short>(
        self,
        code: impl Fn() -> (SessionCode, Short),
        random: &dyn Randomness,
        now: Timestamp,
    ) -> (Opened, Short) {
        let secret = Secret::random(random);
        let (code, short) = code();
        let now = now.whole_secs();
        let session = Session {
            code,
            version: 1,
            client: self.client.id.clone(),
            screen: secret.hash(),
            match_number: MatchNumber::random(random),
            match_policy: self.flow.match_policy(self.client.match_policy),
            claims: self.claims,
            seen: self.seen,
            opener: self.opener,
            flow: self.flow,
            created_at: now,
            updated_at: now,
            expires_at: now.plus(self.life),
            state: State::Pending,
        };
        (Opened { session, secret }, short)
    }
}

const MOST_DRAWS: usize = 3;

impl Logins {
    /// Opens a session under a fresh code, secret and match number.
    ///
    /// # Errors
    /// [`OpenError`]. The session may be stored all the same. It then expires unused, because its secret is lost.
    pub async fn open(&self, opening: Opening<'_>, now: Timestamp) -> Result<Opened, OpenError> {
        let draw = || (SessionCode::random(&*self.random), ());
        Ok(self.open_as(opening, draw, now).await?.0)
    }

    /// The same, under a code that follows from a shorter one. `draw` draws both; a pair whose session code is taken is
    /// drawn again.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_as<Short: Send>(
        &self,
        opening: Opening<'_>,
        draw: impl Fn() -> (SessionCode, Short) + Send + Sync,
        now: Timestamp,
    ) -> Result<(Opened, Short), OpenError> {
        self.may_open(opening.client, (&opening.flow, &opening.seen, opening.opener.as_ref()))?;
        let (Opened { mut session, secret }, mut short) = opening.draw_under(&draw, &*self.random, now);
        for _ in 0..MOST_DRAWS {
            if self.create(&session).await? == Created::Stored {
                return Ok((Opened { session, secret }, short));
            }
            (session.code, short) = draw();
        }
        Err(OpenError::NoFreeCode)
    }
}
