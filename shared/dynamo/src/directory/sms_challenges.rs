//! Codes sent by SMS, and how many were asked for.

use std::net::IpAddr;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{Freshness, SmsChallenges, StoreError},
    sms_code::SmsChallenge,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, day_of, item_of, writes::if_held};
use crate::{
    failed,
    item::{Item, Reader, bytes, number, seconds},
};

fn key_of(number: &PhoneNumber) -> Key {
    Key(format!("SMS#{}", number.as_str()), "CHALLENGE".into())
}

#[async_trait]
impl SmsChallenges for Directory {
    async fn challenge(&self, number: &PhoneNumber) -> Result<Option<SmsChallenge>, StoreError> {
        let item = self.get(&key_of(number), Freshness::Strong).await?;
        item.as_ref().map(read).transpose()
    }

    async fn replace(&self, number: &PhoneNumber, next: &SmsChallenge) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(write(number, next)))
            .condition_expression(if next.version == 1 {
                "attribute_not_exists(#version)"
            } else {
                "#version = :before"
            })
            .expression_attribute_names("#version", "version")
            .set_expression_attribute_values(
                (next.version > 1).then(|| [(":before".to_owned(), self::number(next.version - 1))].into()),
            )
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(failed("PutItem on directory")(error)),
            },
        }
    }

    async fn count_ip(&self, ip: IpAddr, now: Timestamp, limit: u32) -> Result<bool, StoreError> {
        let day = day_of(now);
        let update = self.update(Key(format!("SMSIP#{ip}#{day}"), "COUNT".into()));
        if_held(
            update
                .update_expression("SET expires_at = :until ADD sent :one")
                .condition_expression("attribute_not_exists(sent) OR sent < :limit")
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":limit", number(limit))
                .expression_attribute_values(":until", number((day + 2) * 86_400)),
        )
        .await
    }
}

fn write(number_key: &PhoneNumber, challenge: &SmsChallenge) -> Item {
    let mut item = item_of(
        &key_of(number_key),
        [
            ("version", number(challenge.version)),
            ("sent_at", seconds(challenge.sent_at)),
            ("code_expires_at", seconds(challenge.code_expires_at)),
            ("sent", number(challenge.sent)),
            ("day_began_at", seconds(challenge.day_began_at)),
            ("tries", number(challenge.tries)),
            ("tries_began_at", seconds(challenge.tries_began_at)),
            (EXPIRES_AT, seconds(challenge.forget_at())),
        ],
    );
    if let Some(code) = &challenge.code {
        item.insert("code_hash".to_owned(), bytes(code));
    }
    item
}

fn read(item: &Item) -> Result<SmsChallenge, StoreError> {
    let item = Reader(item);
    Ok(SmsChallenge {
        version: item.number("version")?,
        code: item.optional_hash("code_hash")?,
        sent_at: item.seconds("sent_at")?,
        code_expires_at: item.seconds("code_expires_at")?,
        sent: item.number("sent")?,
        day_began_at: item.seconds("day_began_at")?,
        tries: item.number("tries")?,
        tries_began_at: item.seconds("tries_began_at")?,
    })
}
