//! `account.*`: the people.

use saoma_domain::{
    account::{Account, AccountStatus},
    cases::Found,
    identity::{AccountId, PhoneNumber},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    App,
    answer::{Done, Refused},
};

/// What can be done with accounts.
#[derive(Deserialize)]
#[serde(tag = "do")]
pub(crate) enum Command {
    #[serde(rename = "account.find")]
    Find(Which),
    #[serde(rename = "account.lock")]
    Lock(Which),
    #[serde(rename = "account.unlock")]
    Unlock(Which),
    #[serde(rename = "account.end-sign-ins")]
    EndSignIns(Which),
}

/// An account, by its id or by its telephone number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    id: Option<String>,
    phone: Option<String>,
}

impl Which {
    fn read(&self) -> Result<Found, Refused> {
        const DETAIL: &str =
            "one of id, an account's number, and phone, a telephone number such as +8613800138000";
        let found = match (self.id.as_deref(), self.phone.as_deref()) {
            (Some(id), None) => AccountId::parse(id).map(Found::ById),
            (None, Some(phone)) => {
                PhoneNumber::parse(phone).or_else(|| PhoneNumber::mainland(phone)).map(Found::ByNumber)
            }
            _ => None,
        };
        found.ok_or_else(|| Refused::new("bad_account", DETAIL))
    }
}

/// Carries out a command. Each may be repeated: it says how the account is to be, not by how much to change it.
pub(crate) async fn run(app: &App, command: Command) -> Result<Done, Refused> {
    let (accounts, now) = (&app.accounts, app.service.clock.now());
    let account = match command {
        Command::Find(which) => accounts.find(&which.read()?).await?,
        Command::Lock(which) => accounts.set_status(&which.read()?, AccountStatus::Locked, now).await?,
        Command::Unlock(which) => accounts.set_status(&which.read()?, AccountStatus::Active, now).await?,
        Command::EndSignIns(which) => accounts.end_sign_ins(&which.read()?, now).await?,
    };
    Ok(Done::account(account.id).with("account", shown(&account)))
}

/// An account as an operator sees it: its number is masked.
fn shown(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "phone": account.phone_number.as_ref().map(PhoneNumber::masked),
        "status": account.status.as_str(),
        "credentialsAt": account.credentials_at.secs(),
        "createdAt": account.created_at.secs(),
    })
}
