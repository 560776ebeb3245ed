//! What a person, or an operator for them, downloads of what we keep about them (`docs/people.md` says what is left out).

use saoma_domain::{
    account::{Account, VisitCount},
    cases::Mine,
    identity::{PhoneNumber, SignInId},
    ports::StoreError,
    push::PushEndpoint,
};
use serde::Serialize;

use crate::shown::{self, Shower, ShownEntry, ShownMachine, ShownPair, ShownSignIn};

/// All that is kept of an account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    #[serde(rename = "exportedAt")]
    made_at: u64,
    account: ExportedAccount,
    sign_ins: Vec<ShownSignIn>,
    history: Vec<ShownEntry>,
    machines: Vec<ShownMachine>,
    pairs: Vec<ShownPair>,
    pushes: Vec<ExportedPush>,
    visits: ExportedVisits,
    /// Whether a list was too long for one answer. The person's own lists have the rest, page by page.
    is_cut: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedAccount {
    member_id: String,
    phone_number: Option<String>,
    status: &'static str,
    created_at: u64,
}

/// A phone that is pushed to. Its address is the push service's, and of no use to the person.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedPush {
    platform: &'static str,
    sign_in: String,
    registered_at: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedVisits {
    count: u64,
    last_at: Option<u64>,
    last_ip: Option<String>,
}

impl Export {
    /// Reads the export of an account. `current` is the sign-in whose own token asks; an operator has none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of(
        account: &Account,
        mine: &Mine,
        mut shower: Shower<'_>,
        current: Option<&SignInId>,
    ) -> Result<Self, StoreError> {
        let all = mine.everything(account.id).await?;
        let (mut sign_ins, mut history, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for sign_in in &all.sign_ins {
            sign_ins.push(shower.sign_in(sign_in, current).await?);
        }
        for entry in &all.history {
            history.push(shower.entry(entry).await?);
        }
        for pair in &all.pairs {
            pairs.push(shower.pair(pair).await?);
        }
        Ok(Self {
            made_at: shower.service.clock.now().secs(),
            account: ExportedAccount {
                member_id: account.id.to_string(),
                phone_number: account.phone_number.as_ref().map(PhoneNumber::as_str).map(str::to_owned),
                status: account.status.as_str(),
                created_at: account.created_at.secs(),
            },
            sign_ins,
            history,
            machines: all.machines.iter().map(shown::machine).collect(),
            pairs,
            pushes: all.endpoints.iter().map(push).collect(),
            visits: visits(&all.visits),
            is_cut: all.is_cut,
        })
    }
}

fn push(endpoint: &PushEndpoint) -> ExportedPush {
    ExportedPush {
        platform: endpoint.platform.as_str(),
        sign_in: endpoint.owner.sign_in.as_str().to_owned(),
        registered_at: endpoint.registered_at.secs(),
    }
}

fn visits(visits: &VisitCount) -> ExportedVisits {
    let counted = visits.count > 0;
    ExportedVisits {
        count: visits.count,
        last_at: counted.then(|| visits.last_at.secs()),
        last_ip: visits.last_ip.map(|ip| ip.to_string()),
    }
}
