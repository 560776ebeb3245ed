//! Ask: a known person is asked on their phone, because a client's server wants it (CIBA), or because they come back to a
//! page in a browser that they signed in before (`docs/oauth.md`).

use std::{sync::Arc, time::Duration};

use super::{Logins, OpenError, Opened, Opening, Redeemed, SignedInBrowser};
use crate::{
    client::Client,
    identity::{AccountId, Phone},
    oauth::{BindingMessage, GrantType, Scopes, Words},
    opener::Opener,
    pairing::MadeBy,
    ports::{Created, Pairs, Prompts, StoreError},
    prompt_log::{NotedPrompt, PROMPT_WINDOW},
    session::{
        Claim, DeviceId, Flow, LoginPolicy, MatchNumber, MatchPolicy, ScreenClaims, Seen, Session, State,
    },
    sign_in::{Method, SignIn},
    time::Timestamp,
};

/// Logins that begin with a question to a known person, over the session core and the ports behind it.
#[derive(Clone)]
pub struct AskedLogins {
    /// The session core.
    pub logins: Logins,
    /// Whom each client may ask: the pairs of [`LoginPolicy::Server`].
    pub pairs: Arc<dyn Pairs>,
    /// The prompts that people were sent.
    pub prompts: Arc<dyn Prompts>,
    /// The longest time that a question waits.
    pub life: Duration,
}

/// What a client's server asks.
#[derive(Clone, Debug)]
pub struct Question {
    /// The account of the person, if there is one that may sign in.
    pub account: Option<AccountId>,
    /// What the client asks to be granted.
    pub scopes: Scopes,
    /// What ties the client's screen to the question.
    pub message: Option<BindingMessage>,
    /// What the client's server proved, checked by the edge.
    pub opener: Option<Opener>,
    /// How long the client wants it to wait, if it says so.
    pub life: Option<Duration>,
}

/// A question to a person whom the client may ask. Nothing of it is stored yet: [`AskedLogins::ask`] does that.
#[derive(Debug)]
pub struct Askable {
    /// The phone whose person answers.
    by: Phone,
    opened: Opened,
}

impl AskedLogins {
    /// The question to a person, without a write. `None` if this client may not ask them: there is no such person, or they
    /// have not signed in to this client by QR since they last said no. The client is not told which (`docs/security.md`
    /// H5), and for an unknown person the same reads are made.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn askable(
        &self,
        client: &Client,
        question: Question,
        now: Timestamp,
    ) -> Result<Option<Askable>, OpenError> {
        let random = &*self.logins.random;
        // The caller is the client's server, whose address does not tell where the screen is.
        let seen = Seen { ip: None, browser: None };
        let flow = |words| Flow::Asked { scopes: question.scopes, words, request: None };
        self.logins.may_open(client, (&flow(None), &seen, question.opener.as_ref()))?;
        let account = question.account.unwrap_or_else(|| AccountId::random(random));
        let Some(by) = self.phone_to_ask(account, client).await? else { return Ok(None) };
        let (match_number, match_policy, words) = shown(question.message, MatchNumber::random(random));
        let opening = Opening {
            flow: flow(words),
            client,
            claims: ScreenClaims::default(),
            seen,
            opener: question.opener,
            life: question.life.unwrap_or(self.life).min(self.life).min(PROMPT_WINDOW),
        };
        let Opened { session, secret } = opening.draw(random, now);
        let session = Session { match_number, match_policy, ..session };
        Ok(Some(Askable { by, opened: Opened { session, secret } }))
    }

    /// Asks a person. `None` if they were asked too often (`docs/security.md` H1, K14).
    ///
    /// # Errors
    /// [`OpenError`]. A question that was noted by then counts as asked.
    pub async fn ask(&self, askable: Askable, now: Timestamp) -> Result<Option<Opened>, OpenError> {
        self.put(askable.by, askable.opened, now).await
    }

    /// Asks the person whom a browser is signed in for, on the phone that approved the browser, instead of showing them a QR.
    /// Only that browser can have its person asked, so no stranger can. `None` if they were asked too often
    /// (`docs/security.md` H1, K14), or no phone of theirs can answer: the browser is the phone itself, or the client does not
    /// admit the phone. The person must pick the number, whatever the client's policy is.
    ///
    /// # Errors
    /// [`OpenError`]. A question that was noted by then counts as asked.
    pub async fn ask_on_phone(
        &self,
        browser: &SignedInBrowser,
        opening: Opening<'_>,
        now: Timestamp,
    ) -> Result<Option<Opened>, OpenError> {
        // Only a phone that signed in here is shown what waits, and only by an app that the client admits.
        let SignIn { method, .. } = &browser.sign_in;
        let can_answer = *method == Method::Sms && opening.client.admits_sign_in(&browser.sign_in);
        let by = browser.sign_in.approver().filter(|_| can_answer && !browser.is_direct());
        let Some(by) = by else { return Ok(None) };
        let asks = (&opening.flow, &opening.seen, opening.opener.as_ref());
        self.logins.may_open(opening.client, asks)?;
        let opening = Opening { life: opening.life.min(PROMPT_WINDOW), ..opening };
        let Opened { session, secret } = opening.draw(&*self.logins.random, now);
        // Nothing was scanned, so the number is all that ties the phone to the page.
        let session = Session { match_policy: MatchPolicy::Pick, ..session };
        self.put(by, Opened { session, secret }, now).await
    }

    /// Notes that a person is asked, and stores the question, which this phone's person answers.
    async fn put(&self, by: Phone, opened: Opened, now: Timestamp) -> Result<Option<Opened>, OpenError> {
        let Opened { session, secret } = opened;
        let noted = NotedPrompt { at: now, client: session.client.clone(), code: session.code.clone() };
        if !self.prompts.note(by.account, &noted).await? {
            return Ok(None);
        }
        let account = by.account;
        let state = State::Scanned { claim: Claim { by, at: now.whole_secs() } };
        let session = Session { state, ..session };
        if self.logins.create(&session).await? == Created::Collision {
            return Err(OpenError::NoFreeCode);
        }
        self.logins.tell_person(account, now).await;
        Ok(Some(Opened { session, secret }))
    }

    /// The phone with which this person last signed in to this client by QR, if the client may ask them.
    async fn phone_to_ask(&self, account: AccountId, client: &Client) -> Result<Option<Phone>, StoreError> {
        let pairing = self.pairs.pairing(account, &client.id, LoginPolicy::Server).await?;
        let pairing = pairing.filter(|pairing| pairing.may_prompt && client.is_of(pairing.opened_at));
        Ok(pairing.map(|pairing| Phone { account, sign_in: pairing.sign_in }))
    }

    /// Remembers that a person signed in to this client by QR, so that its server may ask them from then on. Only a client
    /// that may ask remembers people. A yes to a question proves no more than the pair does, and makes none.
    ///
    /// # Errors
    /// [`StoreError`]; repeating is safe.
    pub async fn remember(
        &self,
        client: &Client,
        redeemed: &Redeemed,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let session = &redeemed.session;
        let (Some(claim), true) = (session.state.claim(), will_ask(client, session)) else { return Ok(()) };
        let made_by = MadeBy { session: session.code.clone(), opened_at: session.created_at };
        let (policy, device) = (LoginPolicy::Server, DeviceId::none());
        self.pairs.pair(&made_by, &client.id, policy, &device, &claim.by, now).await
    }
}

