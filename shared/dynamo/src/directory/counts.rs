//! What messages cost: counts that are taken together with a write, and puzzles that are taken once.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use saoma_domain::{
    ports::StoreError,
    sms_budget::{Charge, CountKey},
    sms_puzzle::PuzzleId,
};

use super::{
    Directory, EXPIRES_AT, Key, PK, SK, item_of,
    writes::{checking, deleting, putting, updating},
};
use crate::{
    batch::{read_all, strongly},
    item::{Item, Reader, number, seconds, text},
};

const IF_BELOW: &str = "attribute_not_exists(n) OR n < :limit";

fn count_key(key: &CountKey) -> Key {
    Key(format!("COUNT#{}", key.0), "COUNT".into())
}

fn puzzle_key(id: &PuzzleId) -> Key {
    Key(format!("PUZZLE#{}", id.name), "PUZZLE".into())
}

impl Directory {
    /// The part of a transaction that takes a charge, or refuses it.
    pub(super) fn taking(&self, charge: &Charge) -> Result<TransactWriteItem, StoreError> {
        match charge {
            Charge::Count { key, by: 0, limit, .. } => {
                let check = self.check_of(count_key(key)).condition_expression(IF_BELOW);
                checking(check.expression_attribute_values(":limit", number(limit)))
            }
            Charge::Count { key, by, limit, until } => updating(
                self.update_of(count_key(key))
                    .update_expression("SET expires_at = :until ADD n :by")
                    .condition_expression(IF_BELOW)
                    .expression_attribute_values(":by", number(by))
                    .expression_attribute_values(":limit", number(limit))
                    .expression_attribute_values(":until", seconds(*until)),
            ),
            Charge::Puzzle(id) => {
                let item = item_of(&puzzle_key(id), [(EXPIRES_AT, seconds(id.expires_at))]);
                putting(self.put_of(item).condition_expression("attribute_not_exists(pk)"))
            }
        }
    }

    /// The part of a transaction that gives a charge back.
    pub(super) fn giving_back(&self, charge: &Charge) -> Result<TransactWriteItem, StoreError> {
        match charge {
            Charge::Count { key, by, .. } => updating(
                self.update_of(count_key(key))
                    .update_expression("ADD n :by")
                    .expression_attribute_values(":by", number(-i64::from(*by))),
            ),
            Charge::Puzzle(id) => deleting(self.delete_of(puzzle_key(id))),
        }
    }

    /// The counts under these keys, in their order.
    pub(super) async fn counts(&self, keys: &[CountKey]) -> Result<Vec<u32>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = keys
            .iter()
            .map(count_key)
            .map(|Key(pk, sk)| -> Item { [(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))].into() });
        let wanted = HashMap::from([(self.table.clone(), strongly(wanted.collect())?)]);
        let found = read_all(&self.client, wanted).await?;
        let mut counts = HashMap::new();
        for item in found.values().flatten() {
            counts.insert(Reader(item).text(PK)?, Reader(item).number::<u32>("n")?);
        }
        let count = |key| counts.get(count_key(key).0.as_str()).copied().unwrap_or_default();
        Ok(keys.iter().map(count).collect())
    }
}
