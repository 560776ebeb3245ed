//! What happened to the accounts. Entries sort by time under their account.

use async_trait::async_trait;
use saoma_domain::{
    history::{Act, Entry, EntryId, Kind, Login, NewPhone, What},
    identity::{AccountId, ClientId, SignInId},
    ports::{Freshness, HistoryWriter, StoreError},
    push::PushPlatform,
    session::{Dialect, ScreenClaims, Seen},
    text::CleanText,
};

use super::{Directory, EXPIRES_AT, Key, SK, item_of};
use crate::item::{Item, Reader, seconds, text};

pub(super) const KIND: &str = "kind";
pub(super) const ENDED_AT: &str = "ended_at";

pub(super) fn partition_of(account: AccountId) -> String {
    format!("HISTORY#{account}")
}

pub(super) fn entry_key(account: AccountId, id: &EntryId) -> Key {
    Key(partition_of(account), id.as_str().to_owned())
}

#[async_trait]
impl HistoryWriter for Directory {
    async fn write(&self, account: AccountId, entry: &Entry) -> Result<(), StoreError> {
        // The key is of this entry alone, so what is there is this entry, written before.
        self.put_new(to_item(account, entry)).await?;
        Ok(())
    }

    async fn entry(&self, account: AccountId, id: &EntryId) -> Result<Option<Entry>, StoreError> {
        let item = self.get(&entry_key(account, id), Freshness::Strong).await?;
        item.as_ref().map(from_item).transpose()
    }
}

pub(super) fn to_item(account: AccountId, entry: &Entry) -> Item {
    let kind = text(entry.what.kind().as_str());
    let mut item =
        item_of(&entry_key(account, &entry.id), [(KIND, kind), (EXPIRES_AT, seconds(entry.forget_at()))]);
    match &entry.what {
        What::Login(login) => {
            let named = [
                ("client", Some(login.client.as_str())),
                ("dialect", Some(login.dialect.as_str())),
                ("approved_by", Some(login.approved_by.as_str())),
                ("device_name", login.claims.device_name.as_ref().map(CleanText::as_str)),
                ("device_mac", login.claims.device_mac.as_ref().map(CleanText::as_str)),
            ];
            put_texts(&mut item, named);
            put_seen(&mut item, &login.seen);
            item.extend(login.ended_at.map(|at| (ENDED_AT.to_owned(), seconds(at))));
        }
        What::SignedIn(phone) => {
            let named = [("sign_in", Some(phone.sign_in.as_str())), ("client", Some(phone.app.as_str()))];
            put_texts(&mut item, named);
            put_seen(&mut item, &phone.seen);
        }
        What::PushTaken { platform } => put_texts(&mut item, [("platform", Some(platform.as_str()))]),
        What::ByOperator(_) => {} // the kind says all
    }
    item
}

/// Reads an entry.
pub(super) fn from_item(item: &Item) -> Result<Entry, StoreError> {
    let item = Reader(item);
    let what = match item.parsed(KIND, Kind::parse)? {
        Kind::Login => What::Login(Login {
            client: item.parsed("client", ClientId::parse)?,
            dialect: item.parsed("dialect", Dialect::parse)?,
            claims: ScreenClaims {
                device_name: item.optional("device_name", CleanText::non_empty)?,
                device_mac: item.optional("device_mac", CleanText::non_empty)?,
            },
            seen: read_seen(item)?,
            approved_by: item.parsed("approved_by", SignInId::parse)?,
            ended_at: item.optional_seconds(ENDED_AT)?,
        }),
        Kind::SignedIn => What::SignedIn(NewPhone {
            sign_in: item.parsed("sign_in", SignInId::parse)?,
            app: item.parsed("client", ClientId::parse)?,
            seen: read_seen(item)?,
        }),
        Kind::PushTaken => What::PushTaken { platform: item.parsed("platform", PushPlatform::parse)? },
        Kind::Locked => What::ByOperator(Act::Locked),
        Kind::Unlocked => What::ByOperator(Act::Unlocked),
        Kind::SignInsEnded => What::ByOperator(Act::EndedSignIns),
    };
    Ok(Entry { id: item.parsed(SK, EntryId::parse)?, what })
}

fn put_texts<const N: usize>(item: &mut Item, named: [(&str, Option<&str>); N]) {
    item.extend(named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value?)))));
}

/// Puts what we saw of a screen or a phone into an item.
pub(super) fn put_seen(item: &mut Item, seen: &Seen) {
    let ip = seen.ip.map(|ip| ip.to_string());
    put_texts(item, [("ip", ip.as_deref()), ("browser", seen.browser.as_ref().map(CleanText::as_str))]);
}

/// Reads what we saw of a screen or a phone.
pub(super) fn read_seen(item: Reader<'_>) -> Result<Seen, StoreError> {
    Ok(Seen {
        ip: item.optional("ip", |ip| ip.parse().ok())?,
        browser: item.optional("browser", CleanText::non_empty)?,
    })
}
