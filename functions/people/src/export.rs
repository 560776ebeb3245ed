//! What a person may download of what we keep about them.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use saoma_app::{Export, shown::Shower};
use saoma_http::{Problem, auth::SignedInPhone, body::Json};

use crate::App;

/// `GET /api/user/export`: as a file.
pub(crate) async fn export(State(app): State<App>, phone: SignedInPhone) -> Result<Response, Problem> {
    let shower = Shower::new(&app.service, &*app.clients);
    let export = Export::of(&phone.account, &app.mine, shower, Some(&phone.by.phone.sign_in)).await?;
    let as_file = [(header::CONTENT_DISPOSITION, "attachment; filename=\"account.json\"")];
    Ok((as_file, Json(export)).into_response())
}
