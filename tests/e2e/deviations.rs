//! Input that reaches a page in another shape than it was sent or meant: digits, clocks, links, and its own script.

use crate::{
    browser::{Browser, Glass, Language::English},
    people::Person,
    phone::{fresh_number, sms_code},
    proxy::Proxy,
    service::eventually,
};

// F8, F15: a Chinese keyboard, a clipboard with direction marks, and a clock that is three hours fast.
#[tokio::test]
async fn a_phone_with_odd_keys_and_a_wrong_clock_signs_in() {
    let person = Person::at_a_screen(English).await;
    let phone = Browser::open(English, Glass::Hand).await;
    phone.prepare("const now = Date.now; Date.now = () => now() + 3 * 3600e3").await;
    phone.go_to(&person.reads_the_qr().await).await;
    phone.reaches("phone-number").await;
    let number = fresh_number();
    phone.write("phone-input", &format!("\u{202a}{}\u{202c}\u{200e}", wide(&number))).await;
    phone.press("send-code").await;
    phone.reaches("sms-code").await;
    phone.write("sms-input", &wide(&sms_code(&person.service, &number).await)).await;
    phone.reaches("consent").await;
    let opened = phone.text("seen-at").await;
    assert!(opened == "just now" || opened.ends_with("seconds ago"), "{opened}");
    person.agrees(&phone).await;
    person.screen.reaches("signed-in").await;
}

/// Plus and digits as full-width characters.
fn wide(text: &str) -> String {
    text.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect()
}

// F10: readers and apps add to the text of a QR.
#[tokio::test]
async fn a_link_is_read_with_what_was_added_to_it() {
    let person = Person::at_a_screen(English).await;
    let address = person.reads_the_qr().await;
    let code = address.rsplit_once('/').unwrap().1;
    let phone = Browser::open(English, Glass::Hand).await;
    phone.go_to(&address).await;
    person.signs_in(&phone).await;
    for added in ["%0A", "%20", "?source=app&source=app", "?from=%ff%fe", "#from=app", "&from=app"] {
        phone.go_to(&format!("{address}{added}")).await;
        phone.reaches("consent").await;
    }
    for path in [
        format!("/q/{}", code.to_lowercase()),
        format!("/q/{}-{}", &code[..4], &code[4..]),
        format!("/downloads.html?source=pclogin&source=app&from=%ff&code={code}"),
    ] {
        phone.go_to(&format!("{}{path}", person.service.url)).await;
        phone.reaches("consent").await;
    }
}

// F14: a deployment between the page and its script.
#[tokio::test]
async fn a_page_of_another_deployment_is_loaded_once_more() {
    let person = Person::at_a_blank_screen(English).await;
    let proxy = Proxy::before(&person.service, "GET / ", |number, answer| {
        if number == 0 { of_another_deployment(answer) } else { answer }
    });
    let proxy = proxy.await;
    person.screen.go_to(&format!("{}/", proxy.url)).await;
    person.screen.reaches("waiting").await;
    assert_eq!(proxy.count(), 2);
}

// F14
#[tokio::test]
async fn a_page_whose_script_never_comes_says_so_and_stops() {
    let person = Person::at_a_blank_screen(English).await;
    let proxy = Proxy::before(&person.service, "GET / ", |_, answer| of_another_deployment(answer)).await;
    person.screen.go_to(&format!("{}/", proxy.url)).await;
    let script = "const late = document.getElementById('late'); return getComputedStyle(late).visibility";
    let said = async || (person.screen.run(script).await == "visible").then_some(());
    eventually("word of a page that does not load", said).await;
    person.screen.shoot_unready(English, "screen-late").await;
    assert_eq!(proxy.count(), 2);
}

/// The page of an earlier deployment: its own tag and its script's name carry other hashes.
fn of_another_deployment(answer: Vec<u8>) -> Vec<u8> {
    let mut page = String::from_utf8(answer).unwrap();
    for before in ["etag: W/\"", "/assets/screen-"] {
        let at = page.find(before).unwrap() + before.len();
        page.replace_range(at..at + 16, "0123456789abcdef");
    }
    page.into_bytes()
}
