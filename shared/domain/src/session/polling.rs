//! How long a screen waits between two polls.

use std::time::Duration;

use crate::{
    session::{Session, Standing},
    time::Timestamp,
};

/// The wait while a person is most likely there: the code was just shown, or a phone has scanned it.
const SOON: u64 = 2;
/// The longest wait, for a code that has long been shown, and for one that is over.
const LATE: u64 = 5;
/// The waits of a code that no phone has scanned, in seconds: until it is this old, wait so long.
const WHILE_WAITING: [(u64, u64); 3] = [(20, SOON), (30, 3), (40, 4)];

impl Session {
    /// How long its screen should wait before it asks again, in whole seconds. Most people scan within seconds, so a
    /// screen asks often at first, then less often, and often again once a phone has scanned.
    ///
    /// Every state answer carries this as `pollAfter`. It is never shorter than the pace that the service allows, so a
    /// caller who follows it is never refused for asking too often (`docs/security.md` D7). A session that is over has
    /// nothing new to tell: its callers stop asking.
    #[must_use]
    pub fn poll_after(&self, now: Timestamp) -> Duration {
        let age = now.since(self.created_at).as_secs();
        let seconds = match self.standing(now) {
            Standing::Waiting => {
                WHILE_WAITING.iter().find(|(until, _)| age < *until).map_or(LATE, |(_, wait)| *wait)
            }
            Standing::Scanned | Standing::Confirmed => SOON,
            Standing::Redeemed | Standing::Cancelled(_) | Standing::Expired => LATE,
        };
        Duration::from_secs(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cases::Opening,
        client::Client,
        identity::{AccountId, ClientId, Phone, SignInId},
        ports::testing::Counting,
        secrets::TokenId,
        session::{CancelReason, Claim, Dialect, Flow, Redemption, ScreenClaims, Seen, State},
        text::CleanText,
    };

    const OPENED: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn session() -> Session {
        let client =
            Client::plain(ClientId::parse("site").unwrap(), CleanText::new("Site"), vec![Dialect::Web]);
        let opening = Opening {
            flow: Flow::web(None),
            client: &client,
            claims: ScreenClaims::default(),
            seen: Seen::default(),
            opener: None,
            life: Duration::from_mins(5),
        };
        opening.draw(&Counting::default(), OPENED).session
    }

    fn waits(state: &State, at: u64) -> u64 {
        let session = Session { state: state.clone(), ..session() };
        session.poll_after(OPENED.plus(Duration::from_secs(at))).as_secs()
    }

    #[test]
    fn a_screen_asks_less_and_less_often_until_a_phone_scans() {
        let by = Phone {
            account: AccountId::parse("3000876").unwrap(),
            sign_in: SignInId::parse("aaaa").unwrap(),
        };
        let claim = Claim { by, at: OPENED };
        let redemption = Redemption { id: TokenId::from_stored("token"), at: OPENED };
        let scanned = State::Scanned { claim: claim.clone() };
        let confirmed = State::Confirmed { claim: claim.clone(), at: OPENED };
        let cancelled = State::Cancelled { reason: CancelReason::Declined, claim: None };
        for (state, at, wait) in [
            (&State::Pending, 0, 2),
            (&State::Pending, 19, 2),
            (&State::Pending, 20, 3),
            (&State::Pending, 29, 3),
            (&State::Pending, 30, 4),
            (&State::Pending, 39, 4),
            (&State::Pending, 40, 5),
            (&State::Pending, 299, 5),
            (&State::Pending, 300, 5),
            (&scanned, 0, 2),
            (&scanned, 299, 2),
            (&scanned, 300, 5),
            (&confirmed, 299, 2),
            (&State::Redeemed { claim, redemption }, 10, 5),
            (&cancelled, 10, 5),
        ] {
            assert_eq!(waits(state, at), wait, "{} after {at} s", state.name());
        }
    }
}
