//! What verification accepts, and what it refuses.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer, Verifier},
};
use saoma_domain::{
    cases::Opening,
    client::Client,
    identity::{AccountId, ClientId, SignInId},
    ports::KeyName,
    refresh::Family,
    secrets::TokenId,
    session::{Dialect, Flow, Redemption, ScreenClaims, Seen, Session},
    sign_in::{Holder, Method, SignIn},
    text::CleanText,
    time::Timestamp,
    watching::WatchRef,
};
use saoma_memory::{
    vault::Vault,
    world::{FixedClock, SeededRandom},
};
use saoma_tokens::{Keyring, MintedToken, TokenError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ__";
const ISSUER: &str = "https://login.example.com";
const NOW: Timestamp = Timestamp::from_secs(1_705_998_038);
const LIFE: Duration = Duration::from_mins(15);

fn keys() -> Keyring {
    let clock = Arc::new(FixedClock::at(NOW));
    let vault = Arc::new(Vault::holding(SECRET, clock.clone()));
    Keyring::new(&vault.secret(), vault, clock).unwrap()
}

/// The result of something that waits for nothing.
fn done<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn sign_in() -> SignIn {
    SignIn {
        id: SignInId::parse("aaaa").unwrap(),
        account: AccountId::parse("3000876").unwrap(),
        holder: Holder::Phone,
        client: ClientId::phone(),
        method: Method::Sms,
        seen: Seen::default(),
        version: 1,
        family: Family::begin(NOW, KeyName::of_kid("the-key-")),
        ended: false,
        proved_at: NOW,
        created_at: NOW,
        expires_at: NOW.plus(Duration::from_hours(1)),
    }
}

fn phone_token(keys: &Keyring) -> String {
    let id = TokenId::from_stored("jti-1");
    keys.mint_phone_token(ISSUER, &sign_in(), &id, LIFE, NOW).unwrap().token
}

fn session() -> Session {
    let client =
        Client::plain(ClientId::parse("saoma").unwrap(), CleanText::new("Saoma"), vec![Dialect::Web]);
    let opening = Opening {
        flow: Flow::web(None),
        client: &client,
        claims: ScreenClaims::default(),
        seen: Seen { ip: None, browser: None },
        opener: None,
        life: Duration::from_mins(5),
    };
    opening.draw(&SeededRandom::new(1), NOW).session
}

fn parts(token: &str) -> (Value, Value, Vec<u8>) {
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    (serde_json::from_slice(&parts[0]).unwrap(), serde_json::from_slice(&parts[1]).unwrap(), parts[2].clone())
}

fn signing_input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The deployment's own key, derived a second time, so that the forgeries here have a good signature.
fn signed(header: &Value, claims: &Value) -> String {
    let mut scalar = [0; 32];
    hkdf::Hkdf::<Sha256>::new(None, SECRET.as_bytes()).expand(b"saoma es256 v1 \0", &mut scalar).unwrap();
    let input = signing_input(header, claims);
    let signature: Signature = SigningKey::from_slice(&scalar).unwrap().sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn verdict(token: &str) -> Result<String, TokenError> {
    done(keys().verify_approver(ISSUER, token, NOW)).map(|approver| approver.phone.account.to_string())
}

#[test]
fn a_phone_token_says_what_rfc_9068_asks_for_and_is_accepted() {
    let (header, claims, _) = parts(&phone_token(&keys()));
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "ES256");
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER, "aud": ISSUER, "sub": "3000876", "client_id": "phone", "iat": 1_705_998_033,
            "exp": 1_705_998_938, "jti": "jti-1", "scope": "approve_login", "sid": "aaaa", "amr": ["sms"],
        })
    );
    assert_eq!(verdict(&phone_token(&keys())), Ok("3000876".to_owned()));
}

#[test]
fn forging_with_the_real_key_works_so_the_refusals_below_mean_something() {
    let (header, claims, _) = parts(&phone_token(&keys()));
    assert!(verdict(&signed(&header, &claims)).is_ok());
}

#[test]
fn every_token_verifies_against_the_published_keys() {
    let keys = keys();
    let jwks = serde_json::to_value(keys.jwks()).unwrap();
    let (header, _, signature) = parts(&phone_token(&keys));
    let jwk = &jwks["keys"][0];
    assert_eq!(jwk["kid"], header["kid"]);
    let point = ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap());
    let key = VerifyingKey::from_sec1_bytes(&[vec![4], point.concat()].concat()).unwrap();
    let token = phone_token(&keys);
    let (input, _) = token.rsplit_once('.').unwrap();
    key.verify(input.as_bytes(), &Signature::from_slice(&signature).unwrap()).unwrap();
}

