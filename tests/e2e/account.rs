//! A person at their own page, in a real browser, in both languages.

use aws_sdk_dynamodb::types::AttributeValue;
use saoma_app::system::SystemClock;
use saoma_domain::ports::Clock;
use serde_json::{Value, json};

use crate::{
    browser::{
        Browser, Glass,
        Language::{self, Chinese, English},
    },
    people::Person,
    phone::{fresh_number, sms_code},
    screen::Screen,
    service::eventually,
    tables::{Item, Tables},
};

/// How long the mark of a deleted account stays (`docs/people.md`), in seconds, with some room.
const MARK: u64 = 400 * 86_400 + 3600;

#[tokio::test]
async fn a_person_ends_a_phone_and_leaves_english() {
    a_person_ends_a_phone_and_leaves(English).await;
}

#[tokio::test]
async fn a_person_ends_a_phone_and_leaves_chinese() {
    a_person_ends_a_phone_and_leaves(Chinese).await;
}

/// The rows of a list on the page.
async fn rows(browser: &Browser, list: &str) -> u64 {
    let script = format!("return document.querySelectorAll('#{list} > li:not(.none)').length");
    browser.run(&script).await.as_u64().unwrap_or_default()
}

async fn has_rows(browser: &Browser, list: &str, count: u64) {
    eventually(&format!("{count} rows of {list}"), async || {
        (rows(browser, list).await == count).then_some(())
    })
    .await;
}

/// Presses the Tab key until the keyboard's focus is on this element.
async fn tabs_to(browser: &Browser, selector: &str) {
    let there = format!("return document.activeElement === document.querySelector({})", json!(selector));
    for _ in 0..10 {
        browser.press_key("Tab", 9, "").await;
        if browser.run(&there).await == true {
            return;
        }
    }
    panic!("the Tab key does not lead to {selector}");
}

/// The name and the description that a screen reader says of the button with the keyboard's focus.
async fn spoken_button(browser: &Browser) -> (String, String) {
    let tree = browser.devtools("Accessibility.getFullAXTree", json!({})).await;
    let has_focus = |node: &&Value| {
        let mut properties = node["properties"].as_array().into_iter().flatten();
        let focused = properties.any(|each| each["name"] == "focused" && each["value"]["value"] == true);
        node["role"]["value"] == "button" && focused
    };
    let button = tree["nodes"].as_array().unwrap().iter().find(has_focus).expect("a button with the focus");
    let text = |field: &str| button[field]["value"].as_str().unwrap_or_default().to_owned();
    (text("name"), text("description"))
}

/// What this browser keeps of its sign-in.
async fn kept(browser: &Browser) -> Value {
    let kept = browser.run("return localStorage.getItem('saoma.account')").await;
    serde_json::from_str(kept.as_str().unwrap()).unwrap()
}

/// Signs in on this browser by SMS, by way of `/account`, and comes back there.
async fn signs_in(person: &Person, browser: &Browser, number: &str) {
    browser.go_to(&format!("{}/account", person.service.url)).await;
    browser.reaches("signed-out").await;
    person.shoot(browser, "account-signed-out").await;
    browser.press("sign-in").await;
    browser.reaches("phone-number").await;
    person.types_in_until(browser, number, "here").await;
}

// K18 I7 I8
async fn a_person_ends_a_phone_and_leaves(language: Language) {
    let person = Person::at_a_screen(language).await;
    let number = fresh_number();
    let old = person.scans().await;
    old.reaches("phone-number").await;
    person.types_in(&old, &number).await;
    let shown = person.screen.text("match-number").await;
    old.press_at(&format!("[data-testid=match-choice][data-value='{shown}']")).await;
    old.press("confirm").await;
    old.reaches("confirmed").await;
    person.screen.reaches("signed-in").await;
    let refresh_token = kept(&old).await["refreshToken"].clone();

    // The next code of a number comes a minute later.
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    let new = Browser::open(language, Glass::Hand).await;
    signs_in(&person, &new, &number).await;
    has_rows(&new, "sign-ins", 2).await;
    has_rows(&new, "logins", 1).await;
    has_rows(&new, "history", 3).await;
    person.shoot(&new, "account").await;

    ends_the_other_phone_by_keyboard(&person, &new, refresh_token).await;
    comes_from_a_notice(&person, &new).await;
    leaves(&person, &new, &number).await;
}

