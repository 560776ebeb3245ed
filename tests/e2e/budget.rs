//! What a whole login through our own pages takes: requests, and bytes received, as a real browser's network
//! log has them (`docs/decisions/0011-one-file-a-page.md`).

use std::{path::Path, time::Duration};

use serde_json::json;
use tokio::time::Instant;

use crate::{
    browser::{Browser, Glass, Habit, Language::English},
    people::Person,
    phone::fresh_number,
    traffic::Traffic,
};

/// When the person confirms, counted from the QR's appearance.
const CONFIRMED_AFTER: Duration = Duration::from_secs(8);
/// Requests and bytes of the screen and the phone together: in browsers with an empty cache, and the next time.
const FIRST: (usize, u64) = (18, 45_000);
const NEXT: (usize, u64) = (14, 12_288);
/// What a gateway may add to the head of an answer: the id that it gives the request. `make run` has no gateway.
const BYTES_OF_A_GATEWAY: u64 = 40;
/// The bytes that a poll receives while nothing has happened.
const BYTES_OF_A_POLL: u64 = 360;

#[tokio::test]
async fn a_login_takes_few_requests_and_bytes() {
    let person = Person::before(English, Habit::WritesDown).await;
    let phone = Browser::with(English, Glass::Hand, Habit::WritesDown).await;
    let first = a_login(&person, &phone).await;
    // The next time with another number: one number gets one message a minute.
    phone.run("localStorage.clear()").await;
    let next = a_login(&person, &phone).await;
    keep(&[("first", &first), ("next", &next)]);
    let gateway = if person.service.variable("SAOMA_SERVED_BY") == "run" { 0 } else { BYTES_OF_A_GATEWAY };
    within(FIRST, gateway, &first);
    within(NEXT, gateway, &next);
}

struct Measured {
    screen: Traffic,
    phone: Traffic,
    /// Polls that only a slow machine caused: it confirmed later.
    late_polls: usize,
}

/// Signs in by SMS on the phone, and lets the screen in.
async fn a_login(person: &Person, phone: &Browser) -> Measured {
    let screen = &person.screen;
    // Earlier traffic does not count.
    screen.traffic().await;
    phone.traffic().await;
    screen.go_to(&format!("{}/", person.service.url)).await;
    screen.reaches("waiting").await;
    let appeared = Instant::now();
    phone.go_to(&person.reads_the_qr().await).await;
    phone.reaches("phone-number").await;
    person.types_in(phone, &fresh_number()).await;
    tokio::time::sleep_until(appeared + CONFIRMED_AFTER).await;
    person.agrees(phone).await;
    let late = (appeared.elapsed().saturating_sub(CONFIRMED_AFTER)).as_secs();
    phone.reaches("confirmed").await;
    screen.reaches("signed-in").await;
    screen.has("verified", "data-result", "verified").await;
    let late_polls = usize::try_from(late.div_ceil(2)).unwrap();
    Measured { screen: screen.traffic().await, phone: phone.traffic().await, late_polls }
}

impl Measured {
    fn requests(&self) -> usize {
        self.screen.requests.len() + self.phone.requests.len() - self.late_polls
    }

    fn bytes(&self) -> u64 {
        let late = BYTES_OF_A_POLL * u64::try_from(self.late_polls).unwrap();
        self.screen.bytes() + self.phone.bytes() - late
    }
}

fn within((requests, bytes): (usize, u64), gateway: u64, login: &Measured) {
    let bytes = bytes + gateway * u64::try_from(login.requests()).unwrap();
    let told = format!("{:#?}\n{:#?}", login.screen.requests, login.phone.requests);
    assert!(login.requests() <= requests, "{} requests, {requests} allowed: {told}", login.requests());
    assert!(login.bytes() <= bytes, "{} bytes, {bytes} allowed: {told}", login.bytes());
}

/// Stores the figures for `make bench`, which computes their price.
fn keep(logins: &[(&str, &Measured)]) {
    let figures: serde_json::Map<_, _> = logins
        .iter()
        .map(|(name, login)| {
            let requests = login.screen.requests.iter().chain(&login.phone.requests);
            let requests: Vec<_> = requests.map(|(request, bytes)| json!([request, bytes])).collect();
            (
                (*name).to_owned(),
                json!({"requests": login.requests(), "bytes": login.bytes(), "each": requests}),
            )
        })
        .collect();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page-traffic.json");
    std::fs::write(file, serde_json::to_vec_pretty(&figures).unwrap()).unwrap();
}
