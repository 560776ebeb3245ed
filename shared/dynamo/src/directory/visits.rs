//! The logins that the shop contract counts for its members.

use std::net::IpAddr;

use async_trait::async_trait;
use saoma_domain::{
    account::VisitCount,
    identity::AccountId,
    ports::{Freshness, StoreError, Visits},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, devices::REMEMBERED, writes::if_held};
use crate::item::{Reader, number, seconds, text};

fn key_of(account: AccountId) -> Key {
    Key(format!("VISIT#{account}"), "VISITS".into())
}

#[async_trait]
impl Visits for Directory {
    async fn count_visit(
        &self,
        id: AccountId,
        session: &SessionCode,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .update(key_of(id))
            .update_expression(
                "SET #session = :session, visited_at = :now, visited_from = :ip, #until = :until ADD visits :one",
            )
            .condition_expression("attribute_not_exists(#session) OR #session <> :session")
            .expression_attribute_names("#session", "session")
            .expression_attribute_names("#until", EXPIRES_AT)
            .expression_attribute_values(":until", seconds(now.plus(REMEMBERED)))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":session", text(session.as_str()))
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":ip", text(ip.map(|ip| ip.to_string()).unwrap_or_default()));
        // A refusal means that this same login was counted before.
        if_held(update).await?;
        Ok(())
    }

    async fn visits(&self, id: AccountId) -> Result<VisitCount, StoreError> {
        let Some(item) = self.get(&key_of(id), Freshness::Strong).await? else {
            return Ok(VisitCount::default());
        };
        let item = Reader(&item);
        Ok(VisitCount {
            count: item.number("visits")?,
            last_at: item.seconds("visited_at")?,
            last_ip: item.text("visited_from")?.parse().ok(),
        })
    }
}
