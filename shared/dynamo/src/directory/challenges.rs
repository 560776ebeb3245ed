//! The codes sent by SMS, the callers who asked for them, and the counts of networks.

use std::net::IpAddr;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use saoma_domain::{
    identity::{PhoneNumber, SignInId},
    ports::{Challenges, Freshness, KeyedTag, StoreError, WriteId},
    sms_challenge::{Challenge, ChallengeId, Lane, LiveCode, Records, Used},
    sms_code::CodeNonce,
    time::Timestamp,
};

use super::{
    Directory, EXPIRES_AT, Key, day_of, item_of,
    writes::{WRITE_ID, checking, if_held_or, is_of, putting},
};
use crate::item::{Item, Reader, number, seconds, text};

fn lane_key(number: &PhoneNumber) -> Key {
    Key(format!("SMS#{}", number.as_str()), "LANE".into())
}

fn challenge_key(id: &ChallengeId) -> Key {
    Key(format!("CHALLENGE#{}", id.as_str()), "CHALLENGE".into())
}

#[async_trait]
impl Challenges for Directory {
    async fn records(&self, id: &ChallengeId) -> Result<Option<Records>, StoreError> {
        let Some(challenge) = self.challenge(id).await? else { return Ok(None) };
        let lane = self.lane(&challenge.number).await?;
        Ok(Some(Records { lane, challenge }))
    }

    async fn records_of(&self, id: &ChallengeId, number: &PhoneNumber) -> Result<Records, StoreError> {
        let (lane, challenge) = (self.lane(number).await?, self.challenge(id).await?);
        Ok(Records { lane, challenge: challenge.unwrap_or_else(|| Challenge::new(number.clone())) })
    }

    async fn replace(
        &self,
        id: &ChallengeId,
        before: &Records,
        next: &Records,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        let number = &next.challenge.number;
        let challenge =
            self.put_version(challenge_item(id, &next.challenge), before.challenge.version, write)?;
        let lane = if next.lane.version == before.lane.version {
            self.check_version(lane_key(number), before.lane.version)?
        } else {
            self.put_version(lane_item(number, &next.lane), before.lane.version, write)?
        };
        self.all_or_nothing_as(vec![challenge, lane], write).await
    }

    async fn count_ip(
        &self,
        ip: IpAddr,
        now: Timestamp,
        limit: u32,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        let day = day_of(now);
        let update = self
            .update(Key(format!("SMSIP#{ip}#{day}"), "COUNT".into()))
            .update_expression("SET expires_at = :until, write_id = :write ADD sent :one")
            .condition_expression("attribute_not_exists(sent) OR (sent < :limit AND write_id <> :write)")
            .expression_attribute_values(":one", self::number(1))
            .expression_attribute_values(":limit", self::number(limit))
            .expression_attribute_values(":write", text(write.as_str()))
            .expression_attribute_values(":until", self::number((day + 2) * 86_400));
        if_held_or(update, |item| is_of(item, write)).await
    }
}

impl Directory {
    async fn lane(&self, number: &PhoneNumber) -> Result<Lane, StoreError> {
        let item = self.get(&lane_key(number), Freshness::Strong).await?;
        item.as_ref().map_or_else(|| Ok(Lane::default()), read_lane)
    }

    async fn challenge(&self, id: &ChallengeId) -> Result<Option<Challenge>, StoreError> {
        let item = self.get(&challenge_key(id), Freshness::Strong).await?;
        item.as_ref().map(read_challenge).transpose()
    }

    fn put_version(
        &self,
        mut item: Item,
        before: u64,
        write: &WriteId,
    ) -> Result<TransactWriteItem, StoreError> {
        item.insert(WRITE_ID.to_owned(), text(write.as_str()));
        let put = self.put_of(item).expression_attribute_names("#version", "version");
        let (condition, value) = version_is(before);
        putting(put.condition_expression(condition).set_expression_attribute_values(value))
    }

    fn check_version(&self, key: Key, before: u64) -> Result<TransactWriteItem, StoreError> {
        let check = self.check_of(key).expression_attribute_names("#version", "version");
        let (condition, value) = version_is(before);
        checking(check.condition_expression(condition).set_expression_attribute_values(value))
    }
}

/// Version 0 is not stored.
fn version_is(before: u64) -> (&'static str, Option<std::collections::HashMap<String, AttributeValue>>) {
    if before == 0 {
        ("attribute_not_exists(#version)", None)
    } else {
        ("#version = :before", Some([(":before".to_owned(), number(before))].into()))
    }
}

fn lane_item(number_key: &PhoneNumber, lane: &Lane) -> Item {
    let mut item = item_of(
        &lane_key(number_key),
        [
            ("version", number(lane.version)),
            ("sent_at", seconds(lane.sent_at)),
            ("sent", number(lane.sent)),
            ("day_began_at", seconds(lane.day_began_at)),
            (EXPIRES_AT, seconds(lane.forget_at())),
        ],
    );
    if let Some(code) = &lane.code {
        item.insert("nonce".to_owned(), text(code.nonce.as_str()));
        item.insert("code_expires_at".to_owned(), seconds(code.expires_at));
        item.insert("tries".to_owned(), number(code.tries));
    }
    item
}

fn read_lane(item: &Item) -> Result<Lane, StoreError> {
    let item = Reader(item);
    let code = |nonce| -> Result<LiveCode, StoreError> {
        Ok(LiveCode {
            nonce: CodeNonce::from_stored(nonce),
            expires_at: item.seconds("code_expires_at")?,
            tries: item.number("tries")?,
        })
    };
    Ok(Lane {
        version: item.number("version")?,
        code: item.optional_text("nonce")?.map(code).transpose()?,
        sent_at: item.seconds("sent_at")?,
        sent: item.number("sent")?,
        day_began_at: item.seconds("day_began_at")?,
    })
}

fn challenge_item(id: &ChallengeId, challenge: &Challenge) -> Item {
    let mut item = item_of(
        &challenge_key(id),
        [
            ("version", number(challenge.version)),
            ("number", text(challenge.number.as_str())),
            ("messages", number(challenge.messages)),
            ("asked_at", seconds(challenge.asked_at)),
            ("tries", number(challenge.tries)),
            (EXPIRES_AT, seconds(challenge.forget_at())),
        ],
    );
    if let Some(used) = &challenge.used {
        item.insert("used_code".to_owned(), text(used.code.to_string()));
        item.insert("sign_in".to_owned(), text(used.sign_in.as_str()));
        item.insert("used_at".to_owned(), seconds(used.at));
    }
    item
}

fn read_challenge(item: &Item) -> Result<Challenge, StoreError> {
    let item = Reader(item);
    let used = |_| -> Result<Used, StoreError> {
        let code = item.parsed("used_code", KeyedTag::parse)?;
        let sign_in = item.parsed("sign_in", SignInId::parse)?;
        Ok(Used { code, sign_in, at: item.seconds("used_at")? })
    };
    Ok(Challenge {
        version: item.number("version")?,
        number: item.parsed("number", PhoneNumber::parse)?,
        messages: item.number("messages")?,
        asked_at: item.seconds("asked_at")?,
        tries: item.number("tries")?,
        used: item.optional_text("used_code")?.map(used).transpose()?,
    })
}
