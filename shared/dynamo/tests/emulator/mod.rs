//! The emulator and its tables, as `make test` names them.

use std::sync::Arc;

use async_trait::async_trait;
use aws_types::SdkConfig;
use saoma_domain::{
    identity::Phone,
    ports::{
        Begun, Checks, Randomness, RedemptionRecords, Replaced, SignIns, StepRecords, StoreError, WriteId,
    },
    secrets::SessionCode,
    session::Session,
    sign_in::{PhoneRecords, SignIn},
};
use saoma_dynamo::{CheckTables, Directory, SessionTable};

/// Real randomness: the tables outlive a run.
pub(crate) struct System;

impl Randomness for System {
    #[expect(clippy::disallowed_methods, reason = "items of other runs must not be met again")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "where the emulator is comes from `make test`")]
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this through `make test`"))
}

/// What the SDK needs to reach the emulator at this address.
pub(crate) fn connect(endpoint: &str) -> SdkConfig {
    saoma_aws::connect(|name| match name {
        "AWS_ENDPOINT_URL" => Some(endpoint.to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    })
    .unwrap()
}

pub(crate) fn sessions(config: &SdkConfig) -> Arc<SessionTable> {
    Arc::new(SessionTable::new(config, variable("SAOMA_SESSIONS_TABLE")))
}

pub(crate) fn directory(config: &SdkConfig) -> Arc<Directory> {
    Arc::new(Directory::new(config, variable("SAOMA_DIRECTORY_TABLE")))
}

pub(crate) fn checks(config: &SdkConfig) -> Arc<CheckTables> {
    let (directory, sessions) = (variable("SAOMA_DIRECTORY_TABLE"), variable("SAOMA_SESSIONS_TABLE"));
    Arc::new(CheckTables::new(config, directory, Some(sessions)))
}

/// The Directory and the reads over both tables, which the contract takes as one.
pub(crate) struct Both {
    pub(crate) directory: Arc<Directory>,
    pub(crate) checks: Arc<CheckTables>,
}

#[async_trait]
impl SignIns for Both {
    async fn begin(&self, sign_in: &SignIn) -> Result<Begun, StoreError> {
        self.directory.begin(sign_in).await
    }

    async fn replace(&self, next: &SignIn, write: &WriteId) -> Result<Replaced, StoreError> {
        SignIns::replace(&*self.directory, next, write).await
    }

    async fn end(&self, phone: &Phone) -> Result<(), StoreError> {
        self.directory.end(phone).await
    }
}

#[async_trait]
impl Checks for Both {
    async fn phone(&self, phone: &Phone) -> Result<PhoneRecords, StoreError> {
        self.checks.phone(phone).await
    }

    async fn redemption(&self, phone: &Phone, session: &Session) -> Result<RedemptionRecords, StoreError> {
        self.checks.redemption(phone, session).await
    }

    async fn phone_and_session(&self, phone: &Phone, code: &SessionCode) -> Result<StepRecords, StoreError> {
        self.checks.phone_and_session(phone, code).await
    }
}
