//! A phone signs out.

use axum::{extract::State, http::StatusCode};
use saoma_http::{Problem, auth::Caller};

use crate::App;

/// `POST /api/user/logout`: ends this phone's sign-in; its tokens stop counting at once (`docs/security.md` I7).
/// A phone whose answer was lost repeats the call and gets the same answer, so a sign-in that is over already is not
/// refused. The token must still be one that we signed and that is good now.
pub(crate) async fn logout(State(app): State<App>, Caller(by): Caller) -> Result<StatusCode, Problem> {
    app.people.sign_out(&by.phone).await?;
    Ok(StatusCode::NO_CONTENT)
}
