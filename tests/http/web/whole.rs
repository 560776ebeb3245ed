//! A whole login, from the code to the token.

use acceptance::{Call, World};
use insta::assert_snapshot;
use serde_json::json;

use super::{Pc, app, exchange, named, register_shop};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "nine whole answers in a row")]
async fn a_login_from_code_to_token() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let opened = world.call(Call::get("/qr/code?client=shop")).await;
    let pc = Pc::read(&opened);
    let svg = opened.text("svg");
    assert!(svg.starts_with("<svg"));
    let names = [
        (svg.as_str(), "[svg]"),
        (&pc.poll_token, "[poll token]"),
        (&pc.code, "[code]"),
        (&pc.number, "[number]"),
    ];
    let whole = named(opened.whole().replace("\\\"", "\""), &names);
    assert_snapshot!(whole, @r#"
    200 OK
    content-type: application/json
    set-cookie: __Host-saoma-qr=[poll token]; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 1916

    {
      "code": "[code]",
      "expiresIn": 300,
      "matchNumber": "[number]",
      "pollAfter": 2,
      "pollToken": "[poll token]",
      "statusflag": 0,
      "svg": "[svg]",
      "text": "https://LOGIN.EXAMPLE.COM/Q/[code]"
    }
    "#);
    assert_snapshot!(pc.poll(&world).await.whole(), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 30

    {
      "pollAfter": 2,
      "statusflag": 0
    }
    "#);

    let call = Call::post("/qr/lock").header("token", &person.token);
    let locked = world.call(call.json(&json!({"code": pc.text, "ext": "cart=7"}))).await;
    assert_snapshot!(locked.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 299

    {
      "consent": {
        "client": {
          "id": "shop",
          "logo": null,
          "name": "shop"
        },
        "matchNumber": {
          "choices": [
            "43",
            "78",
            "90"
          ],
          "policy": "show"
        },
        "screen": {
          "deviceMac": null,
          "deviceName": null
        },
        "seen": {
          "age": 0,
          "at": 1705998038,
          "browser": "Firefox on Windows",
          "ip": "203.0.113.7",
          "sameNetwork": true
        }
      },
      "statusflag": 0,
      "type": "login"
    }
    "#);
    assert_snapshot!(pc.poll(&world).await.whole(), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 30

    {
      "pollAfter": 2,
      "statusflag": 1
    }
    "#);

    assert_snapshot!(app(&world, "activate", &person, &pc.code).await.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 16

    {
      "statusflag": 0
    }
    "#);
    let signed_in = pc.poll(&world).await;
    let url = signed_in.text("url");
    let ticket = url.split_once("ticket=").unwrap().1;
    assert_snapshot!(named(signed_in.whole(), &[(ticket, "[ticket]")]), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 494

    {
      "ext": "cart=7",
      "pollAfter": 2,
      "statusflag": 2,
      "url": "https://shop.example/in?from=qr&ticket=[ticket]"
    }
    "#);

    let exchanged = exchange(&world, &shop, ticket).await;
    let token = exchanged.text("access_token");
    assert_snapshot!(named(exchanged.whole(), &[(token.as_str(), "[token]")]), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 534

    {
      "access_token": "[token]",
      "expires_in": 900,
      "token_type": "Bearer",
      "user": {
        "memberId": "4548400493",
        "nickName": "138****8000"
      }
    }
    "#);
    // E18
    assert_snapshot!(pc.poll(&world).await.whole(), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 47

    {
      "pollAfter": 5,
      "reason": "used",
      "statusflag": -2
    }
    "#);
    super::pass(&world, 31);
    assert_snapshot!(exchange(&world, &shop, ticket).await.whole(), @r#"
    400 Bad Request
    content-type: application/problem+json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 130

    {
      "code": "invalid_ticket",
      "detail": "The ticket is not valid, or was used.",
      "status": 400,
      "title": "Bad Request",
      "type": "about:blank"
    }
    "#);
}

// W16
#[tokio::test]
async fn no_answer_is_stored_by_anybody() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let mut answers =
        vec![world.call(Call::get("/qr/loginpic/")).await, world.call(Call::get("/qr/code")).await];
    for step in ["lock", "activate"] {
        answers.push(pc.poll(&world).await);
        answers.push(app(&world, step, &person, &pc.code).await);
    }
    answers.push(pc.poll(&world).await);
    let ticket = answers.last().unwrap().text("url").split_once("ticket=").unwrap().1.to_owned();
    answers.push(exchange(&world, &shop, &ticket).await);
    answers.push(exchange(&world, &shop, &ticket).await);
    answers.push(pc.poll(&world).await);
    answers.push(app(&world, "cancel", &person, &pc.code).await);
    answers.push(world.call(Call::get("/qr/login")).await);
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.whole());
    }
}
