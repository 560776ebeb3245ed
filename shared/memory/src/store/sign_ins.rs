//! The sign-ins of the people, and the records that a phone's step is checked against.

use async_trait::async_trait;
use saoma_domain::{
    identity::Phone,
    opener::{Opener, OpenerRecords},
    ports::{Begun, Checks, RedemptionRecords, Replaced, SignIns, StepRecords, StoreError, WriteId},
    secrets::SessionCode,
    session::Session,
    sign_in::{PhoneRecords, SignIn},
    watching::WatchRef,
};

use super::{
    Data, Memory,
    clients::{enrolled, lookup},
    key_of, let_others_in,
};

#[async_trait]
impl SignIns for Memory {
    async fn begin(&self, sign_in: &SignIn) -> Result<Begun, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let key = key_of(&sign_in.phone());
            if let Some((before, _)) = data.sign_ins.get(&key) {
                return Begun::Before(before.clone());
            }
            data.sign_ins.insert(key, (sign_in.clone(), None));
            Begun::Stored
        })
    }

    async fn replace(&self, next: &SignIn, write: &WriteId) -> Result<Replaced, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let Some((stored, last)) = data.sign_ins.get_mut(&key_of(&next.phone())) else {
                return Replaced::Gone;
            };
            if last.as_ref() == Some(write) {
                return Replaced::Stored;
            }
            if stored.version + 1 != next.version {
                return Replaced::Behind(stored.clone());
            }
            (*stored, *last) = (next.clone(), Some(write.clone()));
            Replaced::Stored
        })
    }

    async fn end(&self, phone: &Phone) -> Result<(), StoreError> {
        self.call(|data| {
            if let Some((sign_in, _)) = data.sign_ins.get_mut(&key_of(phone)) {
                sign_in.ended = true;
                sign_in.version += 1;
            }
            data.known.remove(&key_of(phone));
        })
    }
}

#[async_trait]
impl Checks for Memory {
    async fn phone(&self, phone: &Phone) -> Result<PhoneRecords, StoreError> {
        let_others_in().await;
        self.call(|data| records(data, phone))
    }

    async fn redemption(&self, phone: &Phone, session: &Session) -> Result<RedemptionRecords, StoreError> {
        let_others_in().await;
        let name = session.opener.as_ref().and_then(Opener::machine);
        let browser = session.opener.as_ref().and_then(Opener::browser);
        self.call(|data| RedemptionRecords {
            phone: records(data, phone),
            client: lookup(data, &session.client),
            opener: OpenerRecords {
                machine: name.and_then(|name| enrolled(data, &session.client, name)),
                browser: browser.map(|browser| records(data, browser)).unwrap_or_default(),
            },
        })
    }

    async fn phone_and_session(&self, phone: &Phone, code: &SessionCode) -> Result<StepRecords, StoreError> {
        let_others_in().await;
        self.call(|data| StepRecords {
            phone: records(data, phone),
            session: data.sessions.get(code.as_str()).map(|(session, _)| session.clone()),
            watchers: data.watchers.get(&WatchRef::of(code)).cloned().unwrap_or_default(),
        })
    }
}

fn records(data: &Data, phone: &Phone) -> PhoneRecords {
    let sign_in_of = |phone: &Phone| data.sign_ins.get(&key_of(phone)).map(|(sign_in, _)| sign_in.clone());
    let sign_in = sign_in_of(phone);
    PhoneRecords {
        approver: sign_in.as_ref().and_then(SignIn::approver).and_then(|approver| sign_in_of(&approver)),
        sign_in,
        account: data.accounts.get(&phone.account.to_string()).cloned(),
    }
}
