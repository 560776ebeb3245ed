//! A client, or the person, signs the browser out here (OpenID Connect RP-Initiated Logout 1.0).

use acceptance::{Answer, Call, World};
use insta::assert_snapshot;
use saoma_domain::oauth::ClientAuth;

use super::{
    browser::{NONE, told, with_browser},
    code::{GOODBYE, Page, SITE, answered_tokens, query, register},
};

fn leave(pairs: &[(&str, &str)]) -> Call {
    Call::get(&format!("/oauth/logout?{}", query(pairs)))
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn sent_back(answer: &Answer) {
    let gone = (answer.status.as_u16(), answer.header("location"), answer.header("set-cookie"));
    let forgotten = "__Host-saoma-browser=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax";
    assert_eq!(gone, (303, "https://shop.example/bye?from=saoma&state=a%26b", forgotten));
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// An ID token of a login of this person at the first client.
async fn id_token(world: &World, number: &str) -> String {
    let person = world.sign_in(number).await;
    let code = Page::open(world).await.approved_by(world, &person).await;
    answered_tokens(world, &code).await.text("id_token")
}

#[tokio::test]
async fn a_client_signs_its_person_out() {
    let (world, _, cookie) = with_browser().await;
    let hint = id_token(&world, "13800138000").await;
    super::pass(&world, 3600);
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", GOODBYE), ("state", "a&b")];
    let left = world.call(leave(&asked).cookie(&cookie)).await;
    sent_back(&left);
    assert_eq!(told(&world, &cookie, &[NONE]).await, "login_required");
    sent_back(&world.call(leave(&asked).cookie(&cookie)).await);
    sent_back(&world.call(leave(&asked)).await);
    let bare = world.call(leave(&[])).await;
    assert_snapshot!("logout_done", format!("{}\n{}", bare.whole(), text(&bare)));
}

// W1: another site that has no ID token of the person cannot sign the browser out.
#[tokio::test]
async fn a_person_is_asked_before_another_site_signs_them_out() {
    let (world, _, cookie) = with_browser().await;
    let stranger = id_token(&world, "13900139000").await;
    let back = [("client_id", SITE), ("post_logout_redirect_uri", GOODBYE), ("state", "a&b")];
    let strangers = [&back[..], &[("id_token_hint", stranger.as_str())]].concat();
    for asked in [&[][..], &back, &strangers] {
        let question = world.call(leave(asked).cookie(&cookie)).await;
        assert_eq!((question.status.as_u16(), question.header("set-cookie")), (200, ""));
        assert!(text(&question).contains("138****8000"), "{}", text(&question));
        assert_eq!(told(&world, &cookie, &[NONE]).await, "a code", "nothing ended");
    }
    let question = world.call(leave(&strangers).cookie(&cookie)).await;
    assert_snapshot!("logout_question", format!("{}\n{}", question.whole(), text(&question)));
    let page = text(&question);
    let action = page.split("action=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let press = Call::post(&action).body("application/x-www-form-urlencoded", "confirm=yes").cookie(&cookie);
    for site in ["cross-site", "same-site"] {
        let sent_on = world.call(press.clone().header("sec-fetch-site", site)).await;
        assert_eq!((sent_on.status.as_u16(), sent_on.header("set-cookie")), (303, ""), "{site}");
        assert_eq!(told(&world, &cookie, &[NONE]).await, "a code", "{site}");
    }
    for _ in 0..2 {
        sent_back(&world.call(press.clone().header("sec-fetch-site", "same-origin")).await);
        assert_eq!(told(&world, &cookie, &[NONE]).await, "login_required");
    }
}

#[tokio::test]
async fn a_form_goes_on_as_a_query() {
    let (world, _, cookie) = with_browser().await;
    let hint = id_token(&world, "13800138000").await;
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", GOODBYE), ("state", "a&b")];
    let sent_on = world.call(super::form("/oauth/logout", &asked)).await;
    assert_eq!(sent_on.status, 303);
    let path = sent_on.header("location").strip_prefix("https://login.example.com").unwrap();
    sent_back(&world.call(Call::get(path).cookie(&cookie)).await);
}

// W4 W6: nothing is sent to an address that is not registered.
#[tokio::test]
async fn a_wrong_logout_is_told_to_the_person() {
    let (world, _, cookie) = with_browser().await;
    register(&world, "another", ClientAuth::None);
    let hint = id_token(&world, "13800138000").await;
    let long = "x".repeat(2049);
    for pairs in [
        vec![("post_logout_redirect_uri", GOODBYE)],
        vec![("client_id", "nobody")],
        vec![("client_id", "../x"), ("post_logout_redirect_uri", GOODBYE)],
        vec![("client_id", SITE), ("post_logout_redirect_uri", "https://shop.example/bye")],
        vec![("client_id", SITE), ("post_logout_redirect_uri", "https://shop.example/cb?from=qr")],
        vec![("client_id", SITE), ("post_logout_redirect_uri", "https://evil.example/bye?from=saoma")],
        vec![("client_id", SITE), ("post_logout_redirect_uri", "//shop.example/bye?from=saoma")],
        vec![("client_id", SITE), ("post_logout_redirect_uri", "javascript:alert(1)")],
        vec![("client_id", "another"), ("id_token_hint", hint.as_str())],
        vec![("id_token_hint", "eyJ")],
        vec![("client_id", SITE), ("state", long.as_str())],
        vec![("client_id", SITE), ("client_id", SITE)],
    ] {
        let answer = world.call(leave(&pairs).cookie(&cookie)).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""), "{pairs:?}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(told(&world, &cookie, &[NONE]).await, "a code", "{pairs:?}");
    }
}
