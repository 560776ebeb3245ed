//! What a code by SMS costs a browser, and what a browser saves that signed in before (`docs/accounts.md`).

use serde_json::Value;

use crate::{
    browser::Language::English,
    people::Person,
    phone::{Phone, fresh_number},
    proxy::Proxy,
};

/// Messages in a number's open lane that are free in a day.
const FREE: usize = 4;
/// Searches in one puzzle.
const PARTS: usize = 16;
/// Notes what the line below the number's field says, each time that it changes.
const LISTENS: &str = "window.said = []; const line = document.querySelector('[data-testid=phone-problem]'); \
     const note = () => window.said.push(line.offsetParent ? line.innerText : ''); \
     new MutationObserver(note).observe(line, {childList: true, attributes: true})";

// D2 K5 K8: the worker solves what the service asks for, and the next time the browser has a lane of its own.
#[tokio::test]
async fn a_browser_solves_a_puzzle_for_its_first_code_and_is_known_for_the_next() {
    let person = Person::at_a_blank_screen(English).await;
    let (page, number) = (&person.screen, fresh_number());
    // A code that was used makes no caller wait for the next one.
    for _ in 0..FREE {
        Phone::of(&person.service, &number).await;
    }
    let proxy = Proxy::before(&person.service, "POST /api/user/sendCode", |_, answer| answer).await;
    page.go_to(&format!("{}/phone", proxy.url)).await;
    page.reaches("phone-number").await;
    page.run(LISTENS).await;
    person.types_in_until(page, &number, "prompts").await;

    let bodies = proxy.bodies();
    let [plain, solved] = bodies.as_slice() else { panic!("one puzzle: {bodies:?}") };
    assert!(plain["puzzle"].is_null() && plain["known"].is_null(), "{plain}");
    let solution = solved["puzzle"].as_str().unwrap();
    assert_eq!(solution.split(',').count(), PARTS, "{solution}");
    assert_eq!(solved["challenge"], plain["challenge"]);
    let said = page.run("return window.said").await;
    let told = |text: &Value| text.as_str().unwrap().starts_with("Many codes are being asked for.");
    let said = said.as_array().unwrap();
    assert!(said.iter().any(told) && said.last().is_some_and(|last| last == ""), "{said:?}");

    // The sign-in ran out. The open lane still costs a puzzle.
    let known = page.run("return JSON.parse(localStorage['saoma.known'])[0]").await;
    assert_eq!(known[0], number);
    page.run("localStorage.removeItem('saoma.account')").await;
    page.reload().await;
    page.reaches("phone-number").await;
    person.types_in_until(page, &number, "prompts").await;
    let bodies = proxy.bodies();
    assert_eq!(bodies.len(), 3, "{bodies:?}");
    assert_eq!(bodies[2]["known"], known[1]);
    assert!(bodies[2]["puzzle"].is_null(), "{}", bodies[2]);
}
