//! What a person lists and ends of what is theirs: sign-ins, logins, machines, pairs, and the account itself.

use std::{
    collections::{HashMap, hash_map},
    sync::Arc,
    time::Duration,
};

use crate::{
    account::{Account, AccountStatus},
    belongings::{Page, Turn},
    history::{Entry, EntryId, What},
    identity::{AccountId, ClientId, Phone, SignInId},
    ports::{
        Belongings, Checks, Leaving, Push, PushEndpoints, Randomness, SignIns, StoreError, Visits, WriteId,
    },
    session::LoginPolicy,
    sign_in::{HolderKind, SignIn},
    text::CleanText,
    time::Timestamp,
};

/// What belongs to a person, over its ports.
#[derive(Clone)]
pub struct Mine {
    /// The lists.
    pub belongings: Arc<dyn Belongings>,
    /// Deletes accounts.
    pub leaving: Arc<dyn Leaving>,
    /// The sign-ins.
    pub sign_ins: Arc<dyn SignIns>,
    /// The phones and their people.
    pub checks: Arc<dyn Checks>,
    /// The phones that are pushed to.
    pub endpoints: Arc<dyn PushEndpoints>,
    /// The push service, which forgets phones too. `None` where it keeps no addresses.
    pub push: Option<Arc<dyn Push>>,
    /// The logins counted at the shop.
    pub visits: Arc<dyn Visits>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
}

/// A list of which a person may end all rows.
#[derive(Clone, Debug)]
pub enum List {
    /// The sign-ins, all but this one.
    SignInsBut(SignInId),
    /// The logins.
    Logins,
    /// The machines.
    Machines,
    /// The pairs.
    Pairs,
}

/// One row of a list.
#[derive(Clone, Debug)]
pub enum Row {
    /// A sign-in.
    SignIn(SignInId),
    /// A login.
    Login(EntryId),
    /// A machine.
    Machine(CleanText<64>),
    /// A pair.
    Pair(ClientId, LoginPolicy),
}

/// The result of ending all rows of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// How many rows this call ended.
    pub count: usize,
    /// Whether rows are left. The caller repeats the call.
    pub more: bool,
}

/// The rows that one call ends at the most, so that its time is bounded.
const MOST_AT_ONCE: usize = 100;
/// The records of a deleted account that one call removes at the most.
const MOST_REMOVED: usize = 500;
/// The rows of one read when all rows are looked through.
const ROWS: u16 = 500;
/// How long the number of a deleted account stays marked as deleted, so that no other person is given it while a
/// client may still remember it.
pub const MARK_KEPT: Duration = Duration::from_hours(400 * 24);

