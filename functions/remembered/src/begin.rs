//! A region asks for a login.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{
    cases::Asked,
    identity::AccountId,
    session::{DeviceId, LoginPolicy},
};
use saoma_http::{Problem, auth, body::Json};
use serde::Deserialize;

use crate::{App, told::Told};

/// What the region asks for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asking {
    region: String,
    device_id: Option<String>,
    uin: Option<u64>,
    login_policy: Option<i64>,
}

/// `POST /login/getLoginQrcodeV2`: acknowledged at once, answered later.
///
/// The region is authenticated before its body is checked, so only a registered region learns what is wrong with its
/// body.
pub(crate) async fn begin(
    State(app): State<App>,
    headers: HeaderMap,
    asking: Result<Json<Asking>, Problem>,
) -> Result<Json<Told>, Problem> {
    let client = app.region(&headers).await?;
    let Json(asking) = asking?;
    if asking.region != client.id.as_str() {
        return Err(auth::INVALID_CLIENT.of_client(&client.id));
    }
    let asked = Asked {
        opener: auth::opener(&app.service, &*app.clients, &headers, &client).await?,
        ..read(&asking)?
    };
    let now = app.service.clock.now();
    app.service.pace.open_for(&client.id, now).map_err(Problem::too_many)?;
    let session = app.logins.begin(&client, asked, now).await?;
    let trace = session.trace_id();
    tracing::info!(trace_id = trace, region = client.id.as_str(), asks = session.is_prompt(), "login asked");
    Ok(Json(Told::good(trace)))
}

fn read(asking: &Asking) -> Result<Asked, Problem> {
    const DEVICE: Problem =
        Problem::bad_request("malformed_device_id", "deviceId has 32 hexadecimal characters.");
    const PERSON: Problem = Problem::bad_request("malformed_uin", "uin is an account's number.");
    const POLICY: Problem =
        Problem::bad_request("unknown_login_policy", "loginPolicy is 0 (iPad), 1 (PC) or 2 (Mac).");
    let device = asking.device_id.as_deref().filter(|device| !device.is_empty());
    let person = asking.uin.map(|uin| AccountId::parse(&uin.to_string()).ok_or(PERSON));
    let policy = asking.login_policy.map(|number| LoginPolicy::asked(number).ok_or(POLICY));
    Ok(Asked {
        device: device.map(|device| DeviceId::parse(device).ok_or(DEVICE)).transpose()?,
        person: person.transpose()?,
        policy: policy.transpose()?.unwrap_or_default(),
        opener: None,
    })
}
