//! The sign-ins of the people, each under its account.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::{AccountId, ClientId, Phone, SignInId},
    oauth::{KeyThumbprint, Scopes},
    ports::{Begun, KeyName, Replaced, SignIns, StoreError, WriteId},
    refresh::Family,
    sign_in::{Holder, HolderKind, Method, SignIn},
};

use super::{
    Directory, EXPIRES_AT, Key, PK, SK,
    history::{put_seen, read_seen},
    item_of,
    known_devices::known_key,
    writes::{Written, deleting, updating},
};
use crate::item::{Item, Reader, number, seconds, text};
use crate::session_item::{opener_attributes, read_opener};

/// The partition of an account's sign-ins.
pub(super) fn partition_of(account: AccountId) -> String {
    format!("SIGNIN#{account}")
}

/// The key of a phone's sign-in.
pub(crate) fn key_of(phone: &Phone) -> Key {
    Key(partition_of(phone.account), phone.sign_in.as_str().to_owned())
}

#[async_trait]
impl SignIns for Directory {
    async fn begin(&self, sign_in: &SignIn) -> Result<Begun, StoreError> {
        // The id is drawn for this sign-in alone, so an item under this key is this sign-in, as it is by now.
        match self.put_new(to_item(sign_in)).await? {
            None => Ok(Begun::Stored),
            Some(item) => from_item(&item).map(Begun::Before),
        }
    }

    async fn replace(&self, next: &SignIn, write: &WriteId) -> Result<Replaced, StoreError> {
        let before = number(next.version - 1);
        let written = self
            .put_as(to_item(next), write, |put| {
                put.condition_expression("#version = :before")
                    .expression_attribute_names("#version", "version")
                    .expression_attribute_values(":before", before)
            })
            .await?;
        match written {
            Written::Stored => Ok(Replaced::Stored),
            Written::Refused(None) => Ok(Replaced::Gone),
            Written::Refused(Some(item)) => from_item(&item).map(Replaced::Behind),
        }
    }

    async fn end(&self, phone: &Phone) -> Result<(), StoreError> {
        let update = self
            .update_of(key_of(phone))
            .update_expression("SET ended = :yes ADD #version :one")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":one", number(1));
        let forget = deleting(self.delete_of(known_key(phone)))?;
        let refused = self.transact_patiently(vec![updating(update)?, forget.clone()]).await?;
        if refused.is_some() {
            // There is no such sign-in, or none any more.
            self.transact_patiently(vec![forget]).await?;
        }
        Ok(())
    }
}

fn to_item(sign_in: &SignIn) -> Item {
    let family = &sign_in.family;
    let mut item = item_of(
        &key_of(&sign_in.phone()),
        [
            ("holder", text(sign_in.holder.kind().as_str())),
            ("client", text(sign_in.client.as_str())),
            ("method", text(sign_in.method.as_str())),
            ("version", number(sign_in.version)),
            ("generation", number(family.generation)),
            ("rotated_at", seconds(family.rotated_at)),
            ("replayed", AttributeValue::Bool(family.replayed)),
            ("replayed_running", number(family.replayed_running)),
            ("proof_key", text(family.key.as_str())),
            ("ended", AttributeValue::Bool(sign_in.ended)),
            ("proved_at", seconds(sign_in.proved_at)),
            ("created_at", seconds(sign_in.created_at)),
            (EXPIRES_AT, seconds(sign_in.expires_at)),
        ],
    );
    match &sign_in.holder {
        Holder::Phone => {}
        Holder::Screen { scopes, key, opener } => {
            let proved = opener_attributes(opener.as_ref()).into_iter();
            item.extend(proved.map(|(name, value)| (name.to_owned(), value)));
            item.insert("scope".to_owned(), text(scopes.to_string()));
            item.extend(key.as_ref().map(|key| ("jkt".to_owned(), text(key.as_str()))));
        }
        Holder::Browser { approved_by, direct, matched } => {
            item.insert("approved_by".to_owned(), text(approved_by.as_str()));
            item.insert("direct".to_owned(), AttributeValue::Bool(*direct));
            item.insert("matched".to_owned(), AttributeValue::Bool(*matched));
        }
    }
    put_seen(&mut item, &sign_in.seen);
    item
}

/// Reads a sign-in.
pub(crate) fn from_item(item: &Item) -> Result<SignIn, StoreError> {
    let item = Reader(item);
    Ok(SignIn {
        id: item.parsed(SK, SignInId::parse)?,
        account: item.parsed(PK, |pk| AccountId::parse(pk.strip_prefix("SIGNIN#")?))?,
        holder: match item.parsed("holder", HolderKind::parse)? {
            HolderKind::Phone => Holder::Phone,
            HolderKind::Screen => Holder::Screen {
                scopes: Scopes::parse(item.text("scope")?),
                key: item.optional("jkt", KeyThumbprint::parse)?,
                opener: read_opener(item)?,
            },
            HolderKind::Browser => Holder::Browser {
                approved_by: item.parsed("approved_by", SignInId::parse)?,
                direct: item.flag("direct")?,
                matched: item.flag("matched")?,
            },
        },
        client: item.parsed("client", ClientId::parse)?,
        method: item.parsed("method", Method::parse)?,
        seen: read_seen(item)?,
        version: item.number("version")?,
        family: Family {
            generation: item.number("generation")?,
            rotated_at: item.seconds("rotated_at")?,
            replayed: item.flag("replayed")?,
            replayed_running: item.number("replayed_running")?,
            key: item.parsed("proof_key", KeyName::parse)?,
        },
        ended: item.flag("ended")?,
        // A sign-in of an earlier version of the service was proved when it began.
        proved_at: match item.optional_seconds("proved_at")? {
            Some(at) => at,
            None => item.seconds("created_at")?,
        },
        created_at: item.seconds("created_at")?,
        expires_at: item.seconds(EXPIRES_AT)?,
    })
}
