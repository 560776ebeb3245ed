//! A session as an item.
//!
//! With these attribute names and the longest values an item stays under 1 KB, so each step costs one write unit.

use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::{AccountId, ClientId, Phone, SignInId},
    oauth::{KeyThumbprint, RequestHash, Scopes, Words},
    opener::{MachineName, Opener},
    ports::StoreError,
    secrets::{SecretHash, SessionCode, TokenId},
    session::{
        Asks, CancelReason, Claim, DeviceId, Dialect, Ext, Flow, LoginPolicy, MatchNumber, MatchPolicy,
        PageState, PictureName, Redemption, ScreenClaims, Seen, Session, State, Ties, TraceId,
    },
    text::CleanText,
};

use crate::item::{Item, Reader, bytes, inconsistent, number, seconds, text};

/// The table's key.
pub const CODE: &str = "code";
/// Counts the stored changes.
pub const VERSION: &str = "version";
/// The TTL attribute, in seconds.
pub const EXPIRES_AT: &str = "expires_at";
/// The contract's name. An item without it was stored by an earlier version of the service.
const FLOW: &str = "flow";
/// What a person reads whom a client asks by OAuth. Only such a session has it, and it may be empty.
const WORDS: &str = "words";
/// There where the QR rotates. The name is short, because the largest item has two bytes left in its write unit.
const ROTATES: &str = "r";
/// The sign-in of the browser that opened the session.
const OPENING_BROWSER: &str = "ob";
/// When the state last changed.
pub const UPDATED_AT: &str = "updated_at";

