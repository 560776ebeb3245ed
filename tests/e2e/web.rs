//! A PC page signs in by an app (`docs/web.md`).

use serde_json::{Value, json};

use crate::{jwt, phone::Phone, qr, screen::Screen, service::Service, tables::Tables};

/// A PC and the QR it shows.
struct Pc {
    http: Screen,
    text: String,
}

impl Pc {
    /// A PC that has just got its picture, and with it its cookie.
    async fn shows_a_qr(service: &Service) -> Self {
        let http = Screen::new(service);
        let text = picture(&http).await;
        Self { http, text }
    }

    /// The poll: no parameters.
    async fn poll(&self) -> Value {
        self.http.get("/qr/login").await.json()
    }

    fn code(&self) -> &str {
        self.text.rsplit('/').next().unwrap()
    }
}

async fn picture(http: &Screen) -> String {
    qr::read(&http.get("/qr/loginpic/?qrSize=256").await.good().body)
}

#[tokio::test]
async fn a_pc_signs_in_by_its_cookie() {
    let service = Service::served();
    let (pc, phone) = (Pc::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    assert_eq!(pc.poll().await, json!({"statusflag": 0, "pollAfter": 2}));

    // The app sends the whole text of the picture, and later the bare code.
    let locked = phone.post("/qr/lock", &json!({"code": pc.text, "ext": "带我回家"})).await.good().json();
    assert_eq!((&locked["statusflag"], &locked["type"]), (&json!(0), &json!("login")));
    assert_eq!(pc.poll().await, json!({"statusflag": 1, "pollAfter": 2}));
    let activated = phone.post("/qr/activate", &json!({"code": pc.code()})).await.good();
    assert_eq!(activated.json(), json!({"statusflag": 0}));

    let signed_in = pc.poll().await;
    assert_eq!((&signed_in["statusflag"], &signed_in["ext"]), (&json!(2), &json!("带我回家")));
    let url = signed_in["url"].as_str().unwrap();
    let ticket = url.strip_prefix(&format!("{}/welcome?ticket=", service.url)).unwrap();

    // The ticket is good in this browser alone.
    let elsewhere = Screen::new(&service).post("/welcome", None, &json!({"ticket": ticket})).await;
    assert_eq!(elsewhere.status, 400, "{}", elsewhere.told());
    let exchanged = pc.http.post("/welcome", None, &json!({"ticket": ticket})).await.good();
    let token = jwt::verified(&service, &exchanged.text("access_token")).await;
    assert_eq!(token["sub"], phone.member_id.as_str());
    assert_eq!(exchanged.json()["user"]["memberId"], phone.member_id.as_str());
    // B8: its answer may have been lost, so for half a minute it gets the same token.
    let again = pc.http.post("/welcome", None, &json!({"ticket": ticket})).await.good();
    assert_eq!(again.text("access_token"), exchanged.text("access_token"));
}

// A1, A2
#[tokio::test]
async fn another_pc_learns_nothing() {
    let service = Service::served();
    let (pc, other) = (Pc::shows_a_qr(&service).await, Pc::shows_a_qr(&service).await);
    let phone = Phone::signed_in(&service).await;
    phone.post("/qr/lock", &json!({"code": pc.text})).await.good();
    phone.post("/qr/activate", &json!({"code": pc.text})).await.good();
    assert_eq!(other.poll().await, json!({"statusflag": 0, "pollAfter": 2}));
    let without = Screen::new(&service).get("/qr/login").await.json();
    assert_eq!((&without["statusflag"], &without["errorCode"]), (&json!(-1), &json!(-1)));
    assert_eq!(pc.poll().await["statusflag"], 2);
}

#[tokio::test]
async fn a_cancelled_qr_is_dead() {
    let service = Service::served();
    let (pc, phone) = (Pc::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post("/qr/lock", &json!({"code": pc.text})).await.good();
    assert_eq!(phone.post("/qr/cancel", &json!({"code": pc.text})).await.json(), json!({"statusflag": 0}));
    assert_eq!(pc.poll().await, json!({"statusflag": -2, "pollAfter": 5, "reason": "cancelled"}));
    assert_eq!(phone.post("/qr/activate", &json!({"code": pc.text})).await.json()["statusflag"], -2);
}

// D14
#[tokio::test]
async fn a_wrong_match_number_kills_the_qr() {
    let service = Service::served();
    let (pc, phone) = (Pc::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post("/qr/lock", &json!({"code": pc.text})).await.good();
    // 00 is never shown, and so always wrong.
    let refused = phone.post("/qr/activate", &json!({"code": pc.text, "matchNumber": "00"})).await;
    assert_eq!(refused.json()["statusflag"], -1, "{}", refused.told());
    assert_eq!(pc.poll().await["statusflag"], -2);
}

// C6
#[tokio::test]
async fn a_new_picture_kills_the_old_one() {
    let service = Service::served();
    let (pc, phone) = (Pc::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    let newer = picture(&pc.http).await;
    assert_ne!(newer, pc.text);
    assert_eq!(phone.post("/qr/lock", &json!({"code": pc.text})).await.json()["statusflag"], -2);
    assert_eq!(phone.post("/qr/lock", &json!({"code": newer})).await.json()["statusflag"], 0);
}

// C1
#[tokio::test]
async fn a_qr_out_of_time_is_dead() {
    let service = Service::served();
    let (pc, phone) = (Pc::shows_a_qr(&service).await, Phone::signed_in(&service).await);
    phone.post("/qr/lock", &json!({"code": pc.text})).await.good();
    Tables::of(&service).expire(pc.code()).await;
    assert_eq!(pc.poll().await, json!({"statusflag": -2, "pollAfter": 5, "reason": "expired"}));
    assert_eq!(phone.post("/qr/activate", &json!({"code": pc.text})).await.json()["statusflag"], -2);
}
