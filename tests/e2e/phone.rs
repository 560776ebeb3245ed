//! A person's phone, signed in by a real SMS code.

use saoma_app::system::{SystemClock, SystemRandom};
use saoma_domain::{
    ports::{Clock, Randomness},
    sms_challenge::ChallengeId,
};
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    screen::{Answer, Screen},
    service::{Service, eventually},
};

/// A phone and the person who holds it.
pub(crate) struct Phone {
    /// The code that came by SMS.
    pub(crate) sms_code: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) member_id: String,
    http: Screen,
}

impl Phone {
    /// A new person, who registers by SMS.
    pub(crate) async fn signed_in(service: &Service) -> Self {
        Self::of(service, &fresh_number()).await
    }

    /// The person with this number, who signs in by SMS on another phone.
    pub(crate) async fn of(service: &Service, number: &str) -> Self {
        let http = Screen::new(service);
        let challenge = ChallengeId::random(&SystemRandom).as_str().to_owned();
        http.post("/api/user/sendCode", None, &json!({"phone": number, "challenge": challenge})).await.good();
        let sms_code = sms_code(service, number).await;
        let body = json!({"challenge": challenge, "code": sms_code});
        let signed_in = http.post("/api/user/login/code", None, &body).await.good();
        Self {
            token: signed_in.text("token"),
            refresh_token: signed_in.text("refreshToken"),
            member_id: signed_in.json()["user"]["memberId"].as_str().unwrap().to_owned(),
            sms_code,
            http,
        }
    }

    /// Has the pages of a browser go on with its sign-in, as if it had begun there.
    pub(crate) async fn signs_in_on(&self, service: &Service, browser: &Browser) {
        browser.go_to(&format!("{}/device", service.url)).await;
        let account = json!({
            "token": self.token, "refreshToken": self.refresh_token, "name": "",
            "expiresAt": SystemClock.now().millis() + 600_000,
        });
        browser.run(&format!("localStorage.setItem('saoma.account', JSON.stringify({account}))")).await;
    }

    /// A call as the signed-in person.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.http.post(path, Some(&self.token), body).await
    }
}

/// A mainland number that no other test uses, because the limits are per number and day.
pub(crate) fn fresh_number() -> String {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    format!("+861{:010}", 3_000_000_000 + u64::from_le_bytes(bytes) % 7_000_000_000)
}

/// The code in the newest message to a number, once it has come.
pub(crate) async fn sms_code(service: &Service, number: &str) -> String {
    let inbox = Screen::new(service);
    let address = format!("{}/_ministack/sns/sms-messages", service.emulator);
    eventually(&format!("an SMS to {number}"), async || {
        let messages = inbox.get(&address).await.good().json();
        let text = messages["sms_messages"][number].as_array()?.last()?["Message"].as_str()?.to_owned();
        Some(six_digits(&text).unwrap_or_else(|| panic!("no code in {text:?}")))
    })
    .await
}

fn six_digits(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).map(str::to_owned)
}
