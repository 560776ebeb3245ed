//! `/tv/*`: a toy dialect. A television opens a session and polls for its token; the phone page does the rest.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    routing::{get, post},
};
use saoma_app::Service;
use saoma_domain::{
    cases::{Logins, View},
    ports::Clients,
    secrets::TokenId,
    session::{Dialect, Flow, RedeemKey, Standing},
};
use saoma_http::{
    Facts, Problem,
    body::Json,
    cookie::ScreenKey,
    harden::{as_problem, hardened},
    query::Query,
    screen::{self, Wanted},
};
use serde::Serialize;

/// What the toy needs.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct App {
    pub service: Service,
    pub logins: Logins,
    pub clients: Arc<dyn Clients>,
}

/// The function's routes.
pub fn router(app: App) -> Router {
    let service = app.service.clone();
    let routes = Router::new().route("/tv/open", post(open)).route("/tv/poll", get(poll)).with_state(app);
    hardened(routes, &service, as_problem)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    code: String,
    poll_token: String,
}

async fn open(State(app): State<App>, facts: Facts, query: Query) -> Result<Json<Opened>, Problem> {
    let client = screen::client_in(&query, &app.service, &*app.clients, Dialect::Tv, "tv").await?;
    let wanted = Wanted { flow: Flow::Tv, client: &client, replaces: None };
    let opened = screen::open(&app.service, &app.logins, &facts, wanted).await?;
    Ok(Json(Opened { code: opened.session.code.to_string(), poll_token: opened.key.reveal() }))
}

#[derive(Serialize)]
struct Polled {
    state: &'static str,
    token: Option<String>,
}

async fn poll(State(app): State<App>, facts: Facts, headers: HeaderMap) -> Result<Json<Polled>, Problem> {
    let key = ScreenKey::from_header(&headers).ok_or_else(Problem::no_screen)?;
    let View::Screen(session) = app.logins.status(&key.code, Dialect::Tv, Some(&key.secret)).await? else {
        return Err(Problem::not_found());
    };
    let now = app.service.clock.now();
    let state = match session.standing(now) {
        Standing::Waiting => "waiting",
        Standing::Scanned => "scanned",
        Standing::Confirmed | Standing::Redeemed => {
            let id = TokenId::random(&*app.service.random);
            let taken = app.logins.redeem(session, RedeemKey::Screen(key.secret), id, now).await?;
            let (issuer, life) =
                (app.service.public_url(facts.domain())?, app.service.settings.access_token_life);
            let (session, account) = (&taken.session, taken.account.id);
            let keys = &app.service.keys;
            let minted =
                keys.mint_screen_token(&issuer, session, account, &taken.redemption, taken.method, life)?;
            return Ok(Json(Polled { state: "signed_in", token: Some(minted.token) }));
        }
        Standing::Cancelled(_) | Standing::Expired => "over",
    };
    Ok(Json(Polled { state, token: None }))
}
