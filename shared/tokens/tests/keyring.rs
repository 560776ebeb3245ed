//! The keys of running instances while the secret is rotated, dropped and out of reach.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use proptest::prelude::*;
use saoma_domain::{
    client::Client,
    identity::{AccountId, ClientId, SignInId},
    issuer::TokenAlgorithm,
    ports::{
        Clock, KeyMaker, KeyName, KeyStage, KeyStages, KeyedHash, KeyedTag, SecretVersion, SigningSecret,
        WebhookKeys,
    },
    refresh::Family,
    secrets::TokenId,
    sign_in::{Holder, Method, SignIn},
    time::Timestamp,
};
use saoma_memory::{
    Fault,
    vault::Vault,
    world::{FixedClock, SeededRandom},
};
use saoma_tokens::{
    Keyring, Keys, RsaKeyMaker, TokenError,
    keyring::{PUBLISHED_BEFORE_USE, RELOAD_EVERY, RELOAD_FLOOR},
};
use serde_json::Value;

const ISSUER: &str = "https://login.example.com";
const NOW: Timestamp = Timestamp::from_secs(1_705_998_038);

/// One secret, and the instances that read it.
struct Deployment {
    clock: Arc<FixedClock>,
    vault: Arc<Vault>,
}

impl Deployment {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::at(NOW));
        Self { vault: Arc::new(Vault::holding(&text(0), clock.clone())), clock }
    }

    /// An instance that starts now.
    fn instance(&self) -> Keyring {
        Keyring::new(&self.vault.secret(), self.vault.clone(), self.clock.clone()).unwrap()
    }

    async fn verdict(&self, by: &Keyring, token: &str) -> Result<(), TokenError> {
        by.verify_approver(ISSUER, token, self.clock.now()).await.map(|_| ())
    }

    fn rotate(&self, n: u8) {
        self.vault.publish(&format!("v{n}"), &text(n));
        self.vault.promote_pending();
    }
}

/// The text of the nth version.
fn text(n: u8) -> String {
    format!("{n:02}").repeat(32)
}

fn token(by: &Keyring) -> String {
    let sign_in = SignIn {
        id: SignInId::parse("aaaa").unwrap(),
        account: AccountId::parse("3000876").unwrap(),
        holder: Holder::Phone,
        client: ClientId::phone(),
        method: Method::Sms,
        seen: saoma_domain::session::Seen::default(),
        version: 1,
        family: Family::begin(NOW, by.current_key()),
        ended: false,
        proved_at: NOW,
        created_at: NOW,
        expires_at: NOW.plus(Duration::from_hours(1)),
    };
    let life = Duration::from_hours(24);
    by.mint_phone_token(ISSUER, &sign_in, &TokenId::from_stored("jti"), life, NOW).unwrap().token
}

fn kids(by: &Keyring) -> Vec<String> {
    let jwks = serde_json::to_value(by.jwks()).unwrap();
    let keys = jwks.get("keys").and_then(Value::as_array).unwrap();
    keys.iter().map(|key| key.get("kid").and_then(Value::as_str).unwrap().to_owned()).collect()
}

fn kid(n: u8) -> String {
    Keys::kid_of(TokenAlgorithm::Es256, &text(n)).unwrap()
}

// E13
#[tokio::test]
async fn a_version_is_published_and_verifies_before_it_signs() {
    let deployment = Deployment::new();
    let old = token(&deployment.instance());
    deployment.vault.publish("v1", &text(1));
    let instance = deployment.instance();
    assert_eq!(kids(&instance), [kid(0), kid(1)]);
    assert_eq!(instance.current_key(), KeyName::of_kid(&kid(0)));
    deployment.vault.promote_pending();
    let promoted = deployment.instance();
    assert_eq!(kids(&promoted), [kid(1), kid(0)]);
    assert_eq!(deployment.verdict(&instance, &token(&promoted)).await, Ok(()), "without a read");
    assert_eq!(deployment.verdict(&promoted, &old).await, Ok(()));
    assert_eq!(deployment.vault.reads(), 0);
}

