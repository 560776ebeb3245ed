//! Registered clients, and what operators change of them.
//!
//! A client is three kinds of rows that change together: its item, its line in the list of all clients, and a row for
//! each of its origins. A row of an origin names the clients that have it, so it is found without knowing them.
//!
//! The item of a removed client says for a day when it was removed, and nothing else.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use saoma_domain::{
    client::{Client, Logo, Lookup, Origin, Previous, Registration, ReturnUrl, WebhookUrl},
    identity::ClientId,
    issuer::{Audience, Issuer, KeySetUrl, TokenAlgorithm, TokenIssuer},
    oauth::{ClientAuth, GrantType, OauthClient, Pkce, RedirectUri, RegisteredKeys},
    opener::{EnrolledMachine, MachineName},
    ports::{Clients, Freshness, Kept, Registry, StoreError, WriteId},
    secrets::SecretHash,
    session::{Dialect, MatchPolicy},
    text::CleanText,
    time::Timestamp,
};

use super::{
    Directory, EXPIRES_AT, Key, PK, SK,
    enrolled::machine_key,
    item_of,
    writes::{WRITE_ID, is_of, putting, updating},
};
use crate::item::{Item, Reader, bytes, inconsistent, number, seconds, text};

/// The partition with a line for each client. The line of a removed client keeps the id of the write that removed it.
const ALL: &str = "CLIENTS";
/// When a client was removed. Only the item of a removed client has it.
const REMOVED_AT: &str = "removed_at";
/// How long the item of a removed client stays: longer than any session lives.
const REMOVED_KEPT: Duration = Duration::from_hours(24);

pub(crate) fn client_key(id: &ClientId) -> Key {
    Key(format!("CLIENT#{id}"), "CLIENT".into())
}

fn line_key(id: &ClientId) -> Key {
    Key(ALL.into(), id.as_str().into())
}

fn origin_key(origin: &Origin) -> Key {
    Key(format!("ORIGIN#{}", origin.as_str()), "ORIGIN".into())
}

#[async_trait]
impl Clients for Directory {
    async fn client(&self, id: &ClientId, freshness: Freshness) -> Result<Lookup, StoreError> {
        let item = self.get(&client_key(id), freshness).await?;
        item.map_or_else(|| Ok(Lookup::unregistered(id, None)), |item| looked_up(id, &item))
    }

    async fn machine(
        &self,
        client: &ClientId,
        name: &MachineName,
    ) -> Result<Option<EnrolledMachine>, StoreError> {
        self.enrolled(client, name).await
    }

    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError> {
        let row = self.get(&origin_key(origin), Freshness::Eventual).await?;
        // The set of clients goes when its last member goes.
        Ok(row.is_some_and(|row| row.contains_key("clients")))
    }
}

#[async_trait]
impl Registry for Directory {
    async fn registered(&self, id: &ClientId) -> Result<Option<(Client, WriteId)>, StoreError> {
        let Some(item) = self.get(&client_key(id), Freshness::Strong).await? else { return Ok(None) };
        let write = WriteId::from_stored(Reader(&item).optional_text(WRITE_ID)?.unwrap_or_default());
        Ok(looked_up(id, &item)?.registered().map(|client| (client, write)))
    }

    async fn all(&self) -> Result<Vec<ClientId>, StoreError> {
        let lines = self.partition(ALL.into()).await?;
        let present = lines.iter().filter(|line| !line.contains_key("removed"));
        present.map(|line| Reader(line).parsed(SK, ClientId::parse)).collect()
    }

    async fn keep(
        &self,
        before: Option<&Client>,
        next: &Client,
        write: &WriteId,
    ) -> Result<Kept, StoreError> {
        let mut item = to_item(next);
        item.insert(WRITE_ID.to_owned(), text(write.as_str()));
        let put = match before {
            None => self
                .put_of(item)
                .condition_expression("attribute_not_exists(pk) OR attribute_exists(#removed_at)")
                .expression_attribute_names("#removed_at", REMOVED_AT),
            Some(before) => self
                .put_of(item)
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", number(before.version)),
        };
        let line = self.put_of(item_of(&line_key(&next.id), []));
        let mut writes = vec![putting(put)?, putting(line)?];
        writes.extend(self.origins_of(&next.id, before.map(|it| &it.origins[..]), &next.origins)?);
        self.kept(writes, write).await
    }

