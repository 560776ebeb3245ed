//! A thief with a dump of the tables can sign in nowhere (`docs/security.md` J3).

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use crate::{
    kiosk::Machine,
    phone::Phone,
    screen::Screen,
    service::Service,
    tables::{Item, Tables},
};

// J3, A1
#[tokio::test]
async fn a_dump_holds_no_token_and_no_secret() {
    let service = Service::served();
    let phone = Phone::signed_in(&service).await;
    let mut secrets = vec![phone.token.clone(), phone.refresh_token.clone()];

    let machine = Machine::shows_a_qr(&service).await;
    phone.post(&machine.path("scan"), &json!({})).await.good();
    phone.post(&machine.path("bind"), &json!({})).await.good();
    secrets.push(machine.own_status().await["memberToken"].as_str().unwrap().to_owned());
    secrets.push(machine.poll_token.clone());

    let pc = Screen::new(&service);
    let opened = pc.get("/qr/code").await.good();
    let code = json!({"code": opened.text("code")});
    phone.post("/qr/lock", &code).await.good();
    phone.post("/qr/activate", &code).await.good();
    let url = pc.get("/qr/login").await.good().text("url");
    let ticket = url.rsplit('=').next().unwrap();
    secrets.push(pc.post("/welcome", None, &json!({"ticket": ticket})).await.good().text("access_token"));
    secrets.push(ticket.to_owned());
    // The pollToken is the code, which is the item's name, and the secret.
    secrets.push(opened.text("pollToken").rsplit('.').next().unwrap().to_owned());

    let dump = Tables::of(&service).dump().await;
    assert!(dump.iter().any(|item| texts(item).contains(&machine.id)), "both logins are in the dump");
    for item in &dump {
        for secret in &secrets {
            assert!(!holds(item, secret), "{secret} is in {item:?}");
        }
        // Six digits are found in any long number by chance, so a code is looked for as a whole.
        assert!(!texts(item).contains(&phone.sms_code), "{item:?}");
    }
}

// J3
#[tokio::test]
async fn nothing_in_a_dump_redeems() {
    let service = Service::served();
    let (machine, phone) = (Machine::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post(&machine.path("scan"), &json!({})).await.good();
    phone.post(&machine.path("bind"), &json!({})).await.good();
    for text in texts(&Tables::of(&service).session(&machine.id).await) {
        // Of all stored values only a browser's name has spaces, and it is not always a valid header value.
        let seen = machine.status(Some(&text.replace(|c: char| !c.is_ascii_graphic(), "_"))).await;
        assert!(seen["memberToken"].is_null(), "{text} redeems");
    }
    assert!(machine.own_status().await["memberToken"].is_string(), "the machine still does");
}

/// Whether a secret stands in an item, as text or as the bytes it spells.
fn holds(item: &Item, secret: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(secret).unwrap_or_else(|_| secret.as_bytes().to_vec());
    item.values().any(|value| match value {
        AttributeValue::B(blob) => blob.as_ref().windows(bytes.len()).any(|window| window == bytes),
        value => texts_of(value).iter().any(|text| text.contains(secret)),
    })
}

fn texts(item: &Item) -> Vec<String> {
    item.values().flat_map(texts_of).collect()
}

/// A value as the texts that a thief could send. Bytes are spelled as secrets are.
fn texts_of(value: &AttributeValue) -> Vec<String> {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => vec![text.clone()],
        AttributeValue::B(blob) => vec![URL_SAFE_NO_PAD.encode(blob)],
        AttributeValue::L(list) => list.iter().flat_map(texts_of).collect(),
        AttributeValue::M(map) => map.values().flat_map(texts_of).collect(),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.clone(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| URL_SAFE_NO_PAD.encode(blob)).collect(),
        _ => Vec::new(),
    }
}