/// Whether this login lets its client's server ask the person from then on: it was scanned or its code typed. The scan of a
/// login is no older than its session; an older one was of another login.
#[must_use]
pub fn will_ask(client: &Client, session: &Session) -> bool {
    let own_scan = session.state.claim().is_some_and(|claim| claim.at >= session.created_at);
    let may = client.oauth.grants.contains(&GrantType::Ciba);
    matches!(session.flow, Flow::Oauth { .. }) && own_scan && may
}

/// What the phone shows of a binding message. A number is to be picked; without one no screen shows a number.
fn shown(message: Option<BindingMessage>, drawn: MatchNumber) -> (MatchNumber, MatchPolicy, Option<Words>) {
    match message {
        Some(BindingMessage::Number(number)) => (number, MatchPolicy::Pick, None),
        Some(BindingMessage::Words(words)) => (drawn, MatchPolicy::Off, Some(words)),
        None => (drawn, MatchPolicy::Off, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::{ClientId, SignInId},
        ports::testing::Counting,
        session::Dialect,
        text::CleanText,
    };

    const OPENED: Timestamp = Timestamp::from_secs(1_700_000_000);

    /// Whether a login of this flow, with a scan at this moment, lets a client with these grants ask.
    fn asks(flow: Flow, scanned_at: u64, grants: &[GrantType]) -> bool {
        let desk = ClientId::parse("desk").unwrap();
        let mut client = Client::plain(desk, CleanText::new("Desk"), vec![Dialect::Oauth]);
        client.oauth.grants = grants.to_vec();
        let opening = Opening {
            flow,
            client: &client,
            claims: ScreenClaims::default(),
            seen: Seen::default(),
            opener: None,
            life: Duration::from_mins(5),
        };
        let account = AccountId::parse("3000876").unwrap();
        let by = Phone { account, sign_in: SignInId::parse("aaaa").unwrap() };
        let session = opening.draw(&Counting::default(), OPENED).session;
        let claim = Claim { by, at: Timestamp::from_secs(scanned_at) };
        let session = Session { state: State::Confirmed { claim, at: OPENED }, ..session };
        will_ask(&client, &session)
    }

    // H1
    #[test]
    fn only_the_scan_of_a_login_lets_a_client_ask() {
        let oauth = || Flow::Oauth { scopes: Scopes::default(), request: None, key: None, rotates: false };
        let (at, ciba) = (OPENED.secs(), [GrantType::Ciba]);
        assert!(asks(oauth(), at, &ciba) && asks(oauth(), at + 9, &ciba));
        assert!(!asks(oauth(), at - 1, &ciba), "the scan of an earlier login");
        assert!(!asks(oauth(), at, &[GrantType::DeviceCode]), "a client without the grant");
        assert!(
            !asks(Flow::Asked { scopes: Scopes::default(), words: None, request: None }, at, &ciba),
            "a yes to a question"
        );
        assert!(!asks(Flow::web(None), at, &ciba), "another contract");
    }
}