    async fn remove(&self, client: &Client, write: &WriteId, now: Timestamp) -> Result<Kept, StoreError> {
        let until = now.plus(REMOVED_KEPT);
        let mark = [(REMOVED_AT, seconds(now)), (EXPIRES_AT, seconds(until))];
        let gone = self
            .put_of(item_of(&client_key(&client.id), mark))
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", number(client.version));
        let removed = [("removed", AttributeValue::Bool(true)), (WRITE_ID, text(write.as_str()))];
        let line = self.put_of(item_of(&line_key(&client.id), removed));
        let mut writes = vec![putting(gone)?, putting(line)?];
        writes.extend(self.origins_of(&client.id, Some(&client.origins), &[])?);
        match self.kept(writes, write).await? {
            Kept::Behind if self.was_removed(&client.id, write).await? => Ok(Kept::Stored),
            kept => Ok(kept),
        }
    }

    async fn machines(&self, client: &ClientId) -> Result<Vec<EnrolledMachine>, StoreError> {
        self.all_enrolled(client).await
    }

    async fn enroll(
        &self,
        machine: &EnrolledMachine,
        write: &WriteId,
    ) -> Result<Option<EnrolledMachine>, StoreError> {
        self.put_enrolled(machine, write).await
    }

    async fn unenroll(
        &self,
        client: &ClientId,
        name: &MachineName,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.forget_remembered(machine_key(client, name), now).await
    }

    async fn was_removed(&self, id: &ClientId, write: &WriteId) -> Result<bool, StoreError> {
        let line = self.get(&line_key(id), Freshness::Strong).await?;
        Ok(line.is_some_and(|line| line.contains_key("removed") && is_of(&line, write)))
    }
}

impl Directory {
    async fn kept(&self, writes: Vec<TransactWriteItem>, write: &WriteId) -> Result<Kept, StoreError> {
        let stored = self.all_or_nothing_as(writes, write).await?;
        Ok(if stored { Kept::Stored } else { Kept::Behind })
    }

    /// The rows of the origins that a client gets and loses.
    fn origins_of(
        &self,
        id: &ClientId,
        before: Option<&[Origin]>,
        next: &[Origin],
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let before = before.unwrap_or_default();
        let gained = next.iter().filter(|it| !before.contains(it)).map(|it| (it, "ADD clients :client"));
        let lost = before.iter().filter(|it| !next.contains(it)).map(|it| (it, "DELETE clients :client"));
        let row = |(origin, change): (&Origin, &str)| {
            let Key(pk, sk) = origin_key(origin);
            let update = Update::builder().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk));
            updating(
                update
                    .update_expression(change)
                    .expression_attribute_values(":client", AttributeValue::Ss(vec![id.to_string()])),
            )
        };
        gained.chain(lost).map(row).collect()
    }
}

fn to_item(client: &Client) -> Item {
    let texts = |values: Vec<String>| AttributeValue::L(values.into_iter().map(text).collect());
    let mut item = item_of(
        &client_key(&client.id),
        [
            ("name", text(client.name.as_str())),
            ("dialects", texts(client.dialects.iter().map(|it| it.as_str().to_owned()).collect())),
            ("match_policy", text(client.match_policy.as_str())),
            ("origins", texts(client.origins.iter().map(|it| it.as_str().to_owned()).collect())),
            ("apps", texts(client.apps.iter().map(ToString::to_string).collect())),
            ("networks", texts(client.networks.iter().map(ToString::to_string).collect())),
            (
                "redirect_uris",
                texts(client.oauth.redirect_uris.iter().map(|it| it.as_str().to_owned()).collect()),
            ),
            (
                "logout_uris",
                texts(client.oauth.logout_uris.iter().map(|it| it.as_str().to_owned()).collect()),
            ),
            ("grants", texts(client.oauth.grants.iter().map(|it| it.as_str().to_owned()).collect())),
            ("auth", text(client.oauth.auth.as_str())),
            ("pushes", AttributeValue::Bool(client.oauth.pushes)),
            ("pkce", text(client.oauth.pkce.as_str())),
            ("signed", text(client.oauth.signed.as_str())),
            ("strict", AttributeValue::Bool(client.strict)),
            ("rotates", AttributeValue::Bool(client.rotates)),
            ("disabled", AttributeValue::Bool(!client.enabled)),
            ("registration", text(client.registration.as_str())),
            ("registered_at", seconds(client.registered_at)),
            ("version", number(client.version)),
        ],
    );
    let mut insert = |name: &str, value: Option<AttributeValue>| {
        item.extend(value.map(|value| (name.to_owned(), value)));
    };
    let issuer = client.issuer.as_ref();
    insert("issuer", issuer.map(|it| text(it.issuer.as_str())));
    insert("issuer_audience", issuer.map(|it| text(it.audience.as_str())));
    insert("issuer_keys", issuer.map(|it| text(it.keys.url().as_str())));
    insert("issuer_algorithm", issuer.map(|it| text(it.algorithm.as_str())));
    insert("logo", client.logo.as_ref().map(|it| bytes(it.as_png())));
    insert("keys", client.oauth.keys.as_ref().map(|it| text(it.as_str())));
    insert("max_age", client.max_age.map(|it| number(it.as_secs())));
    insert("return_url", client.return_url.as_ref().map(|it| text(it.as_str())));
    insert("webhook", client.webhook.as_ref().map(|it| text(it.url().as_str())));
    insert("secret", client.secret.map(|it| bytes(it.as_bytes())));
    let previous = client.previous.as_ref();
    insert("previous_until", previous.map(|it| seconds(it.until)));
    insert("previous_registration", previous.map(|it| text(it.registration.as_str())));
    insert("previous_secret", previous.and_then(|it| it.secret).map(|it| bytes(it.as_bytes())));
    item
}

