//! `account.*`: the people.

use saoma_app::{Export, shown::Shower};
use saoma_domain::{
    account::{Account, AccountStatus},
    cases::Found,
    identity::{AccountId, ClientId, ForeignIdentity, Identity, PhoneNumber},
    issuer::Subject,
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
    #[serde(rename = "account.export")]
    Export(Which),
    #[serde(rename = "account.delete")]
    Delete(Numbered),
}

/// An account, by its id, by its telephone number, or by what the issuer of a client calls the person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    id: Option<String>,
    phone: Option<String>,
    client: Option<String>,
    subject: Option<String>,
}

/// An account by its id alone. A deletion frees the telephone number and the issuer's name of the person, so a repeated
/// one could not find the account by them, or would find the next account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbered {
    id: String,
}

impl Which {
    async fn read(&self, app: &App) -> Result<Found, Refused> {
        let parts = [&self.id, &self.phone, &self.client, &self.subject].map(Option::as_deref);
        let identity = match parts {
            [Some(id), None, None, None] => return by_id(id),
            [None, Some(phone), None, None] => {
                PhoneNumber::parse(phone).or_else(|| PhoneNumber::mainland(phone)).map(Identity::Phone)
            }
            [None, None, Some(client), Some(subject)] => {
                match ClientId::parse(client).zip(Subject::parse(subject)) {
                    Some((client, subject)) => Some(foreign(app, &client, subject).await?),
                    None => None,
                }
            }
            _ => None,
        };
        identity.map(Found::By).ok_or_else(bad_account)
    }
}

fn by_id(id: &str) -> Result<Found, Refused> {
    AccountId::parse(id).map(Found::ById).ok_or_else(bad_account)
}

fn bad_account() -> Refused {
    const DETAIL: &str = "one of id, an account's number, and phone, a telephone number such as +8613800138000; \
                          or client and subject, what the client's issuer calls the person";
    Refused::new("bad_account", DETAIL)
}

/// The person of this name at the issuer that the client has registered now.
async fn foreign(app: &App, client: &ClientId, subject: Subject) -> Result<Identity, Refused> {
    let client = app.clients.show(client).await?;
    let Some(issuer) = &client.issuer else {
        return Err(Refused::new("no_issuer", "the client has registered no issuer"));
    };
    Ok(Identity::Foreign(ForeignIdentity::of(&client, &issuer.issuer, subject)))
}

/// Carries out a command. Each may be repeated: it says how the account is to be, not by how much to change it.
pub(crate) async fn run(app: &App, command: Command) -> Result<Done, Refused> {
    let (accounts, now) = (&app.accounts, app.service.clock.now());
    let account = match command {
        Command::Find(which) => accounts.find(&which.read(app).await?).await?,
        Command::Lock(which) => {
            accounts.set_status(&which.read(app).await?, AccountStatus::Locked, now).await?
        }
        Command::Unlock(which) => {
            accounts.set_status(&which.read(app).await?, AccountStatus::Active, now).await?
        }
        Command::EndSignIns(which) => accounts.end_sign_ins(&which.read(app).await?, now).await?,
        Command::Export(which) => return export(app, &which.read(app).await?).await,
        Command::Delete(Numbered { id }) => return delete(app, &by_id(&id)?).await,
    };
    Ok(Done::account(account.id).with("account", shown(&account)))
}

/// What the person would download on their account page.
async fn export(app: &App, which: &Found) -> Result<Done, Refused> {
    let account = app.accounts.usable(which).await?;
    let shower = Shower::new(&app.service, &*app.known_clients);
    let export = Export::of(&account, &app.mine, shower, None).await?;
    Ok(Done::account(account.id).with("export", json!(export)))
}

/// Deletes an account, as the person would on their account page. `more` says that records are left, and that the caller
/// repeats the command. A locked account is deleted, too.
async fn delete(app: &App, which: &Found) -> Result<Done, Refused> {
    let account = app.accounts.find(which).await?;
    let is_done = app.mine.delete(&account, app.service.clock.now()).await?;
    Ok(Done::account(account.id).with("more", json!(!is_done)))
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
