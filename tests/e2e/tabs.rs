//! Several tabs of one browser, and pages that are loaded before a person sees them.

use std::time::Duration;

use serde_json::json;

use crate::{
    browser::Language::{self, Chinese, English},
    people::Person,
};

// F6
#[tokio::test]
async fn a_page_that_is_loaded_ahead_claims_no_code() {
    let person = Person::at_a_screen(English).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    phone.press("cancel").await;
    phone.reaches("cancelled").await;
    person.screen.press("new-code").await;
    person.screen.reaches("waiting").await;

    let address = person.reads_the_qr().await;
    phone.devtools("Page.setBypassCSP", json!({"enabled": true})).await;
    phone.go_to(&format!("{}/phone", person.service.url)).await;
    let path = address.rsplit_once('/').unwrap().1;
    let ahead = format!(
        "const rules = document.createElement('script'); rules.type = 'speculationrules'; \
         rules.textContent = JSON.stringify({{prerender: [{{source: 'list', urls: ['/q/{path}'], eagerness: 'immediate'}}]}}); \
         document.head.append(rules)"
    );
    phone.run(&ahead).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let state = person.screen.run("return document.querySelector('main').dataset.state").await;
    assert_eq!(state, "waiting", "claimed by a page that was only loaded ahead");
    phone.run(&format!("location.href = '/q/{path}'")).await;
    phone.reaches("consent").await;
    let activated =
        phone.run("return performance.getEntriesByType('navigation')[0].activationStart > 0").await;
    assert_eq!(activated, true, "the browser loaded nothing ahead, so this test saw nothing");
    person.screen.reaches("scanned").await;
}

// F6
#[tokio::test]
async fn a_second_tab_leaves_the_first_ones_code_alive() {
    let person = Person::at_a_screen(English).await;
    let (screen, first) = (&person.screen, person.screen.tab().await);
    let code = person.code().await;
    let second = screen.new_tab(&format!("{}/", person.service.url)).await;
    screen.reaches("waiting").await;
    assert_ne!(person.code().await, code);

    screen.switch_to(&first).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    screen.reaches("signed-in").await;
    screen.has("verified", "data-result", "verified").await;
    screen.switch_to(&second).await;
    screen.reaches("waiting").await;
}

// C6: each tab still ends its own code when its person asks for another.
#[tokio::test]
async fn a_new_code_ends_the_one_before_it() {
    let person = Person::at_a_screen(English).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.screen.reaches("scanned").await;
    // The number of this code; the next one has another.
    person.picks(&phone).await;
    person.screen.press("restart").await;
    person.screen.reaches("waiting").await;
    phone.press("confirm").await;
    phone.reaches("gone").await;
}

// F7
#[tokio::test]
async fn a_doubled_tab_says_that_the_other_signed_in_english() {
    a_doubled_tab_says_that_the_other_signed_in(English).await;
}

// F7
#[tokio::test]
async fn a_doubled_tab_says_that_the_other_signed_in_chinese() {
    a_doubled_tab_says_that_the_other_signed_in(Chinese).await;
}

async fn a_doubled_tab_says_that_the_other_signed_in(language: Language) {
    let person = Person::at_a_screen(language).await;
    let (screen, first) = (&person.screen, person.screen.tab().await);
    let code = person.code().await;
    // As "duplicate tab" does, this copies what the tab keeps.
    screen.run("window.open(location.href)").await;
    let double = screen.newest_tab().await;
    screen.switch_to(&double).await;
    screen.reaches("waiting").await;
    assert_eq!(person.code().await, code);
    screen.devtools("Page.setWebLifecycleState", json!({"state": "frozen"})).await;

    screen.switch_to(&first).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    screen.reaches("signed-in").await;

    screen.wakes(&double).await;
    screen.reaches("used").await;
    person.shoot_screen("screen-used").await;
}

// F6: a tab that is out of sight follows its login late, when the ticket in its address is too old.
#[tokio::test]
async fn a_tab_whose_ticket_grew_old_gets_a_fresh_one() {
    let person = Person::at_a_screen(English).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.picks(&phone).await;
    let follows = "const { pollToken } = JSON.parse(sessionStorage.getItem('saoma.screen')); \
         sessionStorage.setItem('saoma.screen.redeeming', JSON.stringify(pollToken))";
    person.screen.run(follows).await;
    person.screen.go_to("about:blank").await;
    phone.press("confirm").await;
    phone.reaches("confirmed").await;
    person.screen.go_to(&format!("{}/welcome?ticket=too-old", person.service.url)).await;
    person.screen.reaches("signed-in").await;
    person.screen.has("verified", "data-result", "verified").await;
    // A ticket of no use signs in no tab that showed no code.
    person.screen.go_to(&format!("{}/welcome?ticket=too-old", person.service.url)).await;
    person.screen.reaches("failed").await;
}
