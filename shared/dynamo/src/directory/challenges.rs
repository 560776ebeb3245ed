//! The codes sent by SMS, and the callers who asked for them.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use saoma_domain::{
    identity::{AccountId, Phone, PhoneNumber, SignInId},
    ports::{Challenges, Freshness, KeyedTag, KnownDevices, Recorded, StoreError, WriteId},
    sms_budget::{Charge, CountKey},
    sms_challenge::{Challenge, ChallengeId, Lane, LiveCode, Purpose, Records, Used},
    sms_code::CodeNonce,
};

use super::{
    Directory, EXPIRES_AT, Key, item_of,
    known_devices::{device_item, known_key},
    writes::{WRITE_ID, checking, did_not_hold, is_of, putting},
};
use crate::item::{Item, Reader, bytes, inconsistent, number, seconds, text};

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
        self.with_lanes(challenge, None).await.map(Some)
    }

    async fn records_of(
        &self,
        id: &ChallengeId,
        number: &PhoneNumber,
        device: Option<&Phone>,
    ) -> Result<Records, StoreError> {
        let challenge = self.challenge(id).await?;
        let challenge = challenge.unwrap_or_else(|| Challenge::new(id.clone(), number.clone()));
        self.with_lanes(challenge, device).await
    }

    async fn replace(
        &self,
        before: &Records,
        next: &Records,
        charges: &[Charge],
        write: &WriteId,
    ) -> Result<Recorded, StoreError> {
        let mut writes = self.versions(before, next, write)?;
        let records = writes.len();
        for charge in charges {
            writes.push(self.taking(charge)?);
        }
        let Some(reasons) = self.transact_patiently(writes).await? else { return Ok(Recorded::Stored) };
        if reasons.iter().filter_map(|reason| reason.item.as_ref()).any(|item| is_of(item, write)) {
            return Ok(Recorded::Stored);
        }
        let refused = reasons.iter().position(did_not_hold);
        let charge = refused.and_then(|at| charges.get(at.checked_sub(records)?));
        Ok(match charge {
            None => Recorded::Behind,
            Some(Charge::Count { .. }) => Recorded::Full,
            Some(Charge::Puzzle(_)) => Recorded::PuzzleTaken,
        })
    }

    async fn take_back(
        &self,
        before: &Records,
        next: &Records,
        charges: &[Charge],
        write: &WriteId,
    ) -> Result<Recorded, StoreError> {
        let mut writes = self.versions(before, next, write)?;
        for charge in charges {
            writes.push(self.giving_back(charge)?);
        }
        let refused = self.transact_patiently(writes).await?;
        let stored = refused.is_none_or(|reasons| {
            reasons.iter().filter_map(|reason| reason.item.as_ref()).any(|item| is_of(item, write))
        });
        Ok(if stored { Recorded::Stored } else { Recorded::Behind })
    }

    async fn counted(&self, keys: &[CountKey]) -> Result<Vec<u32>, StoreError> {
        self.counts(keys).await
    }
}

impl Directory {
    async fn challenge(&self, id: &ChallengeId) -> Result<Option<Challenge>, StoreError> {
        let item = self.get(&challenge_key(id), Freshness::Strong).await?;
        item.as_ref().map(|item| read_challenge(item, id)).transpose()
    }

    /// A challenge with the lanes whose codes it may try. `device` is the known device that asks now.
    async fn with_lanes(&self, challenge: Challenge, device: Option<&Phone>) -> Result<Records, StoreError> {
        let item = self.get(&lane_key(&challenge.number), Freshness::Strong).await?;
        let open = item.as_ref().map_or_else(|| Ok(Lane::default()), read_lane)?;
        let device = match challenge.device.as_ref().or(device) {
            Some(phone) => self.device(phone).await?,
            None => None,
        };
        Ok(Records { challenge, open, device })
    }

