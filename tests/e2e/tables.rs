//! The stored items, as a thief with a dump of the tables sees them.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};

use crate::service::Service;

/// An item as stored.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Both tables.
pub(crate) struct Tables {
    dynamo: Client,
    sessions: String,
    directory: String,
}

impl Tables {
    /// The served stack's tables.
    pub(crate) fn of(service: &Service) -> Self {
        let aws = saoma_aws::connect(service.environment()).unwrap();
        Self {
            dynamo: Client::new(&aws),
            sessions: service.variable("SAOMA_SESSIONS_TABLE"),
            directory: service.variable("SAOMA_DIRECTORY_TABLE"),
        }
    }

    /// Every item of both.
    pub(crate) async fn dump(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for table in [&self.sessions, &self.directory] {
            let mut from = None;
            loop {
                let scan = self.dynamo.scan().table_name(table).consistent_read(true);
                let page = scan.set_exclusive_start_key(from).send().await.unwrap();
                items.extend(page.items.unwrap_or_default());
                from = page.last_evaluated_key;
                if from.is_none() {
                    break;
                }
            }
        }
        items
    }

    /// A session as stored.
    pub(crate) async fn session(&self, code: &str) -> Item {
        let get = self.dynamo.get_item().table_name(&self.sessions).consistent_read(true);
        let found = get.key("code", AttributeValue::S(code.to_owned())).send().await.unwrap();
        found.item.expect("the session is stored")
    }

    /// Makes a session's time run out, without waiting for it.
    pub(crate) async fn expire(&self, code: &str) {
        let created_at = self.session(code).await["created_at"].clone();
        let update = self.dynamo.update_item().table_name(&self.sessions);
        update
            .key("code", AttributeValue::S(code.to_owned()))
            .update_expression("SET expires_at = :then")
            .expression_attribute_values(":then", created_at)
            .condition_expression("attribute_exists(code)")
            .send()
            .await
            .unwrap();
    }
}