async fn ends_the_other_phone_by_keyboard(person: &Person, new: &Browser, refresh_token: Value) {
    tabs_to(new, "#sign-ins > li:not(:has(.chip)) button").await;
    let (name, described) = spoken_button(new).await;
    let act = match person.language {
        English => "Sign out",
        Chinese => "退出登录",
    };
    assert!(name == act && described.contains("Chrome"), "{name}, {described}");
    new.press_key("Enter", 13, "\r").await;
    has_rows(new, "sign-ins", 1).await;
    let in_list = "return Boolean(document.activeElement?.closest('#sign-ins, #sign-ins-title'))";
    eventually("the focus in the list, and a word", async || {
        let said = new.text("live").await;
        (new.run(in_list).await == true && said.contains(&described)).then_some(())
    })
    .await;
    let refresh = json!({"refreshToken": refresh_token});
    let refused = Screen::new(&person.service).post("/api/user/refresh", None, &refresh).await;
    assert_eq!(refused.status, 401, "the other phone's refresh is dead");
}

async fn comes_from_a_notice(person: &Person, new: &Browser) {
    let token = kept(new).await["token"].as_str().unwrap().to_owned();
    let logins = Screen::new(&person.service).get_as("/api/user/logins", &token).await.good().json();
    let id = logins["rows"][0]["id"].as_str().unwrap();
    new.go_to("about:blank").await;
    new.go_to(&format!("{}/account#login={id}", person.service.url)).await;
    new.reaches("here").await;
    has_rows(new, "told-rows", 1).await;
    assert_eq!(new.run("return document.activeElement?.id").await, "told-title");
    person.shoot(new, "account-told").await;
    new.press_at("#told-rows button").await;
    has_rows(new, "told-rows", 0).await;
    has_rows(new, "logins", 0).await;
}

async fn leaves(person: &Person, new: &Browser, number: &str) {
    let token = kept(new).await["token"].as_str().unwrap().to_owned();
    let me = Screen::new(&person.service).get_as("/api/user/me", &token).await.good().json();
    let account = me["memberId"].as_str().unwrap().to_owned();
    let tables = Tables::of(&person.service);
    assert!(naming(&tables.dump().await, &account).len() > 4, "there is something to delete");
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    new.press("leave-begin").await;
    eventually("the field of the code", async || {
        (new.run("return document.activeElement?.id").await == "leave-code").then_some(())
    })
    .await;
    person.shoot(new, "account-leave").await;
    new.write("leave-code", &sms_code(&person.service, number).await).await;
    new.press("leave-submit").await;
    new.reaches("left").await;
    person.shoot(new, "account-left").await;
    assert_eq!(new.run("return localStorage.getItem('saoma.account')").await, Value::Null);
    nothing_is_left(&tables.dump().await, &account, number);
}

/// The items that name a text in any attribute.
fn naming<'a>(items: &'a [Item], text: &str) -> Vec<&'a Item> {
    items.iter().filter(|item| format!("{item:?}").contains(text)).collect()
}

/// What is left of the account is its mark, and its sessions of the last minutes. What names its number are the limits of
/// messages. Each has its end.
fn nothing_is_left(items: &[Item], account: &str, number: &str) {
    let now = SystemClock.now().secs();
    let key = |item: &Item| item.get("pk").and_then(|pk| pk.as_s().ok()).cloned();
    let ends = |item: &Item, within: u64| match item.get("expires_at") {
        Some(AttributeValue::N(at)) => at.parse::<u64>().unwrap() <= now + within,
        _ => false,
    };
    for item in naming(items, account) {
        match key(item) {
            Some(pk) if ["CHALLENGE#", "COUNT#"].iter().any(|prefix| pk.starts_with(prefix)) => {
                assert!(ends(item, 2 * 86_400), "{item:?}");
            }
            Some(pk) => {
                assert_eq!(pk, format!("ACCOUNT#{account}"), "{item:?}");
                assert!(ends(item, MARK) && !item.contains_key("phone_number"), "{item:?}");
            }
            None => assert!(item.contains_key("code") && ends(item, 900), "a session: {item:?}"),
        }
    }
    for item in naming(items, number) {
        let pk = key(item).unwrap();
        assert!(["SMS#", "CHALLENGE#"].iter().any(|prefix| pk.starts_with(prefix)), "{item:?}");
        assert!(ends(item, 2 * 86_400), "{item:?}");
    }
}
