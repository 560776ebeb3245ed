//! Attributes, written and read.

use std::{collections::HashMap, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use saoma_domain::{ports::StoreError, time::Timestamp};

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// Text.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number.
#[expect(clippy::needless_pass_by_value, reason = "numbers are small, and read better by value")]
pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A moment, in whole seconds, as DynamoDB requires of a TTL attribute (`docs/security.md` C4).
#[must_use]
pub fn seconds(value: Timestamp) -> AttributeValue {
    number(value.secs())
}

/// Bytes.
#[must_use]
pub fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// The error for an attribute that our code never writes like this: another program wrote it, or we have a bug.
#[must_use]
pub fn inconsistent(name: &str) -> StoreError {
    StoreError::new(format!("inconsistent item: attribute {name}"))
}

/// Reads attributes of one item by name.
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub &'a Item);

impl<'a> Reader<'a> {
    /// Text that may be missing.
    pub fn optional_text(self, name: &str) -> Result<Option<&'a str>, StoreError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(value)) => Ok(Some(value)),
            Some(_) => Err(inconsistent(name)),
        }
    }

    /// Text.
    pub fn text(self, name: &str) -> Result<&'a str, StoreError> {
        self.optional_text(name)?.ok_or_else(|| inconsistent(name))
    }

    /// Text that `parse` must accept.
    pub fn parsed<T>(self, name: &str, parse: impl FnOnce(&'a str) -> Option<T>) -> Result<T, StoreError> {
        parse(self.text(name)?).ok_or_else(|| inconsistent(name))
    }

    /// Text that may be missing. If it is there, `parse` must accept it.
    pub fn optional<T>(
        self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let value = self.optional_text(name)?;
        value.map(|value| parse(value).ok_or_else(|| inconsistent(name))).transpose()
    }

    /// A whole number.
    pub fn number<T: FromStr>(self, name: &str) -> Result<T, StoreError> {
        let Some(AttributeValue::N(value)) = self.0.get(name) else {
            return Err(inconsistent(name));
        };
        value.parse().map_err(|_| inconsistent(name))
    }

    /// A whole number that may be missing.
    pub fn optional_number<T: FromStr>(self, name: &str) -> Result<Option<T>, StoreError> {
        if self.0.contains_key(name) { self.number(name).map(Some) } else { Ok(None) }
    }

    /// A moment in whole seconds.
    pub fn seconds(self, name: &str) -> Result<Timestamp, StoreError> {
        self.number(name).map(Timestamp::from_secs)
    }

    /// A moment in whole seconds that may be missing.
    pub fn optional_seconds(self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_number(name)?.map(Timestamp::from_secs))
    }

    /// Bytes that may be missing. If they are there, `parse` must accept them.
    pub fn optional_bytes<T>(
        self,
        name: &str,
        parse: impl FnOnce(&'a [u8]) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(AttributeValue::B(value)) => {
                parse(value.as_ref()).map(Some).ok_or_else(|| inconsistent(name))
            }
            Some(_) => Err(inconsistent(name)),
        }
    }

    /// Thirty-two bytes that may be missing.
    pub fn optional_hash(self, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
        self.optional_bytes(name, |value| value.try_into().ok())
    }

    /// A list of thirty-two bytes each; missing is empty.
    pub fn hashes(self, name: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let read = |value: &AttributeValue| match value {
            AttributeValue::B(value) => value.as_ref().try_into().map_err(|_| inconsistent(name)),
            _ => Err(inconsistent(name)),
        };
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(AttributeValue::L(values)) => values.iter().map(read).collect(),
            Some(_) => Err(inconsistent(name)),
        }
    }

    /// Thirty-two bytes.
    pub fn hash(self, name: &str) -> Result<[u8; 32], StoreError> {
        self.optional_hash(name)?.ok_or_else(|| inconsistent(name))
    }

    /// A yes or no; missing is no.
    pub fn flag(self, name: &str) -> Result<bool, StoreError> {
        match self.0.get(name) {
            None => Ok(false),
            Some(AttributeValue::Bool(value)) => Ok(*value),
            Some(_) => Err(inconsistent(name)),
        }
    }

    /// A list of texts; missing is empty.
    pub fn texts(self, name: &str) -> Result<Vec<&'a str>, StoreError> {
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(AttributeValue::L(values)) => values
                .iter()
                .map(|value| value.as_s().map(String::as_str).map_err(|_| inconsistent(name)))
                .collect(),
            Some(_) => Err(inconsistent(name)),
        }
    }
}