impl Mine {
    /// A page of the phones' and browsers' sign-ins that are not over. Those of screens are listed as logins. A browser's is
    /// over when that of the phone that approved it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sign_ins(&self, turn: &Turn, now: Timestamp) -> Result<Page<SignIn>, StoreError> {
        let mut page = self.belongings.sign_ins(turn).await?;
        page.rows.retain(|sign_in| sign_in.holder.kind() != HolderKind::Screen && sign_in.is_live(now));
        let mut live = HashMap::new();
        for approver in page.rows.iter().filter_map(SignIn::approver) {
            if let hash_map::Entry::Vacant(unknown) = live.entry(approver.sign_in.clone()) {
                unknown.insert(self.checks.phone(&approver).await?.stands(now).is_ok());
            }
        }
        let counts = |phone: &SignInId| live.get(phone).copied().unwrap_or_default();
        page.rows.retain(|sign_in| sign_in.holder.rests_on().is_none_or(counts));
        Ok(page)
    }

    /// A page of the logins that their person has not ended, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn logins(&self, turn: &Turn) -> Result<Page<Entry>, StoreError> {
        let mut page = self.belongings.history(turn).await?;
        page.rows.retain(|entry| matches!(&entry.what, What::Login(login) if login.ended_at.is_none()));
        Ok(page)
    }

    /// Ends one row of an account. `false` when the account has no such row.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end(&self, account: AccountId, row: &Row, now: Timestamp) -> Result<bool, StoreError> {
        match row {
            Row::SignIn(id) => {
                let phone = Phone { account, sign_in: id.clone() };
                let found = self.checks.phone(&phone).await?.sign_in;
                if found.as_ref().is_some_and(|sign_in| sign_in.is_live(now)) {
                    self.sign_ins.end(&phone).await?;
                }
                Ok(found.is_some())
            }
            Row::Login(id) => {
                let found = self.belongings.end_login(account, id, now).await?;
                if found {
                    let screen = Phone { account, sign_in: SignInId::of_login(id) };
                    self.sign_ins.end(&screen).await?;
                }
                Ok(found)
            }
            Row::Machine(mac) => self.belongings.forget_machine(account, mac, now).await,
            Row::Pair(client, policy) => self.belongings.forget_pair(account, client, *policy, now).await,
        }
    }

    /// Ends the rows of a list, [`MOST_AT_ONCE`] in one call. The next call does not see the rows that are ended, so
    /// repeating the call comes to an end.
    ///
    /// # Errors
    /// [`StoreError`]; the rows before it are ended.
    pub async fn end_all(
        &self,
        account: AccountId,
        list: &List,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        let mut turn = Turn::first(account, ROWS);
        let mut count = 0;
        loop {
            let page = self.rows(list, &turn, now).await?;
            for row in &page.rows {
                if count == MOST_AT_ONCE {
                    return Ok(Removed { count, more: true });
                }
                self.end(account, row, now).await?;
                count += 1;
            }
            match page.next {
                None => return Ok(Removed { count, more: false }),
                next => turn.after = next,
            }
        }
    }

    /// The rows of a list that can be ended.
    async fn rows(&self, list: &List, turn: &Turn, now: Timestamp) -> Result<Page<Row>, StoreError> {
        Ok(match list {
            List::SignInsBut(this) => {
                let page = self.sign_ins(turn, now).await?;
                page.only(|sign_in| (sign_in.id != *this).then_some(Row::SignIn(sign_in.id)))
            }
            List::Logins => self.logins(turn).await?.only(|entry| Some(Row::Login(entry.id))),
            List::Machines => {
                self.belongings.machines(turn).await?.only(|machine| Some(Row::Machine(machine.mac)))
            }
            List::Pairs => {
                self.belongings.pairs(turn).await?.only(|pair| Some(Row::Pair(pair.client, pair.policy)))
            }
        })
    }

    /// Deletes an account as [`Mine::leave`] does, or goes on where an earlier call has begun. The caller repeats it
    /// until it gives `true`.
    ///
    /// # Errors
    /// [`StoreError`]; repeating the call is safe.
    pub async fn delete(&self, account: &Account, now: Timestamp) -> Result<bool, StoreError> {
        if account.status == AccountStatus::Deleted {
            self.go_on(account.id).await
        } else {
            self.leave(account, now).await
        }
    }

    /// Deletes an account. It is refused everywhere as soon as this has begun. Then its records go, [`MOST_REMOVED`]
    /// in one call. `true` when nothing is left but the mark; otherwise the caller goes on with [`Mine::go_on`].
    ///
    /// # Errors
    /// [`StoreError`]; going on is safe.
    pub async fn leave(&self, account: &Account, now: Timestamp) -> Result<bool, StoreError> {
        let write = WriteId::random(&*self.random);
        self.leaving.mark_deleted(account, now.plus(MARK_KEPT), &write).await?;
        self.go_on(account.id).await
    }

    /// Goes on with removing the records of an account that was deleted.
    ///
    /// # Errors
    /// [`StoreError`]; going on is safe.
    pub async fn go_on(&self, account: AccountId) -> Result<bool, StoreError> {
        if !self.leaving.remove(account, MOST_REMOVED).await? {
            return Ok(false);
        }
        // The push service forgets an address before we do, so a failure in between leaves the address to be found.
        for endpoint in self.endpoints.endpoints(account).await? {
            if let Some(push) = &self.push {
                push.forget(&endpoint.address).await?;
            }
            self.endpoints.forget(&endpoint).await?;
        }
        Ok(true)
    }
}