/// What the item of a client says: the client, or when it was removed.
pub(crate) fn looked_up(id: &ClientId, item: &Item) -> Result<Lookup, StoreError> {
    match Reader(item).optional_seconds(REMOVED_AT)? {
        Some(at) => Ok(Lookup::unregistered(id, Some(at))),
        None => read(id, item).map(|client| Lookup::of(id, Some(client))),
    }
}

fn read(id: &ClientId, item: &Item) -> Result<Client, StoreError> {
    let item = Reader(item);
    Ok(Client {
        id: id.clone(),
        name: item.parsed("name", CleanText::non_empty)?,
        logo: item.optional_bytes("logo", Logo::from_png)?,
        dialects: all_of(item, "dialects", Dialect::parse)?,
        match_policy: item.parsed("match_policy", MatchPolicy::parse)?,
        return_url: item.optional("return_url", ReturnUrl::parse)?,
        origins: all_of(item, "origins", Origin::parse)?,
        secret: item.optional_hash("secret")?.map(SecretHash::from_bytes),
        webhook: item.optional("webhook", WebhookUrl::parse)?,
        apps: all_of(item, "apps", ClientId::parse)?,
        networks: all_of(item, "networks", |it| it.parse().ok())?,
        oauth: OauthClient {
            redirect_uris: all_of(item, "redirect_uris", RedirectUri::parse)?,
            logout_uris: all_of(item, "logout_uris", RedirectUri::parse)?,
            grants: all_of(item, "grants", GrantType::parse)?,
            auth: item.parsed("auth", ClientAuth::parse)?,
            keys: item.optional_text("keys")?.map(RegisteredKeys::from_checked),
            pushes: item.flag("pushes")?,
            pkce: item.parsed("pkce", Pkce::parse)?,
            signed: item.parsed("signed", TokenAlgorithm::parse)?,
        },
        issuer: read_issuer(item)?,
        strict: item.flag("strict")?,
        rotates: item.flag("rotates")?,
        max_age: item.optional_number("max_age")?.map(Duration::from_secs),
        enabled: !item.flag("disabled")?,
        registration: Registration::from_stored(item.text("registration")?),
        previous: read_previous(item)?,
        registered_at: item.seconds("registered_at")?,
        version: item.number("version")?,
    })
}

fn read_issuer(item: Reader<'_>) -> Result<Option<TokenIssuer>, StoreError> {
    let Some(issuer) = item.optional("issuer", Issuer::parse)? else { return Ok(None) };
    Ok(Some(TokenIssuer {
        issuer,
        audience: item.parsed("issuer_audience", Audience::parse)?,
        keys: item.parsed("issuer_keys", KeySetUrl::parse)?,
        algorithm: item.parsed("issuer_algorithm", TokenAlgorithm::parse)?,
    }))
}

fn read_previous(item: Reader<'_>) -> Result<Option<Previous>, StoreError> {
    let Some(registration) = item.optional_text("previous_registration")? else { return Ok(None) };
    Ok(Some(Previous {
        secret: item.optional_hash("previous_secret")?.map(SecretHash::from_bytes),
        registration: Registration::from_stored(registration),
        until: item.seconds("previous_until")?,
    }))
}

fn all_of<T>(item: Reader<'_>, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, StoreError> {
    let read = item.texts(name)?.into_iter().map(parse).collect::<Option<Vec<_>>>();
    read.ok_or_else(|| inconsistent(name))
}
