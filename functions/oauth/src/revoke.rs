//! A client gives a token up (RFC 7009).

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use saoma_domain::{cases::SignInError, client::Client, identity::Phone, secrets::Secret};
use saoma_http::{Facts, Problem, body::Form, query::Query};

use crate::{
    App, behind,
    client::{Authenticated, client},
    cors,
    refused::missing,
};

/// `POST /oauth/revoke`: ends the sign-in that a refresh or access token belongs to, so that neither counts any more.
/// A token that is unknown, over, or another client's is left alone, and the answer is the same (RFC 7009 section 2.2,
/// `docs/security.md` E16).
pub(crate) async fn revoke(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Problem> {
    let found = client(&app, &facts, &headers, &form).await?;
    found.answered(|found| end(&app, &facts, &form, found)).await?;
    Ok(cors::readable(StatusCode::OK.into_response()))
}

async fn end(
    app: &App,
    facts: &Facts,
    form: &Query,
    Authenticated { client, spends }: Authenticated,
) -> Result<(), Problem> {
    let token = form.get("token").ok_or(missing("token is missing."))?;
    if let Some(screen) = screen_of(app, facts, &client, token).await? {
        spends.spend(app).await?;
        app.screens.end(&screen).await?;
    }
    Ok(())
}

/// The sign-in that a refresh or access token of this client belongs to.
async fn screen_of(app: &App, facts: &Facts, client: &Client, token: &str) -> Result<Option<Phone>, Problem> {
    if let Some(secret) = Secret::presented(token) {
        match app.screens.behind(client, &secret, app.service.clock.now()).await {
            Ok((found, _)) => return Ok(Some(found.sign_in.phone())),
            Err(SignInError::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    let found = behind::access_token(app, facts, token).await?.map(|(granted, _)| granted);
    let own = found.filter(|granted| granted.client == client.id);
    Ok(own.map(|granted| Phone { account: granted.account, sign_in: granted.sign_in }))
}