#[test]
fn a_published_key_says_what_it_is_for_and_is_named_by_its_thumbprint() {
    let jwks = serde_json::to_value(keys().jwks()).unwrap();
    let jwk = jwks["keys"][0].as_object().unwrap();
    // RFC 7638 section 3: the required members, in order, without white space.
    let (x, y) = (jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap());
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
    let expected = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": thumbprint, "x": x, "y": y,
    });
    assert_eq!(jwks["keys"], json!([expected]));
}

// A12
#[test]
fn a_token_got_by_qr_may_not_approve() {
    let keys = keys();
    let redemption = Redemption { id: TokenId::from_stored("jti-2"), at: NOW };
    let account = AccountId::parse("3000876").unwrap();
    let minted = keys.mint_screen_token(ISSUER, &session(), account, &redemption, Method::Sms, LIFE).unwrap();
    assert_eq!(verdict(&minted.token), Err(TokenError::MayNotApprove));
    let (_, claims, _) = parts(&minted.token);
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER, "aud": "saoma", "sub": "3000876", "client_id": "saoma", "iat": 1_705_998_033,
            "exp": 1_705_998_938, "jti": "jti-2", "amr": ["sms"],
        })
    );
    // B8: asked again, the same token to the byte.
    let again = keys.mint_screen_token(ISSUER, &session(), account, &redemption, Method::Sms, LIFE).unwrap();
    assert_eq!(again.token, minted.token);
}

// E3
#[test]
fn alg_none_is_refused_in_every_spelling() {
    let (mut header, claims, _) = parts(&phone_token(&keys()));
    for alg in ["none", "None", "NONE", "nOnE", "", "ES256 ", "es256", "HS256", "RS256", "ES384", "EdDSA"] {
        header["alg"] = json!(alg);
        let input = signing_input(&header, &claims);
        assert_eq!(verdict(&format!("{input}.")), Err(TokenError::Invalid), "{alg}");
        assert_eq!(verdict(&input), Err(TokenError::Invalid), "{alg}");
        assert_eq!(verdict(&signed(&header, &claims)), Err(TokenError::Invalid), "{alg}");
    }
}

// E4
#[test]
fn a_mac_with_the_public_key_is_refused() {
    let keys = keys();
    let (mut header, claims, _) = parts(&phone_token(&keys));
    header["alg"] = json!("HS256");
    let input = signing_input(&header, &claims);
    let jwks = serde_json::to_value(keys.jwks()).unwrap();
    let jwk = jwks["keys"][0].to_string();
    for key in [jwk.as_bytes(), jwks["keys"][0]["x"].as_str().unwrap().as_bytes()] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(input.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        assert_eq!(verdict(&format!("{input}.{signature}")), Err(TokenError::Invalid));
    }
}

// E5 E6
#[test]
fn a_header_neither_names_nor_brings_a_key() {
    let (header, claims, _) = parts(&phone_token(&keys()));
    for kid in [json!(null), json!(""), json!("../../key"), json!("' OR 1=1"), json!(["a"]), json!(7)] {
        let mut header = header.clone();
        header["kid"] = kid;
        assert_eq!(verdict(&signed(&header, &claims)), Err(TokenError::Invalid), "{header}");
    }
    let stranger = SigningKey::from_slice(&[7; 32]).unwrap();
    let mut header = header;
    header["jku"] = json!("https://evil.example/jwks.json");
    header["x5u"] = json!("https://evil.example/key.pem");
    let input = signing_input(&header, &claims);
    let signature: Signature = stranger.sign(input.as_bytes());
    let forged = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    assert_eq!(verdict(&forged), Err(TokenError::Invalid));
    assert!(verdict(&signed(&header, &claims)).is_ok(), "the addresses are ignored, not followed");
}

// E8
#[test]
fn another_issuer_or_audience_is_refused() {
    let (header, claims, _) = parts(&phone_token(&keys()));
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!("https://login.example.com/")),
        ("aud", json!("saoma")),
        ("aud", json!([ISSUER])),
        ("aud", json!(null)),
        ("sub", json!("")),
        ("sub", json!("03000876")),
        ("sid", json!("../x")),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(verdict(&signed(&header, &claims)), Err(TokenError::Invalid), "{claims}");
    }
}

