//! The QR that rotates, as cameras and people see it (`docs/web.md`).

use std::{collections::BTreeSet, time::Duration};

use saoma_app::system::SystemClock;
use saoma_domain::ports::Clock;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    browser::{
        Browser, Glass,
        Language::{self, Chinese, English},
    },
    people::Person,
    phone::fresh_number,
    qr,
    service::eventually,
    tables::Tables,
};

/// How long each QR is shown.
const FRAME: Duration = Duration::from_secs(15);
/// After so long a copy is worthless.
const MINUTE: Duration = Duration::from_mins(1);

/// What a QR holds: the session's code, and the tag.
fn parts(address: &str) -> (&str, &str) {
    address.rsplit('/').next().unwrap().split_once('-').unwrap()
}

/// Waits until another QR is on the screen, and says when it was first read.
async fn changes(person: &Person, old: &str) -> Instant {
    while person.reads_the_qr().await == old {
        sleep(Duration::from_millis(50)).await;
    }
    Instant::now()
}

// L1: two readers read whatever moment is photographed, also while one QR takes the place of the other.
#[tokio::test]
async fn every_moment_around_a_change_can_be_read() {
    let person = Person::at_a_screen(English).await;
    let first = person.reads_the_qr().await;
    let change = changes(&person, &first).await;
    let mut tags = BTreeSet::from([parts(&first).1.to_owned()]);
    for nth in 1..=2_u32 {
        // Odd distances, so that the moments differ.
        let around = change + FRAME * nth - Duration::from_millis(1500);
        sleep_until(around).await;
        while Instant::now() < around + Duration::from_secs(3) {
            let picture = person.screen.screenshot().await;
            let address = qr::read(&picture);
            assert_eq!(parts(&address).0, parts(&first).0, "the code stays");
            tags.insert(parts(&address).1.to_owned());
            sleep(Duration::from_millis(37)).await;
        }
    }
    assert_eq!(tags.len(), 4, "each QR has a tag of its own");
}

// L1
#[tokio::test]
async fn a_screenshot_is_a_copy_a_minute_later_and_the_screen_still_signs_in_english() {
    a_screenshot_is_a_copy_a_minute_later_and_the_screen_still_signs_in(English).await;
}

// L1
#[tokio::test]
async fn a_screenshot_is_a_copy_a_minute_later_and_the_screen_still_signs_in_chinese() {
    a_screenshot_is_a_copy_a_minute_later_and_the_screen_still_signs_in(Chinese).await;
}

async fn a_screenshot_is_a_copy_a_minute_later_and_the_screen_still_signs_in(language: Language) {
    let person = Person::at_a_screen(language).await;
    let copy = person.reads_the_qr().await;
    // L11: a receipt is of one browser. This one read the QR in time, and its person does not sign in.
    let in_time = Browser::open(language, Glass::Hand).await;
    in_time.go_to(&copy).await;
    in_time.reaches("phone-number").await;
    sleep(MINUTE).await;
    let late = Browser::open(language, Glass::Hand).await;
    late.go_to(&copy).await;
    late.reaches("error").await;
    late.has("page", "data-code", "stale_code").await;
    person.shoot(&late, "phone-copy").await;
    let live = person.scans().await;
    person.signs_in(&live).await;
    person.agrees(&live).await;
    live.reaches("confirmed").await;
    person.screen.reaches("signed-in").await;
}

// L12
#[tokio::test]
async fn a_person_who_scans_in_time_is_let_in_minutes_later() {
    let person = Person::at_a_screen(English).await;
    let phone = person.scans().await;
    phone.reaches("phone-number").await;
    sleep(2 * MINUTE).await;
    // The tag is long stale, also after a reload.
    phone.run("location.reload()").await;
    phone.reaches("phone-number").await;
    person.types_in(&phone, &fresh_number()).await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    person.screen.reaches("signed-in").await;
}

// L5: `SAOMA_SLEEP_SECONDS` makes it sleep for longer than a minute, for a run by hand. After five minutes its session is over,
// and the page shows another.
#[tokio::test]
async fn a_page_that_slept_shows_a_good_qr_when_it_wakes() {
    let person = Person::at_a_screen(English).await;
    let before = person.reads_the_qr().await;
    let wanted = person.service.environment()("SAOMA_SLEEP_SECONDS");
    let nap = wanted.map_or(MINUTE, |seconds| Duration::from_secs(seconds.parse().unwrap()));
    let ends = "return JSON.parse(sessionStorage.getItem('saoma.screen')).endsAt";
    let ends = person.screen.run(ends).await.as_u64().unwrap();
    let tab = person.screen.sleeps().await;
    sleep(nap).await;
    let (woken, lives) = (Instant::now(), SystemClock.now().millis() < ends);
    person.screen.wakes(&tab).await;
    let shown = changes(&person, &before).await;
    assert!(shown - woken < FRAME, "{:?}", shown - woken);
    let after = person.reads_the_qr().await;
    assert_eq!(parts(&after).0 == parts(&before).0, lives, "{before} {after}");
    println!("after {nap:?} of sleep, another QR was read {:?} after waking", shown - woken);
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.screen.reaches("scanned").await;
}

