//! A phone signs out.

use axum::{extract::State, http::StatusCode};
use saoma_http::{Problem, auth::SignedInPhone};

use crate::App;

/// `POST /api/user/logout`: ends this phone's sign-in; its tokens stop counting at once (`docs/security.md` I7).
pub(crate) async fn logout(
    State(app): State<App>,
    SignedInPhone { by, .. }: SignedInPhone,
) -> Result<StatusCode, Problem> {
    app.people.sign_out(&by.phone).await?;
    Ok(StatusCode::NO_CONTENT)
}
