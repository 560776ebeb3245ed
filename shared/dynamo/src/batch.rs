//! Reads of many items in one call.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{Client, types::KeysAndAttributes};
use saoma_domain::ports::StoreError;

use crate::{failed, item::Item};

/// How often we ask again for keys that DynamoDB left out.
const MOST_ROUNDS: u32 = 4;
/// The pause before keys that were left out are asked for again. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// The items under these keys, by table. DynamoDB may leave some out under load; those are asked for again,
/// each time after a longer pause.
pub(crate) async fn read_all(
    client: &Client,
    mut wanted: HashMap<String, KeysAndAttributes>,
) -> Result<HashMap<String, Vec<Item>>, StoreError> {
    let mut found: HashMap<String, Vec<Item>> = HashMap::new();
    for round in 0..MOST_ROUNDS {
        if round > 0 {
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(round - 1)).await;
        }
        let read = client.batch_get_item().set_request_items(Some(wanted)).send().await;
        let read = read.map_err(failed("BatchGetItem"))?;
        for (table, items) in read.responses.unwrap_or_default() {
            found.entry(table).or_default().extend(items);
        }
        wanted = read.unprocessed_keys.unwrap_or_default();
        if wanted.is_empty() {
            return Ok(found);
        }
    }
    Err(StoreError::new("BatchGetItem: keys were left out again and again"))
}

/// These keys, to be read as last written.
pub(crate) fn strongly(keys: Vec<Item>) -> Result<KeysAndAttributes, StoreError> {
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
    keys.build().map_err(|error| StoreError::new(error.to_string()))
}