// L5: as after ten minutes or an hour. The page knows nothing of the end of its session until it wakes.
#[tokio::test]
async fn a_page_that_slept_past_the_end_of_its_session_shows_a_good_qr_when_it_wakes() {
    let person = Person::at_a_screen(English).await;
    let before = person.code().await;
    let tab = person.screen.sleeps().await;
    Tables::of(&person.service).expire(&before).await;
    sleep(Duration::from_secs(3)).await;
    let woken = Instant::now();
    person.screen.wakes(&tab).await;
    let another = async || (person.code().await != before).then_some(());
    eventually("another code", another).await;
    assert!(woken.elapsed() < FRAME, "{:?}", woken.elapsed());
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.screen.reaches("scanned").await;
}

// L6
#[tokio::test]
async fn a_page_whose_clock_is_wrong_shows_a_good_qr() {
    let person = Person::at_a_blank_screen(English).await;
    let an_hour_fast =
        "const now = Date.now.bind(Date); window.skew = 3600e3; Date.now = () => now() + window.skew";
    person.screen.prepare(an_hour_fast).await;
    person.screen.go_to(&format!("{}/", person.service.url)).await;
    person.screen.reaches("waiting").await;
    let first = person.reads_the_qr().await;
    changes(&person, &first).await;
    // And it jumps back. What it measured since the last answer of the service counts no more.
    let before = person.reads_the_qr().await;
    person.screen.run("window.skew = 0").await;
    changes(&person, &before).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    person.screen.reaches("signed-in").await;
}

// L6: a clock that is set forward ends no code that a person is about to confirm.
#[tokio::test]
async fn a_clock_that_jumps_forward_ends_no_code() {
    let person = Person::at_a_blank_screen(English).await;
    let jumps = "const now = Date.now.bind(Date); window.skew = 0; Date.now = () => now() + window.skew";
    person.screen.prepare(jumps).await;
    person.screen.go_to(&format!("{}/", person.service.url)).await;
    person.screen.reaches("waiting").await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.screen.reaches("scanned").await;
    person.screen.run("window.skew = 3600e3").await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(person.screen.text("countdown").await, "00:00");
    person.agrees(&phone).await;
    person.screen.reaches("signed-in").await;
}

// L8
#[tokio::test]
async fn a_reload_goes_on_with_the_qr_of_that_moment() {
    let person = Person::at_a_screen(English).await;
    let first = person.reads_the_qr().await;
    changes(&person, &first).await;
    person.screen.run("location.reload()").await;
    person.screen.reaches("waiting").await;
    let after = person.reads_the_qr().await;
    assert_eq!(parts(&after).0, parts(&first).0, "the same session");
    assert_ne!(parts(&after).1, parts(&first).1, "not the QR that came first");
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.screen.reaches("scanned").await;
}

// The browser inside some apps has no tabs: the phone's page opens in the place of the code.
#[tokio::test]
async fn the_link_beside_the_qr_opens_a_tab_or_the_page_itself() {
    let person = Person::at_a_screen(English).await;
    person.screen.press("open-here").await;
    let tab = person.screen.newest_tab().await;
    person.screen.switch_to(&tab).await;
    person.screen.reaches("phone-number").await;
    let kept = "return Object.keys(sessionStorage).includes('saoma.screen')";
    assert_eq!(person.screen.run(kept).await, false, "the secret of the code");
    let person = Person::at_a_screen(English).await;
    person.screen.run("window.open = () => null").await;
    person.screen.press("open-here").await;
    person.screen.reaches("phone-number").await;
}

// A person who cannot hold a camera to the screen goes on in the same browser.
#[tokio::test]
async fn the_link_beside_the_qr_is_the_qr() {
    let person = Person::at_a_screen(English).await;
    let first = person.reads_the_qr().await;
    changes(&person, &first).await;
    let link = person.screen.run("return document.querySelector('[data-testid=open-here]').href").await;
    let here = Browser::open(English, Glass::Desk).await;
    here.go_to(link.as_str().unwrap()).await;
    person.signs_in(&here).await;
    person.screen.reaches("scanned").await;
}