/// The whole session.
#[must_use]
pub fn to_item(session: &Session) -> Item {
    let mut item: Vec<(&str, AttributeValue)> = vec![
        (CODE, text(session.code.as_str())),
        (VERSION, number(session.version)),
        ("client", text(session.client.as_str())),
        ("screen", bytes(session.screen.as_bytes())),
        ("match_number", text(session.match_number.to_string())),
        ("match", text(session.match_policy.as_str())),
        ("created_at", seconds(session.created_at)),
        (UPDATED_AT, seconds(session.updated_at)),
        (EXPIRES_AT, seconds(session.expires_at)),
    ];
    let optional = [
        ("device_name", session.claims.device_name.as_ref().map(CleanText::as_str)),
        ("device_mac", session.claims.device_mac.as_ref().map(CleanText::as_str)),
        ("browser", session.seen.browser.as_ref().map(CleanText::as_str)),
    ];
    item.extend(optional.into_iter().filter_map(|(name, value)| Some((name, text(value?)))));
    item.extend(session.seen.ip.map(|ip| ("ip", text(ip.to_string()))));
    item.extend(opener_attributes(session.opener.as_ref()));
    item.extend(flow_attributes(&session.flow));
    item.extend(state_attributes(&session.state));
    item.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a screen proved when it opened a session.
pub(crate) fn opener_attributes(opener: Option<&Opener>) -> Vec<(&'static str, AttributeValue)> {
    let Some(opener) = opener else { return Vec::new() };
    let secret = opener.secret().map(|secret| ("opener", bytes(secret.as_bytes())));
    let machine = opener.machine().map(|name| ("machine", text(name.as_str())));
    let browser = opener
        .browser()
        .map(|browser| (OPENING_BROWSER, text(format!("{}.{}", browser.account, browser.sign_in.as_str()))));
    [secret, machine, browser].into_iter().flatten().collect()
}

/// The data that one contract alone needs, under the contract's name.
#[must_use]
pub fn flow_attributes(flow: &Flow) -> Vec<(&'static str, AttributeValue)> {
    let mut attributes = vec![(FLOW, text(flow.dialect().as_str()))];
    match flow {
        Flow::Kiosk { picture } | Flow::Shop { picture } => {
            attributes.push(("picture", text(picture.as_str())));
        }
        Flow::Web { ext, state, .. } => {
            attributes.extend((!ext.as_str().is_empty()).then(|| ("ext", text(ext.as_str()))));
            attributes.extend(state.as_ref().map(|state| ("page", text(state.as_str()))));
        }
        Flow::Oauth { scopes, request, key, .. } => {
            attributes.extend(key.as_ref().map(|key| ("jkt", text(key.as_str()))));
            attributes.extend(request.map(|request| ("request", bytes(request.as_bytes()))));
            attributes.extend((!scopes.is_empty()).then(|| ("scope", text(scopes.to_string()))));
        }
        Flow::Asked { scopes, words, request } => {
            attributes.extend(request.map(|request| ("request", bytes(request.as_bytes()))));
            attributes.push((WORDS, text(words.as_ref().map(Words::as_str).unwrap_or_default())));
            attributes.extend((!scopes.is_empty()).then(|| ("scope", text(scopes.to_string()))));
        }
        Flow::Remembered { ties, asks } => {
            attributes.extend([
                ("trace", text(ties.trace.as_str())),
                ("device", text(ties.device.as_str())),
                ("policy", number(ties.policy.number())),
            ]);
            if let Asks::Person { fallback } = asks {
                attributes.push(("fallback", text(fallback.as_str())));
            }
        }
    }
    attributes.extend(flow.rotates().then(|| (ROTATES, text("1"))));
    attributes
}

/// What a transition writes: the state's name and the data of that state.
#[must_use]
pub fn state_attributes(state: &State) -> Vec<(&'static str, AttributeValue)> {
    let mut attributes = vec![("state", text(state.name()))];
    if let Some(claim) = state.claim() {
        attributes.extend([
            ("account", number(claim.by.account)),
            ("sign_in", text(claim.by.sign_in.as_str())),
            ("scanned_at", seconds(claim.at)),
        ]);
    }
    match state {
        State::Pending | State::Scanned { .. } => {}
        State::Confirmed { at, .. } => attributes.push(("confirmed_at", seconds(*at))),
        State::Redeemed { redemption, .. } => {
            attributes.extend([
                ("token_id", text(redemption.id.as_str())),
                ("redeemed_at", seconds(redemption.at)),
            ]);
        }
        State::Cancelled { reason, .. } => attributes.push(("reason", text(reason.as_str()))),
    }
    attributes
}

/// Reads a session. `None` for an item in the shape before `flow`: sessions live for minutes, so such an item has
/// expired or is about to.
///
/// # Errors
/// Names the attribute that is not as we write it.
pub fn from_item(item: &Item) -> Result<Option<Session>, StoreError> {
    let item = Reader(item);
    let Some(dialect) = item.optional(FLOW, Dialect::parse)? else { return Ok(None) };
    Ok(Some(Session {
        code: item.parsed(CODE, SessionCode::parse)?,
        version: item.number(VERSION)?,
        client: item.parsed("client", ClientId::parse)?,
        screen: SecretHash::from_bytes(item.hash("screen")?),
        match_number: item.parsed("match_number", MatchNumber::parse)?,
        match_policy: item.parsed("match", MatchPolicy::parse)?,
        claims: ScreenClaims {
            device_name: item.optional("device_name", CleanText::non_empty)?,
            device_mac: item.optional("device_mac", CleanText::non_empty)?,
        },
        seen: Seen {
            ip: item.optional("ip", |ip| ip.parse().ok())?,
            browser: item.optional("browser", CleanText::non_empty)?,
        },
        opener: read_opener(item)?,
        flow: read_flow(item, dialect)?,
        created_at: item.seconds("created_at")?,
        updated_at: item.seconds(UPDATED_AT)?,
        expires_at: item.seconds(EXPIRES_AT)?,
        state: read_state(item)?,
    }))
}

/// Reads what [`opener_attributes`] wrote.
pub(crate) fn read_opener(item: Reader<'_>) -> Result<Option<Opener>, StoreError> {
    if let Some(browser) = item.optional(OPENING_BROWSER, read_browser)? {
        return Ok(Some(Opener::Browser(browser)));
    }
    let Some(secret) = item.optional_hash("opener")?.map(SecretHash::from_bytes) else { return Ok(None) };
    Ok(Some(match item.optional("machine", MachineName::parse)? {
        Some(name) => Opener::Machine(name, secret),
        None => Opener::Server(secret),
    }))
}

/// Reads `<account>.<sign-in>`.
fn read_browser(raw: &str) -> Option<Phone> {
    let (account, sign_in) = raw.split_once('.')?;
    Some(Phone { account: AccountId::parse(account)?, sign_in: SignInId::parse(sign_in)? })
}

fn read_flow(item: Reader<'_>, dialect: Dialect) -> Result<Flow, StoreError> {
    let picture = || item.text("picture").map(PictureName::from_stored);
    Ok(match dialect {
        Dialect::Kiosk => Flow::Kiosk { picture: picture()? },
        Dialect::Shop => Flow::Shop { picture: picture()? },
        Dialect::Web => Flow::Web {
            ext: item.optional("ext", Ext::parse)?.unwrap_or_default(),
            state: item.optional("page", PageState::parse)?,
            rotates: item.optional_text(ROTATES)?.is_some(),
        },
        Dialect::Oauth => {
            let scopes = item.optional_text("scope")?.map(Scopes::parse).unwrap_or_default();
            let request = item.optional_hash("request")?.map(RequestHash::from_bytes);
            match item.optional_text(WORDS)? {
                Some(words) => Flow::Asked { scopes, words: Words::non_empty(words), request },
                None => Flow::Oauth {
                    scopes,
                    request,
                    key: item.optional("jkt", KeyThumbprint::parse)?,
                    rotates: item.optional_text(ROTATES)?.is_some(),
                },
            }
        }
        Dialect::Remembered => Flow::Remembered {
            ties: read_ties(item)?,
            asks: match item.optional("fallback", SessionCode::parse)? {
                Some(fallback) => Asks::Person { fallback },
                None => Asks::Scan,
            },
        },
    })
}

fn read_ties(item: Reader<'_>) -> Result<Ties, StoreError> {
    Ok(Ties {
        trace: item.parsed("trace", TraceId::parse)?,
        device: item.parsed("device", DeviceId::parse)?,
        policy: LoginPolicy::from_number(item.number("policy")?).ok_or_else(|| inconsistent("policy"))?,
    })
}

fn read_state(item: Reader<'_>) -> Result<State, StoreError> {
    match item.text("state")? {
        "pending" => Ok(State::Pending),
        "scanned" => Ok(State::Scanned { claim: read_claim(item)? }),
        "confirmed" => Ok(State::Confirmed { claim: read_claim(item)?, at: item.seconds("confirmed_at")? }),
        "redeemed" => Ok(State::Redeemed {
            claim: read_claim(item)?,
            redemption: Redemption {
                id: TokenId::from_stored(item.text("token_id")?),
                at: item.seconds("redeemed_at")?,
            },
        }),
        "cancelled" => Ok(State::Cancelled {
            reason: item.parsed("reason", CancelReason::parse)?,
            claim: item.0.contains_key("account").then(|| read_claim(item)).transpose()?,
        }),
        _ => Err(inconsistent("state")),
    }
}

fn read_claim(item: Reader<'_>) -> Result<Claim, StoreError> {
    let account: u64 = item.number("account")?;
    Ok(Claim {
        by: Phone {
            account: AccountId::parse(&account.to_string()).ok_or_else(|| inconsistent("account"))?,
            sign_in: item.parsed("sign_in", SignInId::parse)?,
        },
        at: item.seconds("scanned_at")?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use saoma_domain::cases::Opening;
    use saoma_domain::client::Client;
    use saoma_domain::oauth::{BindingMessage, Scope};
    use saoma_domain::secrets::Secret;
    use saoma_domain::session::Dialect;
    use saoma_domain::time::Timestamp;
    use saoma_memory::{Memory, contract, world::SeededRandom};

    use super::*;

    /// The bytes that DynamoDB bills for an item: names and values. A number takes a byte for two digits, and one
    /// more.
    fn billed(item: &Item) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            AttributeValue::B(blob) => blob.as_ref().len(),
            other => panic!("not in a session: {other:?}"),
        };
        item.iter().map(|(name, v)| name.len() + value(v)).sum()
    }

    fn redeemed(session: Session) -> Session {
        let claim = Claim {
            by: Phone {
                account: AccountId::parse("9999999999").unwrap(),
                sign_in: SignInId::parse(&"f".repeat(32)).unwrap(),
            },
            at: session.created_at,
        };
        let redemption = Redemption { id: TokenId::from_stored(&"j".repeat(22)), at: session.created_at };
        Session { version: 4, state: State::Redeemed { claim, redemption }, ..session }
    }

    #[tokio::test]
    async fn the_largest_session_is_one_write_unit() {
        let (memory, random) = (Memory::default(), SeededRandom::new(1));
        let kiosk = contract::open_largest(&memory, &random).await.session;
        let mut kiosk = to_item(&redeemed(kiosk));
        kiosk.insert("write_id".to_owned(), text("w".repeat(16)));
        assert!(billed(&kiosk) <= 1024, "{} bytes", billed(&kiosk));

        let plain =
            Client::plain(ClientId::parse("saoma").unwrap(), CleanText::new("Saoma"), Dialect::ALL.to_vec());
        let client = Client { id: ClientId::parse(&"c".repeat(ClientId::LONGEST)).unwrap(), ..plain };
        let web = Flow::Web {
            ext: Ext::parse(&"e".repeat(Ext::LONGEST)).unwrap(),
            state: PageState::parse(&"s".repeat(PageState::LONGEST)),
            rotates: true,
        };
        let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let scopes = Scopes::parse(&scopes.join(" "));
        let request = Some(RequestHash::of("a request"));
        let key = KeyThumbprint::parse(&"k".repeat(43));
        assert!(key.is_some());
        let oauth = Flow::Oauth { scopes, request, key, rotates: true };
        let words = Words::non_empty(&"w".repeat(BindingMessage::LONGEST));
        let asked = Flow::Asked { scopes, words, request };
        // A browser proves nothing in the web contract, so its session has no opener.
        for (flow, openers) in
            [(web, vec![None]), (oauth, largest_openers(&random)), (asked, largest_openers(&random))]
        {
            for opener in openers {
                let opening = largest(&client, flow.clone(), opener);
                let session = opening.draw(&random, Timestamp::from_secs(9_999_999_999)).session;
                let mut item = to_item(&redeemed(session));
                item.insert("write_id".to_owned(), text("w".repeat(16)));
                item.insert("confirmed_at".to_owned(), number(9_999_999_999_u64));
                assert!(billed(&item) <= 1024, "{} bytes: {flow:?}", billed(&item));
            }
        }
    }

    /// Every kind of opener, at its longest.
    fn largest_openers(random: &SeededRandom) -> Vec<Option<Opener>> {
        let secret = Secret::random(random).hash();
        let name = MachineName::parse(&"k".repeat(MachineName::LONGEST)).unwrap();
        let browser = Phone {
            account: AccountId::parse("9999999999").unwrap(),
            sign_in: SignInId::parse(&"f".repeat(32)).unwrap(),
        };
        [Opener::Machine(name, secret), Opener::Server(secret), Opener::Browser(browser)].map(Some).to_vec()
    }

    /// A session of this flow, with all that its screen may say, and be seen with, at its longest.
    fn largest(client: &Client, flow: Flow, opener: Option<Opener>) -> Opening<'_> {
        let says = matches!(flow, Flow::Oauth { .. });
        Opening {
            claims: ScreenClaims {
                device_name: says.then(|| CleanText::new(&"n".repeat(64))),
                device_mac: None,
            },
            flow,
            client,
            seen: Seen {
                ip: Some("2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap()),
                browser: Some(CleanText::new(&"b".repeat(28))),
            },
            opener,
            life: Duration::from_mins(15),
        }
    }

    // C4
    #[tokio::test]
    async fn the_ttl_attribute_is_a_number_of_seconds() {
        let session = contract::open_largest(&Memory::default(), &SeededRandom::new(1)).await.session;
        let expected = AttributeValue::N((contract::OPENED.secs() + 300).to_string());
        assert_eq!(to_item(&session).get(EXPIRES_AT), Some(&expected));
    }

    #[tokio::test]
    async fn an_item_of_the_earlier_shape_is_no_session() {
        let session = contract::open_largest(&Memory::default(), &SeededRandom::new(1)).await.session;
        let mut item = to_item(&session);
        item.remove("flow");
        assert_eq!(from_item(&item).unwrap(), None);
    }

    #[tokio::test]
    async fn an_item_we_did_not_write_is_a_named_inconsistency() {
        let session = contract::open_largest(&Memory::default(), &SeededRandom::new(1)).await.session;
        let good = to_item(&session);
        assert_eq!(from_item(&good).unwrap(), Some(session));
        for (name, value) in [
            ("state", text("approved")),
            ("state", text("scanned")),
            ("version", text("1")),
            ("screen", bytes(&[1; 31])),
            (EXPIRES_AT, number("1.5")),
            ("flow", text("fax")),
            ("flow", text("remembered")),
        ] {
            let mut item = good.clone();
            item.insert(name.to_owned(), value);
            let error = from_item(&item).unwrap_err().to_string();
            assert!(error.starts_with("inconsistent item: attribute "), "{name}: {error}");
        }
    }
}