// E9
#[test]
fn one_kind_of_token_is_not_another() {
    let keys = keys();
    let client = ClientId::parse("saoma").unwrap();
    let id = TokenId::from_stored("jti-3");
    let session = session();
    let ticket = keys.mint_ticket(ISSUER, &session, &id, Duration::from_mins(1), NOW).unwrap();
    assert_eq!(done(keys.verify_ticket(ISSUER, &client, &ticket, NOW)).unwrap().code, session.code);
    assert_eq!(verdict(&ticket), Err(TokenError::Invalid));
    let as_ticket = done(keys.verify_ticket(ISSUER, &client, &phone_token(&keys), NOW));
    assert_eq!(as_ticket, Err(TokenError::Invalid));
    let (mut header, claims, _) = parts(&phone_token(&keys));
    for typ in [json!("JWT"), json!("ticket+jwt"), json!("AT+JWT"), json!(null)] {
        header["typ"] = typ;
        assert_eq!(verdict(&signed(&header, &claims)), Err(TokenError::Invalid), "{header}");
    }
    // A5: another client's ticket.
    let other = ClientId::parse("other").unwrap();
    assert_eq!(done(keys.verify_ticket(ISSUER, &other, &ticket, NOW)), Err(TokenError::Invalid));
    // A ticket is good for a minute, and is known for half a minute more.
    let end = |secs| NOW.plus(Duration::from_secs(secs));
    assert_eq!(done(keys.verify_ticket(ISSUER, &client, &ticket, end(89))).unwrap().expires_at, end(60));
    assert_eq!(done(keys.verify_ticket(ISSUER, &client, &ticket, end(90))), Err(TokenError::Invalid));
}

fn watch_verdict(token: &str, secs: u64) -> Result<WatchRef, TokenError> {
    let now = NOW.plus(Duration::from_secs(secs));
    done(keys().verify_watch(ISSUER, token, now)).map(|claims| claims.watched)
}

// W11
#[test]
fn a_watch_token_is_good_for_one_session_until_its_end() {
    let (keys, session) = (keys(), session());
    let token = keys.mint_watch(ISSUER, &session, NOW).unwrap();
    let claims = done(keys.verify_watch(ISSUER, &token, NOW)).unwrap();
    assert_eq!((claims.watched, claims.client), (WatchRef::of(&session.code), Some(session.client.clone())));
    assert_eq!(claims.expires_at, session.expires_at);
    assert!(watch_verdict(&token, 299).is_ok(), "and as often as it connects");
    assert_eq!(watch_verdict(&token, 300), Err(TokenError::Invalid));
    let elsewhere = done(keys.verify_watch("https://evil.example", &token, NOW));
    assert_eq!(elsewhere, Err(TokenError::Invalid));

    let (header, claims, _) = parts(&token);
    assert!(!claims.to_string().contains(session.code.as_str()), "it does not reveal the code");
    let visible = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    assert!(visible, "a subprotocol is a token of RFC 9110 section 5.6.2");
    for (name, value) in [
        ("sub", json!("")),
        ("sub", json!(session.code.as_str())),
        ("sub", json!(null)),
        ("client_id", json!("no client")),
        ("client_id", json!(null)),
        ("exp", json!("1705998338")),
        ("exp", json!(1e12)),
        ("exp", json!(null)),
        ("nbf", json!(NOW.secs() + 60)),
        ("nbf", json!(null)),
    ] {
        let mut forged = claims.clone();
        forged[name] = value;
        assert_eq!(watch_verdict(&signed(&header, &forged), 0), Err(TokenError::Invalid), "{forged}");
    }
}

// W11
#[test]
fn a_phones_watch_token_is_good_for_one_person_and_a_quarter_of_an_hour() {
    let (keys, person) = (keys(), AccountId::parse("3000876").unwrap());
    let token = keys.mint_person_watch(ISSUER, person, NOW).unwrap();
    let claims = done(keys.verify_watch(ISSUER, &token, NOW)).unwrap();
    assert_eq!((claims.watched, claims.client), (WatchRef::of_person(person), None));
    assert!(watch_verdict(&token, 899).is_ok());
    assert_eq!(watch_verdict(&token, 900), Err(TokenError::Invalid));
    let (_, claims, _) = parts(&token);
    assert!(claims.get("client_id").is_none() && !claims.to_string().contains("3000876"), "{claims}");
}

