//! Sign out.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use saoma_domain::cases;
use saoma_http::{Facts, Problem};

use crate::App;

/// `POST /api/user/logout`: ends this phone's sign-in; its tokens stop counting at once (I7).
pub(crate) async fn logout(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let by = app.phones.verify(&facts, &headers).await?;
    cases::sign_out(&*app.sign_ins, &by.phone.sign_in).await?;
    Ok(StatusCode::NO_CONTENT)
}
