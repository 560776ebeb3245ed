//! What stays of a confirmed login, by contract. A function wires what its own contracts need.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    identity::Phone,
    ports::{Machines, OnConfirm, Pairs, StoreError, Visits},
    session::{Asks, Flow, Session},
    time::Timestamp,
};

/// A contract that promises nothing: the web.
pub struct KeepNothing;

/// The kiosk's machine is bound to the member (`docs/kiosk.md`).
pub struct BindMachine(pub Arc<dyn Machines>);

/// The person may be asked on this device without a scan (`docs/remembered.md`).
pub struct MakePair(pub Arc<dyn Pairs>);

/// The shop counts the member's visits (`docs/shop.md`).
pub struct CountVisit(pub Arc<dyn Visits>);

/// All of these, one after another: for a function that confirms sessions of several contracts.
pub struct Each(pub Vec<Arc<dyn OnConfirm>>);

#[async_trait]
impl OnConfirm for KeepNothing {
    async fn confirmed(&self, _: &Session, _: &Phone, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl OnConfirm for BindMachine {
    async fn confirmed(&self, session: &Session, by: &Phone, now: Timestamp) -> Result<(), StoreError> {
        match (&session.flow, &session.claims.device_mac) {
            (Flow::Kiosk { .. }, Some(mac)) => {
                self.0.bind(by.account, mac, session.claims.device_name.as_ref(), now).await
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl OnConfirm for MakePair {
    /// Only a scan makes a pair: saying yes to a prompt proves no more than the pair already does.
    async fn confirmed(&self, session: &Session, by: &Phone, now: Timestamp) -> Result<(), StoreError> {
        match &session.flow {
            Flow::Remembered { ties, asks: Asks::Scan } => {
                self.0.pair(&session.code, &session.client, ties.policy, &ties.device, by, now).await
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl OnConfirm for CountVisit {
    async fn confirmed(&self, session: &Session, by: &Phone, now: Timestamp) -> Result<(), StoreError> {
        match &session.flow {
            Flow::Shop { .. } => self.0.count_visit(by.account, &session.code, session.seen.ip, now).await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl OnConfirm for Each {
    async fn confirmed(&self, session: &Session, by: &Phone, now: Timestamp) -> Result<(), StoreError> {
        for one in &self.0 {
            one.confirmed(session, by, now).await?;
        }
        Ok(())
    }
}