// E9 W11
#[test]
fn a_watch_token_is_no_other_kind_and_no_other_kind_is_one() {
    let (keys, session) = (keys(), session());
    let client = session.client.clone();
    let (id, minute) = (TokenId::from_stored("jti-5"), Duration::from_mins(1));
    let watch = keys.mint_watch(ISSUER, &session, NOW).unwrap();
    assert_eq!(verdict(&watch), Err(TokenError::Invalid));
    assert_eq!(done(keys.verify_ticket(ISSUER, &client, &watch, NOW)).err(), Some(TokenError::Invalid));
    assert_eq!(done(keys.verify_granted(ISSUER, &watch, NOW)).err(), Some(TokenError::Invalid));
    assert_eq!(done(keys.verify_code(ISSUER, &watch)).err(), Some(TokenError::Invalid));
    assert_eq!(done(keys.open_request(ISSUER, &watch, NOW)).err(), Some(TokenError::Invalid));
    assert_eq!(done(keys.open_pushed(ISSUER, &watch)).err(), Some(TokenError::Invalid));

    let account = AccountId::parse("3000876").unwrap();
    let redemption = Redemption { id: id.clone(), at: NOW };
    let (header, claims, _) = parts(&watch);
    let mut others = vec![
        phone_token(&keys),
        keys.mint_ticket(ISSUER, &session, &id, minute, NOW).unwrap(),
        keys.mint_screen_token(ISSUER, &session, account, &redemption, Method::Sms, LIFE).unwrap().token,
        keys.mint_identity(ISSUER, &session, account, Method::Sms, NOW, minute).unwrap(),
    ];
    for typ in [json!("JWT"), json!("at+jwt"), json!("ticket+jwt"), json!("WATCH+JWT"), json!(null)] {
        others.push(signed(&json!({"alg": "ES256", "typ": typ, "kid": header["kid"]}), &claims));
    }
    for other in others {
        assert_eq!(watch_verdict(&other, 0), Err(TokenError::Invalid), "{other}");
    }
    assert!(watch_verdict(&signed(&header, &claims), 0).is_ok(), "so the refusals above mean something");
}

// F18: a consumer whose clock is two seconds behind refuses what seems to be issued in its future.
#[test]
fn every_token_seems_to_be_issued_five_seconds_ago_and_ends_when_it_says() {
    let (keys, session, id) = (keys(), session(), TokenId::from_stored("jti-4"));
    let account = AccountId::parse("3000876").unwrap();
    let grant = Redemption { id: id.clone(), at: NOW };
    let minted = [
        keys.mint_phone_token(ISSUER, &sign_in(), &id, LIFE, NOW).unwrap(),
        keys.mint_screen_token(ISSUER, &session, account, &grant, Method::Sms, LIFE).unwrap(),
    ];
    for MintedToken { token, expires_in } in minted {
        let (_, claims, _) = parts(&token);
        assert_eq!(claims["exp"], NOW.plus(expires_in).secs());
        assert_eq!((&claims["iat"], claims.get("nbf")), (&json!(NOW.secs() - 5), None));
    }
    let minute = Duration::from_mins(1);
    let ticket = keys.mint_ticket(ISSUER, &session, &id, minute, NOW).unwrap();
    let identity = keys.mint_identity(ISSUER, &session, account, Method::Sms, NOW, minute).unwrap();
    for token in [ticket, identity] {
        let (_, claims, _) = parts(&token);
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW.secs() - 5), &json!(NOW.secs() + 60)));
        assert_eq!(claims.get("nbf"), None);
    }
    // Our verifier reads no `iat`, and accepts a token until its last second.
    let phone = phone_token(&keys);
    let verified = |secs| done(keys.verify_approver(ISSUER, &phone, NOW.plus(Duration::from_secs(secs))));
    assert!(verified(0).is_ok() && verified(899).is_ok());
    assert_eq!(verified(900), Err(TokenError::Invalid));
}

// E10
#[test]
fn times_are_whole_numbers() {
    let (header, claims, _) = parts(&phone_token(&keys()));
    for (name, value) in [
        ("exp", json!("1705998938")),
        ("exp", json!(1_705_998_938.5)),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("exp", json!(1_705_998_038)),
        ("nbf", json!("0")),
        ("nbf", json!(0.5)),
        ("nbf", json!(null)),
        ("nbf", json!(1_705_998_039)),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(verdict(&signed(&header, &claims)), Err(TokenError::Invalid), "{name} {claims}");
    }
    let mut without = claims;
    without.as_object_mut().unwrap().remove("exp");
    assert_eq!(verdict(&signed(&header, &without)), Err(TokenError::Invalid));
}

// E11
#[test]
fn a_bent_signature_is_refused() {
    let token = phone_token(&keys());
    let (input, _) = token.rsplit_once('.').unwrap();
    let (_, _, good) = parts(&token);
    let mut flipped = good.clone();
    flipped[10] ^= 1;
    let bent = [vec![0; 64], good[..63].to_vec(), [good.clone(), vec![0]].concat(), vec![], flipped];
    for signature in bent {
        let forged = format!("{input}.{}", URL_SAFE_NO_PAD.encode(&signature));
        assert_eq!(verdict(&forged), Err(TokenError::Invalid), "{} bytes", signature.len());
    }
    for text in
        ["", ".", "..", "...", "a.b.c", &"x".repeat(100_000), &format!("{token}.x"), &format!(" {token}")]
    {
        assert_eq!(verdict(text), Err(TokenError::Invalid));
    }
}