// E13
#[tokio::test]
async fn an_instance_follows_within_the_reload_time() {
    let deployment = Deployment::new();
    let warm = deployment.instance();
    deployment.rotate(1);
    deployment.clock.advance(RELOAD_EVERY.saturating_sub(Duration::from_millis(1)));
    warm.keep_fresh().await;
    assert_eq!((kids(&warm), deployment.vault.reads()), (vec![kid(0)], 0));
    deployment.clock.advance(Duration::from_millis(1));
    warm.keep_fresh().await;
    warm.keep_fresh().await;
    assert_eq!((kids(&warm), deployment.vault.reads()), (vec![kid(1), kid(0)], 1));
}

// E13
#[tokio::test]
async fn a_key_that_is_not_known_is_read_at_once() {
    let deployment = Deployment::new();
    let warm = deployment.instance();
    deployment.rotate(1);
    assert_eq!(deployment.verdict(&warm, &token(&deployment.instance())).await, Ok(()));
    let warm = Deployment::instance(&deployment);
    deployment.rotate(2);
    let tag = deployment.instance().keyed_hash("p", &["a"]);
    let hashes: &dyn KeyedHash = &warm;
    assert!(hashes.verifies(&tag, "p", &["a"]).await);
}

// E5 E13
#[tokio::test]
async fn a_thousand_unknown_keys_in_a_minute_cause_two_reads() {
    let deployment = Deployment::new();
    let warm = deployment.instance();
    let elsewhere = Deployment::new();
    elsewhere.rotate(9);
    let foreign = token(&elsewhere.instance());
    for n in 0_u32..1000 {
        assert_eq!(deployment.verdict(&warm, &foreign).await, Err(TokenError::Invalid));
        warm.learn(&KeyName::of_kid(&format!("{n:08}"))).await;
        deployment.clock.advance(Duration::from_millis(60));
    }
    assert_eq!(deployment.vault.reads(), 2);
    // The floor does not delay the regular read, nor does a start.
    deployment.clock.advance(RELOAD_EVERY);
    warm.keep_fresh().await;
    assert_eq!(deployment.vault.reads(), 3);
}

