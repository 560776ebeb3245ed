//! The server of a hosted client (`docs/remembered.md`).

use serde_json::{Value, json};

use crate::{
    operator::make_client,
    phone::fresh_number,
    screen::Screen,
    service::{Service, eventually},
};

/// What people know it by.
pub(crate) const NAME: &str = "Reading Club";
/// The device it asks for.
pub(crate) const DEVICE: &str = "2441eadfde32bd2d71153eb184facce2";
/// `loginPolicy`: a PC.
const PC: u8 = 1;

/// The server of a client that speaks the remembered contract.
pub(crate) struct Region {
    id: String,
    pub(crate) http: Screen,
}

impl Region {
    /// A client that no other test uses.
    pub(crate) async fn registered(service: &Service) -> Self {
        Self::told_at(service, None).await
    }

    /// The same, with a webhook.
    pub(crate) async fn told_at(service: &Service, webhook: Option<&str>) -> Self {
        let id = format!("club-{}", &fresh_number()[3..]);
        let mut words = vec![format!("ID={id}"), format!("NAME={NAME}"), "DIALECT=remembered".to_owned()];
        words.extend(webhook.map(|url| format!("WEBHOOK={url}")));
        let secret = make_client(service, &words).await.secret();
        let http = Screen::of_server(service, &id, &secret);
        Self { id, http }
    }

    /// Asks for a login on its device, of the person with this number where it knows one: the trace.
    pub(crate) async fn asks(&self, uin: Option<u64>) -> String {
        let mut body = json!({"region": self.id, "deviceId": DEVICE, "loginPolicy": PC});
        if let Some(uin) = uin {
            body["uin"] = uin.into();
        }
        self.http.post("/login/getLoginQrcodeV2", None, &body).await.good().text("traceId")
    }

    /// Its first answer.
    pub(crate) async fn first(&self, trace: &str) -> Value {
        eventually("a first answer", async || self.told(trace).await.into_iter().next()).await
    }

    /// The result of the login.
    pub(crate) async fn result(&self, trace: &str) -> Value {
        let result = async || {
            let told = self.told(trace).await;
            told.into_iter().find(|answer| answer["resultType"] == "LOGIN_loginResult")
        };
        eventually("a result", result).await
    }

    async fn told(&self, trace: &str) -> Vec<Value> {
        let told = self.http.get(&format!("/login/results/{trace}")).await.good().json();
        told["results"].as_array().cloned().unwrap_or_default()
    }
}
