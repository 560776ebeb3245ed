//! The ports on DynamoDB.
//!
//! * [`sessions`]: the Sessions table. One guarded `UpdateItem` serves every transition.
//! * [`directory`]: the Directory table: clients, accounts, sign-ins, SMS codes, devices.
//! * [`checks`]: a phone, its person and a session, read together from both tables.
//! * [`session_item`]: a session as an item, and an item as a session.
//! * [`stream`]: the Sessions table's stream, as sessions.
//! * [`item`]: reading and writing attributes. An attribute that does not fit is an error that names it.

mod batch;
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

/// The error of a call, for the log. It does not contain the request, so no item gets into the log.
pub(crate) fn failed<E: Error + Debug + 'static>(
    call: &'static str,
) -> impl Fn(SdkError<E, HttpResponse>) -> StoreError {
    move |error| StoreError::at(call, &error)
}
