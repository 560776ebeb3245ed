//! The lists, a page at a time.

use axum::extract::State;
use saoma_app::shown::{self, Shower, ShownEntry, ShownLogin, ShownMachine, ShownPair, ShownSignIn};
use saoma_domain::{belongings::Place, history::What};
use saoma_http::{Problem, auth::SignedInPhone, body::Json, query::Query};
use serde::Serialize;

use crate::{App, ids};

/// One page of a list. A page may be empty although more follow.
#[derive(Serialize)]
pub(crate) struct Listed<T> {
    rows: Vec<T>,
    /// What to send as `after` for the next page; `null` on the last one.
    next: Option<String>,
    /// The time by our clock, for differences that a wrong clock of a phone does not spoil.
    now: u64,
}

impl<T> Listed<T> {
    fn of(app: &App, rows: Vec<T>, next: Option<&Place>) -> Json<Self> {
        Json(Self { rows, next: ids::next(next), now: app.service.clock.now().secs() })
    }
}

/// `GET /api/user/sign-ins`: those that are not over.
pub(crate) async fn sign_ins(
    State(app): State<App>,
    phone: SignedInPhone,
    query: Query,
) -> Result<Json<Listed<ShownSignIn>>, Problem> {
    let turn = ids::turn(phone.account.id, &query)?;
    let page = app.mine.sign_ins(&turn, app.service.clock.now()).await?;
    let (mut shower, mut rows) = (Shower::new(&app.service, &*app.clients), Vec::new());
    for sign_in in &page.rows {
        rows.push(shower.sign_in(sign_in, Some(&phone.by.phone.sign_in)).await?);
    }
    Ok(Listed::of(&app, rows, page.next.as_ref()))
}

/// `GET /api/user/logins`: the screens that took a token in the last 90 days, and that their person has not ended.
pub(crate) async fn logins(
    State(app): State<App>,
    phone: SignedInPhone,
    query: Query,
) -> Result<Json<Listed<ShownLogin>>, Problem> {
    let page = app.mine.logins(&ids::turn(phone.account.id, &query)?).await?;
    let (mut shower, mut rows) = (Shower::new(&app.service, &*app.clients), Vec::new());
    for entry in &page.rows {
        if let What::Login(login) = &entry.what {
            rows.push(shower.login(entry, login).await?);
        }
    }
    Ok(Listed::of(&app, rows, page.next.as_ref()))
}

/// `GET /api/user/machines`.
pub(crate) async fn machines(
    State(app): State<App>,
    phone: SignedInPhone,
    query: Query,
) -> Result<Json<Listed<ShownMachine>>, Problem> {
    let page = app.mine.belongings.machines(&ids::turn(phone.account.id, &query)?).await?;
    let rows = page.rows.iter().map(shown::machine).collect();
    Ok(Listed::of(&app, rows, page.next.as_ref()))
}

/// `GET /api/user/pairs`.
pub(crate) async fn pairs(
    State(app): State<App>,
    phone: SignedInPhone,
    query: Query,
) -> Result<Json<Listed<ShownPair>>, Problem> {
    let page = app.mine.belongings.pairs(&ids::turn(phone.account.id, &query)?).await?;
    let (mut shower, mut rows) = (Shower::new(&app.service, &*app.clients), Vec::new());
    for pair in &page.rows {
        rows.push(shower.pair(pair).await?);
    }
    Ok(Listed::of(&app, rows, page.next.as_ref()))
}

/// `GET /api/user/history`: the last 90 days, newest first.
pub(crate) async fn history(
    State(app): State<App>,
    phone: SignedInPhone,
    query: Query,
) -> Result<Json<Listed<ShownEntry>>, Problem> {
    let page = app.mine.belongings.history(&ids::turn(phone.account.id, &query)?).await?;
    let (mut shower, mut rows) = (Shower::new(&app.service, &*app.clients), Vec::new());
    for entry in &page.rows {
        rows.push(shower.entry(entry).await?);
    }
    Ok(Listed::of(&app, rows, page.next.as_ref()))
}
