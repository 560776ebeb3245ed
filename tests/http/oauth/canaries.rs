//! Logins by OAuth in every way, with refusals and failures in between. A test looks for their secrets where no secret may
//! stand (`docs/security.md` J1).

use acceptance::{Answer, Call, Person, World};
use saoma_domain::{oauth::ClientAuth, session::Dialect};
use saoma_memory::Fault;
use serde_json::json;

use super::{
    DEVICE_GRANT,
    ciba::{self, Server},
    code::{self, GOOD, Page, SITE, VERIFIER, parameters},
    dpop, form, pass, register_as,
    signer::{JWT_BEARER, Signer},
    user_code::types,
};
use crate::{
    allowed::{ID, Login},
    issuers::{self, Issuer},
    pages,
};

const BOX: &str = "canary-box";
const DESK: &str = "canary-desk";
const SCREEN: &str = "canary-screen";

/// Plays the logins in a world of their own. Returns the secrets that they had.
pub(crate) async fn played() -> Vec<String> {
    let world = &World::default();
    // The number of the person whom `ciba` has asked.
    let person = world.sign_in("13800138000").await;
    let mut secrets = Canaries(vec![person.token.clone(), person.refresh_token.clone()]);
    secrets.of_a_device(world, &person).await;
    secrets.of_a_client_with_a_key(world).await;
    secrets.of_a_site(world, &person).await;
    secrets.of_a_desk(world, &person).await;
    secrets.of_another_issuer(world).await;
    secrets.0
}

/// The secrets so far.
struct Canaries(Vec<String>);

impl Canaries {
    /// Keeps a secret, and what stands behind its last dot: before that may stand what names a session or a person.
    fn keep(&mut self, secret: &str) -> String {
        self.0.extend(secret.rsplit_once('.').map(|(_, last)| last.to_owned()));
        self.0.push(secret.to_owned());
        secret.to_owned()
    }

    /// Keeps what an answer names so.
    fn text(&mut self, answer: &Answer, name: &str) -> String {
        self.keep(&answer.text(name))
    }

    /// Keeps a cookie that an answer sets; the pair.
    fn cookie(&mut self, answer: &Answer) -> String {
        let pair = answer.cookie();
        self.keep(pair.split_once('=').unwrap().1);
        pair
    }

    /// Keeps the tokens of a good answer; the access and the refresh token.
    fn tokens(&mut self, answer: &Answer) -> [String; 2] {
        assert_eq!(answer.status, 200, "{}", answer.whole());
        self.keep(&answer.text("id_token"));
        [self.keep(&answer.text("access_token")), self.keep(&answer.text("refresh_token"))]
    }

