//! Who is signed in on this phone.

use axum::extract::State;
use saoma_domain::identity::PhoneNumber;
use saoma_http::{auth::SignedInPhone, body::Json};
use serde::Serialize;

use crate::App;

/// The person's account, and this phone's sign-in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    member_id: String,
    nick_name: String,
    phone_number: Option<String>,
    created_at: u64,
    sign_in: String,
    method: &'static str,
    now: u64,
}

/// `GET /api/user/me`.
pub(crate) async fn me(State(app): State<App>, phone: SignedInPhone) -> Json<Me> {
    let account = &phone.account;
    Json(Me {
        member_id: account.id.to_string(),
        nick_name: account.nick_name(),
        phone_number: account.phone_number.as_ref().map(PhoneNumber::as_str).map(str::to_owned),
        created_at: account.created_at.secs(),
        sign_in: phone.by.phone.sign_in.as_str().to_owned(),
        method: phone.method.as_str(),
        now: app.service.clock.now().secs(),
    })
}