    /// The parts of a transaction that store each record that changes, over the version before, and check the others.
    fn versions(
        &self,
        before: &Records,
        next: &Records,
        write: &WriteId,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let number = &next.challenge.number;
        let challenge = self.put_version(challenge_item(&next.challenge), before.challenge.version, write)?;
        let open = if next.open.version == before.open.version {
            self.check_version(lane_key(number), before.open.version)?
        } else {
            self.put_version(lane_item(number, &next.open), before.open.version, write)?
        };
        let mut parts = vec![challenge, open];
        if let Some(before) = &before.device {
            let version = before.lane.version;
            let changed = next.device.as_ref().filter(|next| next.lane.version != version);
            parts.push(match changed {
                Some(next) => self.put_version(device_item(next), version, write)?,
                None => self.check_version(known_key(&before.phone), version)?,
            });
        }
        Ok(parts)
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
    let mut item = item_of(&lane_key(number_key), [(EXPIRES_AT, seconds(lane.forget_at()))]);
    item.extend(lane_attributes(lane));
    item
}

/// A lane's attributes, in the item of a number or of a known device.
pub(super) fn lane_attributes(lane: &Lane) -> Item {
    let mut attributes = vec![
        ("version", number(lane.version)),
        ("sent_at", seconds(lane.sent_at)),
        ("sent", number(lane.sent)),
        ("puzzles", number(lane.puzzles)),
        ("day_began_at", seconds(lane.day_began_at)),
    ];
    if let Some(code) = &lane.code {
        attributes.extend([
            ("nonce", text(code.nonce.as_str())),
            ("code_expires_at", seconds(code.expires_at)),
            ("tries", number(code.tries)),
            ("asker", text(code.asker.as_str())),
        ]);
    }
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Reads a lane's attributes.
pub(super) fn read_lane(item: &Item) -> Result<Lane, StoreError> {
    let item = Reader(item);
    let code = |nonce| -> Result<LiveCode, StoreError> {
        Ok(LiveCode {
            nonce: CodeNonce::from_stored(nonce),
            expires_at: item.seconds("code_expires_at")?,
            tries: item.number("tries")?,
            asker: ChallengeId::from_stored(item.text("asker")?),
        })
    };
    Ok(Lane {
        version: item.number("version")?,
        code: item.optional_text("nonce")?.map(code).transpose()?,
        sent_at: item.seconds("sent_at")?,
        sent: item.number("sent")?,
        puzzles: item.number("puzzles")?,
        day_began_at: item.seconds("day_began_at")?,
    })
}

fn challenge_item(challenge: &Challenge) -> Item {
    let mut item = item_of(
        &challenge_key(&challenge.id),
        [
            ("version", number(challenge.version)),
            ("number", text(challenge.number.as_str())),
            ("messages", number(challenge.messages)),
            ("asked_at", seconds(challenge.asked_at)),
            ("tries", number(challenge.tries)),
            (EXPIRES_AT, seconds(challenge.forget_at())),
        ],
    );
    let mut keep = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    if let Some(device) = &challenge.device {
        keep("device_account", number(device.account.get()));
        keep("device_sign_in", text(device.sign_in.as_str()));
    }
    keep("wrong", AttributeValue::L(challenge.wrong.iter().map(|mark| bytes(mark)).collect()));
    if let Some(used) = &challenge.used {
        keep("used_code", text(used.code.to_string()));
        keep("used_for", text(used.purpose.as_str()));
        keep("sign_in", text(used.sign_in.as_str()));
        keep("used_at", seconds(used.at));
    }
    item
}

fn read_challenge(item: &Item, id: &ChallengeId) -> Result<Challenge, StoreError> {
    let item = Reader(item);
    let device = |sign_in: &str| -> Result<Phone, StoreError> {
        let account: u64 = item.number("device_account")?;
        let account = AccountId::parse(&account.to_string()).ok_or_else(|| inconsistent("device_account"))?;
        let sign_in = SignInId::parse(sign_in).ok_or_else(|| inconsistent("device_sign_in"))?;
        Ok(Phone { account, sign_in })
    };
    let used = |_| -> Result<Used, StoreError> {
        let code = item.parsed("used_code", KeyedTag::parse)?;
        let purpose = item.parsed("used_for", Purpose::parse)?;
        let sign_in = item.parsed("sign_in", SignInId::parse)?;
        Ok(Used { code, purpose, sign_in, at: item.seconds("used_at")? })
    };
    Ok(Challenge {
        id: id.clone(),
        version: item.number("version")?,
        number: item.parsed("number", PhoneNumber::parse)?,
        device: item.optional_text("device_sign_in")?.map(device).transpose()?,
        messages: item.number("messages")?,
        asked_at: item.seconds("asked_at")?,
        tries: item.number("tries")?,
        wrong: item.hashes("wrong")?,
        used: item.optional_text("used_code")?.map(used).transpose()?,
    })
}
