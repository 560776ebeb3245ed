//! What an account has, listed page by page, and ended.

use async_trait::async_trait;
use saoma_domain::{
    belongings::{Machine, Page, Pair, Place, Turn},
    history::{Entry, EntryId, What},
    identity::{AccountId, ClientId},
    ports::{Belongings, HistoryWriter, StoreError},
    session::LoginPolicy,
    sign_in::SignIn,
    text::CleanText,
    time::Timestamp,
};

use super::{Memory, devices::pair_key};

#[async_trait]
impl HistoryWriter for Memory {
    async fn write(&self, account: AccountId, entry: &Entry) -> Result<(), StoreError> {
        self.call(|data| {
            let key = (account.to_string(), entry.id.clone());
            data.history.entry(key).or_insert_with(|| entry.clone());
        })
    }

    async fn entry(&self, account: AccountId, id: &EntryId) -> Result<Option<Entry>, StoreError> {
        self.call(|data| data.history.get(&(account.to_string(), id.clone())).cloned())
    }
}

#[async_trait]
impl Belongings for Memory {
    async fn sign_ins(&self, turn: &Turn) -> Result<Page<SignIn>, StoreError> {
        self.call(|data| {
            let all = data.sign_ins.iter();
            page(turn, all.map(|((account, id), (sign_in, _))| (account, id.as_str(), sign_in)))
        })
    }

    async fn history(&self, turn: &Turn) -> Result<Page<Entry>, StoreError> {
        self.call(|data| {
            let all = data.history.iter().rev();
            newest_first(turn, all.map(|((account, id), entry)| (account, id.as_str(), entry)))
        })
    }

    async fn machines(&self, turn: &Turn) -> Result<Page<Machine>, StoreError> {
        self.call(|data| {
            let all = data.machines.iter().filter(|(_, bound)| !bound.is_forgotten());
            page(turn, all.map(|((account, mac), bound)| (account, mac.as_str(), &bound.machine)))
        })
    }

    async fn pairs(&self, turn: &Turn) -> Result<Page<Pair>, StoreError> {
        self.call(|data| {
            let all = data.pairs.iter().filter(|(_, paired)| !paired.forgotten);
            page(turn, all.map(|((account, key), paired)| (account, key.as_str(), &paired.pair)))
        })
    }

    async fn end_login(&self, account: AccountId, id: &EntryId, at: Timestamp) -> Result<bool, StoreError> {
        self.call(|data| match data.history.get_mut(&(account.to_string(), id.clone())) {
            Some(Entry { what: What::Login(login), .. }) => {
                login.ended_at.get_or_insert(at.whole_secs());
                true
            }
            _ => false,
        })
    }

    async fn forget_machine(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call(|data| {
            let bound = data.machines.get_mut(&(account.to_string(), mac.as_str().to_owned()));
            bound.map(|bound| bound.forgotten_at = Some(now.whole_secs())).is_some()
        })
    }

    async fn forget_pair(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call(|data| {
            let paired = data.pairs.get_mut(&pair_key(account, client, policy));
            paired.map(|paired| paired.forgotten = true).is_some()
        })
    }
}

/// A page of the rows of one account: account, place and row, sorted by place.
fn page<'a, T: Clone + 'a>(turn: &Turn, all: impl Iterator<Item = (&'a String, &'a str, &'a T)>) -> Page<T> {
    cut(turn, all, |place, after| place > after)
}

/// The same, for rows that are sorted the other way round.
fn newest_first<'a, T: Clone + 'a>(
    turn: &Turn,
    all: impl Iterator<Item = (&'a String, &'a str, &'a T)>,
) -> Page<T> {
    cut(turn, all, |place, after| place < after)
}

fn cut<'a, T: Clone + 'a>(
    turn: &Turn,
    all: impl Iterator<Item = (&'a String, &'a str, &'a T)>,
    comes_after: impl Fn(&str, &str) -> bool,
) -> Page<T> {
    let account = turn.account.to_string();
    let mut theirs = all
        .filter(|(of, ..)| **of == account)
        .filter(|(_, place, _)| turn.after.as_ref().is_none_or(|after| comes_after(place, after.as_str())));
    let rows: Vec<_> = theirs.by_ref().take(turn.most.into()).collect();
    let more = theirs.next().is_some();
    let next = rows.last().filter(|_| more).and_then(|(_, place, _)| Place::parse(place));
    Page { rows: rows.into_iter().map(|(_, _, row)| row.clone()).collect(), next }
}
