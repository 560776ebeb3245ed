//! The prompts people were sent, and whether a phone is there to see one.

use async_trait::async_trait;
use saoma_domain::{
    identity::{AccountId, Phone, SignInId},
    pairing::PROMPT_WINDOW,
    ports::{Freshness, Prompts, StoreError},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, SK, item_of, writes::if_held_or};
use crate::item::{Reader, number, seconds, text};

/// Moves each prompt one place on and puts the new one first. This works in one update, because an update reads
/// the item as it was before.
const SHIFT: &str = "SET at3 = if_not_exists(at2, :never), code3 = if_not_exists(code2, :nothing), \
                     at2 = if_not_exists(at1, :never), code2 = if_not_exists(code1, :nothing), \
                     at1 = :now, code1 = :code, expires_at = :forget";
/// Allows a prompt only if the third most recent one is older than the window, and only once. The first prompt
/// fills all places.
const IF_ALLOWED: &str = "attribute_not_exists(at3) OR (at3 <= :out_of_window \
                          AND code1 <> :code AND code2 <> :code AND code3 <> :code)";
/// Newest first.
const PLACES: [(&str, &str); 3] = [("at1", "code1"), ("at2", "code2"), ("at3", "code3")];

fn present_partition(account: AccountId) -> String {
    format!("PRESENT#{account}")
}

fn prompts_key(account: AccountId) -> Key {
    Key(format!("PROMPT#{account}"), "PROMPTS".into())
}

#[async_trait]
impl Prompts for Directory {
    async fn note(&self, account: AccountId, code: &SessionCode, now: Timestamp) -> Result<bool, StoreError> {
        let out_of_window = now.secs().saturating_sub(PROMPT_WINDOW.as_secs());
        let update = self.update(prompts_key(account));
        if_held_or(
            update
                .update_expression(SHIFT)
                .condition_expression(IF_ALLOWED)
                .expression_attribute_values(":now", seconds(now))
                .expression_attribute_values(":code", text(code.as_str()))
                .expression_attribute_values(":never", number(0))
                .expression_attribute_values(":nothing", text(""))
                .expression_attribute_values(":out_of_window", number(out_of_window))
                .expression_attribute_values(":forget", seconds(now.plus(2 * PROMPT_WINDOW))),
            // The code was drawn for this prompt alone. If it is in the item, our own write came before, and other
            // prompts may have moved it on since.
            |item| PLACES.iter().any(|(_, place)| item.get(*place) == Some(&text(code.as_str()))),
        )
        .await
    }

    async fn recent(&self, account: AccountId, after: Timestamp) -> Result<Vec<SessionCode>, StoreError> {
        let Some(item) = self.get(&prompts_key(account), Freshness::Strong).await? else {
            return Ok(Vec::new());
        };
        let item = Reader(&item);
        let mut codes = Vec::new();
        for (at, code) in PLACES {
            // An empty place means "never".
            if item.seconds(at)? > after {
                codes.push(item.parsed(code, SessionCode::parse)?);
            }
        }
        Ok(codes)
    }

    async fn mark_present(&self, phone: &Phone, now: Timestamp) -> Result<(), StoreError> {
        let forget = now.plus(PROMPT_WINDOW);
        let key = Key(present_partition(phone.account), phone.sign_in.as_str().to_owned());
        self.put(item_of(&key, [("at", seconds(now)), (EXPIRES_AT, seconds(forget))])).await
    }

    async fn present(&self, account: AccountId, since: Timestamp) -> Result<Vec<SignInId>, StoreError> {
        let mut phones = Vec::new();
        for item in self.partition(present_partition(account)).await? {
            let item = Reader(&item);
            if item.seconds("at")? >= since {
                phones.push(item.parsed(SK, SignInId::parse)?);
            }
        }
        Ok(phones)
    }
}
