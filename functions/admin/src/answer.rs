//! What a command answers, and what its audit line says it was about.

use saoma_domain::{
    cases::{AccountError, KeeperError, Rejected},
    identity::AccountId,
    opener::MachineName,
    ports::StoreError,
    time::Timestamp,
};
use serde_json::{Map, Value, json};

/// A command that was carried out.
#[derive(Default)]
pub(crate) struct Done {
    /// The account it was about, for the audit line.
    pub(crate) account: Option<AccountId>,
    /// The machine that it was about.
    pub(crate) machine: Option<String>,
    /// The version of the signing secret that it was about.
    pub(crate) secret_version: Option<String>,
    fields: Map<String, Value>,
}

impl Done {
    /// A command about an account.
    pub(crate) fn account(id: AccountId) -> Self {
        Self { account: Some(id), ..Self::default() }
    }

    /// A command about a machine of a client.
    pub(crate) fn machine(name: &MachineName) -> Self {
        Self { machine: Some(name.as_str().to_owned()), ..Self::default() }
    }

    /// A command about a version of the signing secret.
    pub(crate) fn secret_version(version: &str) -> Self {
        Self { secret_version: Some(version.to_owned()), ..Self::default() }
    }

    /// The same, with one more field in its answer.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// `{"ok": true, …}`
    pub(crate) fn answer(self) -> Value {
        let mut answer = Map::from_iter([("ok".to_owned(), Value::Bool(true))]);
        answer.extend(self.fields);
        Value::Object(answer)
    }
}

/// Why a command was not carried out.
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    detail: String,
    /// When the command may be sent again, in seconds since 1970.
    until: Option<u64>,
    /// For the log only.
    pub(crate) cause: Option<String>,
}

impl Refused {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), until: None, cause: None }
    }

    /// The same, for a command that may be sent again at this moment.
    pub(crate) fn until(self, moment: Timestamp) -> Self {
        Self { until: Some(moment.secs()), ..self }
    }

    /// The event is no command.
    pub(crate) fn unreadable(detail: &str) -> Self {
        Self::new("unreadable", detail)
    }
}

/// `{"ok": false, "code": …, "detail": …}`, and `until` where that is known.
pub(crate) fn refused(refused: &Refused) -> Value {
    let mut answer = json!({"ok": false, "code": refused.code, "detail": refused.detail});
    if let (Some(until), Value::Object(fields)) = (refused.until, &mut answer) {
        fields.insert("until".to_owned(), json!(until));
    }
    answer
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let detail = "The store did not answer. Send the same event again.";
        Self { cause: Some(error.to_string()), ..Self::new("unavailable", detail) }
    }
}

impl From<AccountError> for Refused {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => error.into(),
            AccountError::Unknown => Self::new("unknown_account", error.to_string()),
            AccountError::Deleted => Self::new("account_deleted", error.to_string()),
        }
    }
}

impl From<KeeperError> for Refused {
    fn from(error: KeeperError) -> Self {
        let rejected = match error {
            KeeperError::Store(error) => return error.into(),
            KeeperError::Rejected(rejected) => rejected,
        };
        let code = match rejected {
            Rejected::Unknown => "unknown_client",
            Rejected::Taken => "client_exists",
            Rejected::WriteSpent => "write_spent",
            Rejected::MachineTaken => "machine_exists",
            Rejected::MachineUnknown => "unknown_machine",
            Rejected::Unfit(_) => "bad_setting",
        };
        Self::new(code, rejected.to_string())
    }
}
