//! What a person may download of what we keep about them (`docs/people.md` says what is left out).

use std::pin::Pin;

use super::Mine;
use crate::{
    account::VisitCount,
    belongings::{Machine, Page, Pair, Turn},
    history::Entry,
    identity::AccountId,
    ports::{Belongings, StoreError},
    push::PushEndpoint,
    sign_in::SignIn,
};

/// What an export holds, besides the account itself.
#[derive(Clone, Debug)]
pub struct Everything {
    /// The sign-ins, also those that are over and still stored.
    pub sign_ins: Vec<SignIn>,
    /// The history, newest first.
    pub history: Vec<Entry>,
    /// The machines.
    pub machines: Vec<Machine>,
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// The phones that are pushed to.
    pub endpoints: Vec<PushEndpoint>,
    /// The logins counted at the shop.
    pub visits: VisitCount,
    /// Whether a list was longer than [`MOST_EXPORTED`], and ends there.
    pub is_cut: bool,
}

/// The rows of one list that an export has at the most. It keeps the answer under Lambda's 6 MB.
pub const MOST_EXPORTED: usize = 3000;
/// The rows of one read.
const ROWS: u16 = 500;

type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<Page<T>, StoreError>> + Send + 'a>>;

impl Mine {
    /// Reads what an export of a person holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn everything(&self, account: AccountId) -> Result<Everything, StoreError> {
        let (sign_ins, more_sign_ins) = self.whole(account, |all, turn| all.sign_ins(turn)).await?;
        let (history, more_history) = self.whole(account, |all, turn| all.history(turn)).await?;
        let (machines, more_machines) = self.whole(account, |all, turn| all.machines(turn)).await?;
        let (pairs, more_pairs) = self.whole(account, |all, turn| all.pairs(turn)).await?;
        Ok(Everything {
            sign_ins,
            history,
            machines,
            pairs,
            endpoints: self.endpoints.endpoints(account).await?,
            visits: self.visits.visits(account).await?,
            is_cut: more_sign_ins || more_history || more_machines || more_pairs,
        })
    }

    /// A list from its beginning, and whether it goes on after [`MOST_EXPORTED`] rows.
    async fn whole<T>(
        &self,
        account: AccountId,
        read: impl for<'a> Fn(&'a dyn Belongings, &'a Turn) -> Reading<'a, T>,
    ) -> Result<(Vec<T>, bool), StoreError> {
        let (mut rows, mut turn) = (Vec::new(), Turn::first(account, ROWS));
        while rows.len() < MOST_EXPORTED {
            let page = read(&*self.belongings, &turn).await?;
            rows.extend(page.rows);
            match page.next {
                None => return Ok((rows, false)),
                next => turn.after = next,
            }
        }
        Ok((rows, true))
    }
}
