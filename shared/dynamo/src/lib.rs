//! The ports on DynamoDB.
//!
//! * [`sessions`]: the Sessions table. One guarded `UpdateItem` serves every transition.
//! * [`directory`]: the Directory table: clients, accounts, sign-ins, SMS codes, devices.
//! * [`checks`]: a phone, its person and a session, read together from both tables.
//! * [`session_item`]: a session as an item, and an item as a session.
//! * [`stream`]: the Sessions table's stream, as sessions.
//! * [`item`]: reading and writing attributes; what does not fit is an inconsistency with a name.

pub mod checks;
pub mod directory;
pub mod item;
pub mod session_item;
pub mod sessions;
pub mod stream;

pub use checks::CheckTables;
pub use directory::Directory;
pub use sessions::SessionTable;

use std::{error::Error, fmt::Debug};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use saoma_domain::ports::StoreError;

/// What happened at a call, for the log. Requests are not part of it, so no item is.
pub(crate) fn failed<E: Error + Debug + 'static>(
    call: &'static str,
) -> impl Fn(SdkError<E, HttpResponse>) -> StoreError {
    move |error| StoreError::at(call, &error)
}