/// The floor counts from the last read for an unknown key. If it counted from the start, an instance that started just
/// before a drop would refuse good tokens for half a minute.
#[tokio::test]
async fn a_fresh_instance_asks_for_an_unknown_key_at_once() {
    let deployment = Deployment::new();
    let fresh = deployment.instance();
    deployment.rotate(1);
    assert_eq!(deployment.verdict(&fresh, &token(&deployment.instance())).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_causes_no_read() {
    let deployment = Deployment::new();
    let warm = deployment.instance();
    let foreign = r#"{"alg":"ES256","typ":"JWT","kid":"theirs"}"#;
    let foreign = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, foreign);
    for text in ["x", "a.b.c", &format!("{foreign}.e30.AAAA"), &"x".repeat(10_000)] {
        assert_eq!(deployment.verdict(&warm, text).await, Err(TokenError::Invalid));
    }
    assert_eq!(deployment.vault.reads(), 0);
}

// E13 B12
#[tokio::test]
async fn a_read_that_fails_keeps_the_keys_and_is_made_again_after_the_floor() {
    let deployment = Deployment::new();
    let warm = deployment.instance();
    let old = token(&warm);
    deployment.rotate(1);
    deployment.clock.advance(RELOAD_EVERY);
    deployment.vault.inject(Fault::Refused);
    warm.keep_fresh().await;
    assert_eq!(deployment.verdict(&warm, &old).await, Ok(()));
    warm.keep_fresh().await;
    assert_eq!((kids(&warm), deployment.vault.reads()), (vec![kid(0)], 1));
    deployment.clock.advance(RELOAD_FLOOR);
    warm.keep_fresh().await;
    assert_eq!((kids(&warm), deployment.vault.reads()), (vec![kid(1), kid(0)], 2));
}

/// A secret that a person changed by hand, to something too short, ends nothing.
#[tokio::test]
async fn a_secret_that_makes_no_keys_keeps_the_keys() {
    let deployment = Deployment::new();
    let warm = deployment.instance();
    deployment.vault.publish("by-hand", "short");
    deployment.clock.advance(RELOAD_EVERY);
    warm.keep_fresh().await;
    assert_eq!(kids(&warm), [kid(0)]);
}

// K9
#[tokio::test]
async fn a_dropped_version_is_gone_everywhere_within_the_reload_time() {
    for stage in [KeyStage::Pending, KeyStage::Previous] {
        let deployment = Deployment::new();
        let (leaked, tag) = if stage == KeyStage::Pending {
            deployment.vault.publish("v1", &text(1));
            let elsewhere = Deployment::new();
            elsewhere.rotate(1);
            (token(&elsewhere.instance()), elsewhere.instance().keyed_hash("p", &[]))
        } else {
            (token(&deployment.instance()), deployment.instance().keyed_hash("p", &[]))
        };
        if stage == KeyStage::Previous {
            deployment.rotate(1);
        }
        let warm = deployment.instance();
        assert_eq!(deployment.verdict(&warm, &leaked).await, Ok(()));
        let id = if stage == KeyStage::Pending { "v1" } else { "first" };
        deployment.vault.remove(stage, id).await.unwrap();
        deployment.clock.advance(RELOAD_EVERY);
        warm.keep_fresh().await;
        assert_eq!(deployment.verdict(&warm, &leaked).await, Err(TokenError::Invalid), "{stage:?}");
        let hashes: &dyn KeyedHash = &warm;
        assert!(!hashes.verifies(&tag, "p", &[]).await, "{stage:?}");
        assert_eq!(kids(&warm).len(), 1);
    }
}

#[tokio::test]
async fn a_call_to_a_client_is_signed_with_every_key_that_its_server_may_hold() {
    let deployment = Deployment::new();
    let client = Client::plain(
        ClientId::parse("saoma").unwrap(),
        saoma_domain::text::CleanText::new("Saoma"),
        vec![saoma_domain::session::Dialect::Web],
    );
    let first = |keyring: &Keyring| keyring.webhook_keys(&client, NOW).first().copied().unwrap();
    let warm = deployment.instance();
    let before = first(&warm);
    deployment.vault.publish("v1", &text(1));
    let knows_the_next = deployment.instance();
    deployment.vault.promote_pending();
    let promoted = deployment.instance();
    assert!(promoted.webhook_keys(&client, NOW).contains(&before), "a server that has not asked again");
    assert!(
        knows_the_next.webhook_keys(&client, NOW).contains(&first(&promoted)),
        "a server that asked another instance"
    );
}

#[test]
fn a_short_secret_makes_no_keys() {
    let version = SecretVersion { id: "v".to_owned(), text: "short".to_owned(), made_at: NOW };
    assert!(Keys::derive(&SigningSecret { current: version, pending: None, previous: None }).is_err());
}

// C9
#[test]
fn a_text_that_is_no_rsa_key_makes_no_keys() {
    let version = |text: &str| SecretVersion { id: "v".to_owned(), text: text.to_owned(), made_at: NOW };
    let of = |text: &str| SigningSecret { current: version(text), pending: None, previous: None };
    let keys = Keys::derive(&of(&text(0))).unwrap();
    let good = RsaKeyMaker(Arc::new(SeededRandom::new(1))).make().unwrap();
    assert!(keys.with_rsa(&of(&good)).is_ok());
    let relabelled = good.replace("PRIVATE KEY", "EC PRIVATE KEY");
    for bad in ["", "not a key", &text(0), &good[..good.len() / 2], &relabelled] {
        assert!(keys.with_rsa(&of(bad)).is_err(), "{bad}");
    }
}

// K9
#[tokio::test]
async fn rsa_keys_that_cannot_be_read_keep_no_dropped_key_alive() {
    let deployment = Deployment::new();
    let rsa = Arc::new(Vault::empty(deployment.clock.clone()));
    let pem = RsaKeyMaker(Arc::new(SeededRandom::new(1))).make().unwrap();
    rsa.add(KeyStage::Current, "rsa", &pem).await.unwrap();
    let keys = deployment.instance().with_rsa(rsa.found().as_ref(), rsa.clone()).unwrap();
    let before = kids(&keys);
    assert_eq!(before.len(), 2);
    deployment.vault.add(KeyStage::Current, "v1", &text(1)).await.unwrap();
    deployment.vault.remove(KeyStage::Previous, "first").await.unwrap();
    deployment.clock.advance(RELOAD_EVERY);
    rsa.inject(Fault::Refused);
    keys.keep_fresh().await;
    assert_eq!(kids(&keys), [kid(1), before[1].clone()], "the RSA keys stay as they were");
    rsa.add(KeyStage::Pending, "rsa2", &pem).await.unwrap();
    deployment.clock.advance(RELOAD_FLOOR);
    keys.keep_fresh().await;
    assert_eq!(kids(&keys).len(), 3, "and are read again after the floor");
}

#[test]
fn a_keyed_hash_depends_on_key_purpose_and_boundaries() {
    let deployment = Deployment::new();
    let keys = deployment.instance();
    let tag = keys.keyed_hash("p", &["ab", "c"]);
    assert_eq!(tag, keys.keyed_hash("p", &["ab", "c"]));
    assert_ne!(tag, keys.keyed_hash("p", &["a", "bc"]));
    assert_ne!(tag, keys.keyed_hash("q", &["ab", "c"]));
    deployment.rotate(1);
    assert_ne!(tag, deployment.instance().keyed_hash("p", &["ab", "c"]));
}

/// One thing that happens to a deployment.
#[derive(Clone, Debug)]
enum Event {
    Publish,
    Promote,
    DropPending,
    DropPrevious,
    Wait(u64),
    /// The instance makes a token and a hash.
    Make(usize),
    /// The instance starts anew.
    Start(usize),
    /// The next read fails.
    Fail,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        Just(Event::Publish),
        Just(Event::Promote),
        Just(Event::DropPending),
        Just(Event::DropPrevious),
        (1..700_u64).prop_map(Event::Wait),
        (0..3_usize).prop_map(Event::Make),
        (0..3_usize).prop_map(Event::Make),
        (0..3_usize).prop_map(Event::Start),
        Just(Event::Fail),
    ];
    proptest::collection::vec(event, 1..40)
}