    /// A device with a secret, whose tokens are bound to a key.
    async fn of_a_device(&mut self, world: &World, person: &Person) {
        let secret = self.keep(&register_as(world, SCREEN, ClientAuth::ClientSecret));
        let own = [("client_id", SCREEN), ("client_secret", &*secret)];
        let mut ids = 0..;
        let mut proven = |it: &mut Self, path: &str, key: &Signer, pairs: &[(&str, &str)]| {
            let proof = dpop::proven(world, path, key, &format!("canary-{}", ids.next().unwrap()));
            it.keep(&proof);
            form(path, &[&own, pairs].concat()).header("dpop", &proof)
        };
        let key = dpop::key();
        let scope = [("scope", "openid phone"), ("device_name", "TV")];
        let begun = world.call(proven(self, "/oauth/device_authorization", &key, &scope)).await;
        let (device_code, typed) = (self.text(&begun, "device_code"), self.text(&begun, "user_code"));
        self.keep(&typed.replace('-', ""));
        let wrong = self.keep("BCDF-GHJK-LMNP");
        types(world, person, &wrong).await.problem(404, "not_found");
        assert_eq!(types(world, person, &typed).await.status, 200);

        let asked = [("grant_type", DEVICE_GRANT), ("device_code", &*device_code)];
        let refused = vec![
            proven(self, "/oauth/token", &key, &asked),
            proven(self, "/oauth/token", &Signer::of(12), &asked),
            proven(self, "/oauth/userinfo", &key, &asked),
            form(
                "/oauth/token",
                &[&own[..1], &[("client_secret", &*self.keep("a-wrong-secret"))], &asked].concat(),
            ),
            form("/oauth/token", &[&own[..], &asked, &asked].concat()),
            form(&format!("/oauth/token?client_secret={secret}"), &asked),
            Call::post("/oauth/token").body("text/plain", &device_code),
        ];
        are_refused(world, refused).await;
        let code = self.keep(device_code.split('.').next().unwrap());
        for step in ["scan", "confirm"] {
            assert_eq!(pages::step(world, step, person, &code, &json!({})).await.status, 200);
        }
        are_refused(world, vec![form("/oauth/token", &[&own[..], &asked].concat())]).await;
        for calls in 0..4 {
            for fault in [Fault::Refused, Fault::AnswerLost] {
                let call = proven(self, "/oauth/token", &key, &asked);
                world.memory.inject(calls, fault);
                let answer = world.call(call).await;
                world.memory.disarm();
                if answer.status == 200 {
                    self.tokens(&answer);
                }
            }
        }
        let tokens = world.call(proven(self, "/oauth/token", &key, &asked)).await;
        let [access, refresh] = self.tokens(&tokens);
        let refreshes = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
        let next = world.call(proven(self, "/oauth/token", &key, &refreshes)).await;
        let [_, last] = self.tokens(&next);
        are_refused(
            world,
            vec![
                Call::get("/oauth/userinfo").bearer(&access),
                Call::get("/oauth/userinfo").header("authorization", &format!("DPoP {access}")),
                Call::get(&format!("/oauth/userinfo?access_token={access}")),
                Call::post("/api/user/refresh").json(&json!({"refreshToken": last})),
                Call::post(&format!("/q/{code}/scan")).bearer(&access).json(&json!({})),
            ],
        )
        .await;
        for path in ["/oauth/introspect", "/oauth/revoke"] {
            for token in [&access, &last, &person.refresh_token, &device_code] {
                world.call(form(path, &[&own[..], &[("token", token)]].concat())).await;
            }
        }
    }

    /// A device that proves itself by assertions.
    async fn of_a_client_with_a_key(&mut self, world: &World) {
        let key = Signer::of(7);
        let asked = json!({
            "do": "client.create", "id": BOX, "name": "Box", "dialect": "oauth",
            "grants": ["device_code"], "auth": "private_key_jwt", "key": key.jwk().to_string(),
        });
        let made = world.command(asked).await;
        self.keep(made["secret"].as_str().unwrap());
        let asserting = |it: &mut Self, assertion: &str| {
            let pairs = [("client_assertion_type", JWT_BEARER), ("client_assertion", &*it.keep(assertion))];
            form("/oauth/device_authorization", &pairs)
        };
        let good = key.assertion(world, BOX, "a-canary");
        let begun = world.call(asserting(self, &good)).await;
        assert_eq!(begun.status, 200, "{}", begun.whole());
        self.text(&begun, "device_code");
        self.text(&begun, "user_code");
        let bad =
            [good, Signer::of(8).assertion(world, BOX, "another"), "a-canary-that-is-no-token".to_owned()];
        let bad = bad.map(|assertion| asserting(self, &assertion));
        are_refused(world, bad.to_vec()).await;
    }

