//! Whether a phone saw the QR on the screen itself (`docs/security.md` L1): checked here for every call of a phone that
//! names a session by what a QR held.

use axum::http::{HeaderMap, HeaderValue};
use saoma_app::Service;
use saoma_domain::{
    cases::Target,
    ports::KeyedTag,
    rotation::{Sighting, receipt},
    scan::Scanned,
    session::{Dialect, Refusal},
};

use crate::{Facts, Problem, cookie};

/// The session that a phone acts on, and what shows that the phone saw its QR: a tag that counts, or the receipt in the
/// browser's cookie. The store is not asked.
///
/// # Errors
/// 500, when the service has no address.
pub async fn target(
    service: &Service,
    facts: &Facts,
    headers: &HeaderMap,
    scanned: &Scanned,
    dialect: Option<Dialect>,
) -> Result<Target, Problem> {
    let public_url = service.public_url(facts.domain())?;
    let held: Option<KeyedTag> = cookie::receipt(headers, &scanned.code, &public_url);
    let (keys, now) = (&*service.keys, service.clock.now());
    let sighting = Sighting::check(keys, scanned, held.as_ref(), now).await;
    Ok(Target { code: scanned.code.clone(), dialect, sighting })
}

/// The `Set-Cookie` of the receipt for a session whose QR the phone saw. It holds until the session is over.
///
/// # Errors
/// 403 `stale_code` for a phone that has only a copy.
pub fn keep_receipt(service: &Service, facts: &Facts, target: &Target) -> Result<HeaderValue, Problem> {
    let public_url = service.public_url(facts.domain())?;
    let receipt =
        receipt(&*service.keys, &target.sighting).ok_or_else(|| Problem::from(Refusal::StaleCode))?;
    cookie::keep_receipt(&receipt, &target.code, &public_url, service.settings.session_life.as_secs())
}