/// Something that an instance made, and the version of the secret it was made with.
struct Made {
    token: String,
    tag: KeyedTag,
    version: String,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However versions come and go, every instance that was idle for no longer than the reload time accepts what
    /// another made with a version that counts, and refuses what was made with one that was dropped.
    #[test]
    fn instances_agree_on_what_counts(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let deployment = Deployment::new();
            let mut instances: Vec<_> = (0..3).map(|_| deployment.instance()).collect();
            let (mut made, mut drawn): (Vec<Made>, u8) = (Vec::new(), 0);
            for event in events {
                match event {
                    Event::Publish => {
                        drawn += 1;
                        deployment.vault.publish(&format!("v{drawn}"), &text(drawn));
                    }
                    Event::Promote => deployment.vault.promote_pending(),
                    Event::DropPending => remove(&deployment, KeyStage::Pending).await,
                    Event::DropPrevious => remove(&deployment, KeyStage::Previous).await,
                    Event::Wait(secs) => deployment.clock.advance(Duration::from_secs(secs)),
                    Event::Start(n) => *instances.get_mut(n).unwrap() = deployment.instance(),
                    Event::Fail => deployment.vault.inject(Fault::Refused),
                    Event::Make(n) => {
                        let by = instances.get(n).unwrap();
                        by.keep_fresh().await;
                        let tag = by.keyed_hash("p", &["x"]);
                        let version = (0..=drawn).find(|n| KeyName::of_kid(&kid(*n)) == tag.key).unwrap();
                        let version = if version == 0 { "first".to_owned() } else { format!("v{version}") };
                        made.push(Made { token: token(by), tag, version });
                    }
                }
            }
            deployment.clock.advance(PUBLISHED_BEFORE_USE);
            let counts: BTreeSet<_> =
                deployment.vault.secret().versions().map(|(_, version)| version.id.clone()).collect();
            for instance in &instances {
                instance.keep_fresh().await; // it may fail once
                deployment.clock.advance(RELOAD_FLOOR);
                instance.keep_fresh().await;
                let hashes: &dyn KeyedHash = instance;
                for Made { token, tag, version } in &made {
                    let good = counts.contains(version);
                    assert_eq!(deployment.verdict(instance, token).await.is_ok(), good, "{version}");
                    assert_eq!(hashes.verifies(tag, "p", &["x"]).await, good, "{version}");
                }
            }
        });
    }
}

async fn remove(deployment: &Deployment, stage: KeyStage) {
    let secret = deployment.vault.secret();
    if let Some((_, version)) = secret.versions().find(|(at, _)| *at == stage) {
        // The next call may be made to fail.
        if deployment.vault.remove(stage, &version.id).await.is_err() {
            deployment.vault.remove(stage, &version.id).await.unwrap();
        }
    }
}
