//! `/api/device/*`: the phones that can be pushed to.
//!
//! | call | file |
//! |---|---|
//! | `POST /api/device/push` | [`register`] |
//! | `DELETE /api/device/push` | [`unregister`] |

mod register;
mod unregister;

use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::post};
use saoma_app::{Notices, Service};
use saoma_domain::{
    ports::{Push, PushEndpoints},
    push::{PushPlatform, PushToken},
};
use saoma_http::{
    Problem,
    auth::Phones,
    harden::{as_problem, hardened},
};
use serde::Deserialize;

/// What these endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub endpoints: Arc<dyn PushEndpoints>,
    pub push: Arc<dyn Push>,
    pub notices: Notices,
}

impl FromRef<App> for Phones {
    fn from_ref(app: &App) -> Self {
        app.phones.clone()
    }
}

/// The function's routes.
pub fn router(app: App) -> Router {
    let service = app.service.clone();
    let routes = Router::new()
        .route("/api/device/push", post(register::register).delete(unregister::unregister))
        .with_state(app);
    hardened(routes, &service, as_problem)
}

/// The push service and its token for a phone, as the app sends them.
#[derive(Deserialize)]
struct Named {
    platform: String,
    token: String,
}

impl Named {
    fn read(&self) -> Result<(PushPlatform, PushToken), Problem> {
        const PLATFORM: Problem = Problem::bad_request("unknown_platform", "platform is APNs or FCM.");
        const TOKEN: Problem = Problem::bad_request(
            "malformed_push_token",
            "token is what the platform gave the app: 8 to 2048 characters.",
        );
        let platform = PushPlatform::parse(&self.platform).ok_or(PLATFORM)?;
        Ok((platform, PushToken::parse(&self.token).ok_or(TOKEN)?))
    }
}
