//! What each contract does for a confirmed login. A function wires what its own contracts need.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    identity::{Phone, SignInId},
    pairing::MadeBy,
    ports::{Machines, OnConfirm, Pairs, SignIns, StoreError, Visits},
    session::{Asks, Flow, Session, State},
    time::Timestamp,
};

/// Does nothing: the web contract promises nothing.
pub struct KeepNothing;

/// Binds the kiosk's machine to the member (`docs/kiosk.md`).
pub struct BindMachine(pub Arc<dyn Machines>);

/// Remembers the person's device, so that the next login there can ask without a scan (`docs/remembered.md`).
pub struct MakePair(pub Arc<dyn Pairs>);

/// Counts the member's visit to the shop (`docs/shop.md`).
pub struct CountVisit(pub Arc<dyn Visits>);

/// Signs out the browser that a login signed in at the issuer before its person took their yes back (`docs/oauth.md`).
pub struct EndBrowser(pub Arc<dyn SignIns>);

/// Does all of these, one after another, for a function that confirms sessions of several contracts.
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
                let name = session.claims.device_name.as_ref();
                self.0.bind(by.account, mac, name, agreed_at(session), now).await
            }
            _ => Ok(()),
        }
    }
}

/// When the person agreed to a login. A session whose token was taken knows only when its QR was scanned, which is a little
/// earlier.
fn agreed_at(session: &Session) -> Timestamp {
    match &session.state {
        State::Confirmed { at, .. } => *at,
        state => state.claim().map_or(session.created_at, |claim| claim.at),
    }
}

#[async_trait]
impl OnConfirm for MakePair {
    /// Only a scan makes a pair. A yes to a prompt proves no more than the existing pair does.
    async fn confirmed(&self, session: &Session, by: &Phone, now: Timestamp) -> Result<(), StoreError> {
        match &session.flow {
            Flow::Remembered { ties, asks: Asks::Scan } => {
                let made_by = MadeBy { session: session.code.clone(), opened_at: session.created_at };
                self.0.pair(&made_by, &session.client, ties.policy, &ties.device, by, now).await
            }
            _ => Ok(()),
        }
    }

    /// A pair that this session made asks no more; an earlier one stays.
    async fn declined(&self, session: &Session, by: &Phone) -> Result<(), StoreError> {
        match &session.flow {
            Flow::Remembered { ties, asks: Asks::Scan } => {
                self.0.withdraw(&session.code, by.account, &session.client, ties.policy).await
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
impl OnConfirm for EndBrowser {
    /// The browser signs in when its page asks, not now.
    async fn confirmed(&self, _: &Session, _: &Phone, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn declined(&self, session: &Session, by: &Phone) -> Result<(), StoreError> {
        if session.flow.request().is_none() {
            return Ok(());
        }
        self.0.end(&Phone { account: by.account, sign_in: SignInId::of_browser(&session.code) }).await
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

    async fn declined(&self, session: &Session, by: &Phone) -> Result<(), StoreError> {
        for one in &self.0 {
            one.declined(session, by).await?;
        }
        Ok(())
    }
}