    /// A site with a secret that pushes its request, and a browser that stays signed in.
    async fn of_a_site(&mut self, world: &World, person: &Person) {
        let secret = self.keep(&code::register(world, SITE, ClientAuth::ClientSecret));
        self.keep(VERIFIER);
        let own = [("client_secret", &*secret)];
        let pushed = world.call(form("/oauth/par", &[&GOOD[..], &own].concat())).await;
        let request_uri = pushed.text("request_uri");
        self.keep(request_uri.rsplit(':').next().unwrap());
        let bring = super::par::bring(SITE, &request_uri);
        let found = world.call(bring.clone()).await;
        world.call(bring.from_ip("198.51.100.9")).await;
        let (_, sealed) = found.header("location").split_once("/authorize#").unwrap();
        let sealed = self.keep(sealed);
        let page = Page::begin(world, &sealed).await;
        let mut key = page.text("pollToken").splitn(3, '.');
        let [session, secret_of_page] = [key.next().unwrap(), key.next().unwrap()];
        self.keep(session);
        self.keep(secret_of_page);
        let receipt = Call::post(&format!("/q/{}/receipt", page.read())).json(&json!({}));
        let receipt = world.call(receipt).await;
        self.cookie(&receipt);
        let bent = self.keep(&format!("{sealed}x"));
        let begin = |request: &str| Call::post("/oauth/authorize/begin").json(&json!({"request": request}));
        are_refused(
            world,
            vec![
                begin(&bent),
                Call::get(&format!("/oauth/authorize/begin?request={sealed}")),
                Call::get("/oauth/authorize/status").header("token", &format!("{}x", page.text("pollToken"))),
            ],
        )
        .await;

        world.call(Call::post("/oauth/authorize/continue").json(&json!({"request": sealed}))).await;
        let agreed = page.agreed_by(world, person).await;
        let browser = self.cookie(&agreed);
        let code = parameters(&agreed.text("url"))["code"].as_str().unwrap().to_owned();
        self.keep(&code);
        let wrong = self.keep(&VERIFIER.replace('d', "e"));
        are_refused(
            world,
            vec![
                code::exchange(&code, &own[..0]),
                code::exchange(&code, &[own[0], ("code_verifier", &wrong)]),
                code::exchange(&code, &[own[0], ("redirect_uri", "https://evil.example/")]),
                code::exchange(&format!("{code}x"), &own),
                Call::get(&format!("/oauth/token?code={code}&client_secret={secret}")),
            ],
        )
        .await;
        let tokens = world.call(code::exchange(&code, &own)).await;
        let [access, _] = self.tokens(&tokens);
        let told = world.call(Call::get("/oauth/userinfo").bearer(&access)).await;
        assert_eq!(told.status, 200, "{}", told.whole());
        let id_token = tokens.text("id_token");
        let silent = [("prompt", "none"), ("id_token_hint", &*id_token), ("login_hint", "13800138000")];
        let through = world.call(code::authorizing(&silent).cookie(&browser)).await;
        let second = parameters(through.header("location"))["code"].as_str().unwrap().to_owned();
        self.keep(&second);
        let stolen = Call::get("/api/user/me").bearer(browser.split_once('=').unwrap().1);
        are_refused(world, vec![stolen]).await;
        pass(world, 31);
        are_refused(world, vec![code::exchange(&code, &own)]).await;
        let out = Call::get(&format!("/oauth/logout?id_token_hint={id_token}")).cookie(&browser);
        assert!(world.call(out).await.status.as_u16() < 400);
    }

    /// A server that has a person asked by telephone number.
    async fn of_a_desk(&mut self, world: &World, person: &Person) {
        let desk = Server::registered(world, DESK);
        let first = desk.scanned_by(world, person).await;
        for name in ["access_token", "id_token", "refresh_token"] {
            self.keep(first[name].as_str().unwrap());
        }
        let id = desk.asked(world, &[]).await;
        self.keep(&id);
        are_refused(world, vec![desk.exchange(&id), desk.exchange(&format!("{id}x"))]).await;
        assert_eq!(ciba::decides(world, person, true, None).await.status, 200);
        let tokens = world.call(desk.exchange(&id)).await;
        self.tokens(&tokens);
    }

    /// A phone with a token of its product's own issuer.
    async fn of_another_issuer(&mut self, world: &World) {
        let (issuer, other) = (Issuer::start(1), Issuer::start(2));
        let login = Login::open(world, Dialect::Oauth).await;
        issuers::register(world, ID, &issuer.settings()).await;
        let scan =
            |token: &str| Call::post(&format!("/q/{}/scan", login.code)).bearer(token).json(&json!({}));
        let mut forged = vec![other.token(world, "ann"), issuer.signs(&json!({}), &json!({"sub": "ann"}))];
        forged.push(issuer.signs(&json!({"alg": "none"}), &json!({"sub": "ann"})));
        let calls = forged.iter().map(|token| scan(&self.keep(token))).collect();
        are_refused(world, calls).await;
        let good = self.keep(&issuer.token(world, "ann"));
        assert_eq!(world.call(scan(&good)).await.status, 200);
    }
}

async fn are_refused(world: &World, calls: Vec<Call>) {
    for call in calls {
        let answer = world.call(call).await;
        assert!(answer.status.is_client_error(), "{}", answer.whole());
    }
}
