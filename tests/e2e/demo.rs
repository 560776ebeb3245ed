//! The demo of `make run` (`tests/local/demo.py`): a whole login in one window, in a minute.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    browser::Language::{self, Chinese, English},
    people::Person,
    service::eventually,
};

/// How long a newcomer has.
const A_MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_newcomer_sees_a_whole_login_english() {
    a_newcomer_sees_a_whole_login(English).await;
}

#[tokio::test]
async fn a_newcomer_sees_a_whole_login_chinese() {
    a_newcomer_sees_a_whole_login(Chinese).await;
}

#[expect(clippy::disallowed_methods, reason = "it measures how long a newcomer takes")]
async fn a_newcomer_sees_a_whole_login(language: Language) {
    let person = Person::at_a_blank_screen(language).await;
    let window = &person.screen;
    let began = Instant::now();
    window.go_to(&person.service.variable("SAOMA_DEMO")).await;
    // The widget has a code: the phone can read it.
    person.reads_the_qr().await;
    window.press_at("#scan").await;
    window.press_at("#number-form button").await;
    window.press_at("#sms").await;
    let number = async || {
        let shown = "return document.querySelector('saoma-sign-in').shadowRoot.querySelector('[part=number]').textContent";
        window.run(shown).await.as_str().filter(|number| !number.is_empty()).map(str::to_owned)
    };
    let number = eventually("a number on the site", number).await;
    window.press_at(&format!("#numbers input[value='{number}']")).await;
    let asked = began.elapsed();
    person.shoot_screen("demo-question").await;
    let went_on = Instant::now();
    window.press_at("#question [type=submit]").await;
    window.reaches("signed-in").await;
    let took = asked + went_on.elapsed();
    assert!(took < A_MINUTE, "{took:?}");
    assert_ne!(window.run("return document.getElementById('name').textContent").await, json!(""));
    person.shoot_screen("demo-signed-in").await;
    let log = window.run("return document.getElementById('log').innerText").await;
    for step in ["POST /q/…/confirm → 200", "widget: signed-in", "POST /qr/ticket → 200"] {
        assert!(log.as_str().unwrap().contains(step), "no {step}: {log}");
    }
}
