//! The tokens of a phone that has signed in.

use saoma_domain::{
    account::Account,
    refresh::refresh_token,
    secrets::{Secret, TokenId},
    sign_in::SignIn,
};
use saoma_http::{Facts, Problem};
use serde::Serialize;

use crate::App;

/// The answer of sign-in and refresh.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedIn {
    token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<String>,
    user: User,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    member_id: String,
    nick_name: String,
    is_new: bool,
}

impl SignedIn {
    /// Mints the tokens of a stored sign-in.
    pub(crate) async fn of(
        app: &App,
        facts: &Facts,
        account: &Account,
        sign_in: &SignIn,
        is_new: bool,
    ) -> Result<Self, Problem> {
        let service = &app.service;
        let issuer = service.public_url(facts.domain())?;
        let id = TokenId::random(&*service.random);
        let life = service.settings.access_token_life;
        let minted = service.keys.mint_phone_token(&issuer, sign_in, &id, life, service.clock.now())?;
        Ok(Self {
            token: minted.token,
            token_type: "Bearer",
            expires_in: minted.expires_in.as_secs(),
            refresh_token: refresh_token(&*service.keys, sign_in).await.reveal().to_owned(),
            known: None,
            user: User { member_id: account.id.to_string(), nick_name: account.nick_name(), is_new },
        })
    }

    /// The same, with what makes the phone a known device when it asks for its next code.
    pub(crate) fn known_by(self, known: &Secret) -> Self {
        Self { known: Some(known.reveal().to_owned()), ..self }
    }
}
