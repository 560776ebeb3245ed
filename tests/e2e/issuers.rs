//! A product that has accounts of its own (`docs/issuers.md`): its issuer is a process of its own, with keys of its own that
//! are replaced while people sign in.

use serde_json::{Value, json};

use crate::{
    jwt,
    kiosk::Machine,
    program::Program,
    relying_parties::registered,
    screen::{Answer, Screen},
    service::Service,
};

/// The issuer of a product.
struct Issuer {
    program: Program,
    address: String,
}

impl Issuer {
    async fn starts() -> Self {
        let mut program = Program::by_python("issuer.py", &json!({}));
        let address = program.names("address").await;
        Self { program, address }
    }

    /// A token with these claims, over those of a good one.
    async fn token(&mut self, claims: &Value) -> String {
        self.program.reads(&claims.to_string()).await;
        self.program.names("token").await
    }

    async fn rotates(&mut self) {
        self.program.reads("rotate").await;
        self.program.names("rotated").await;
    }
}

/// Registers a product with this issuer, whose keys are said to stand there; the product's id.
async fn product(service: &Service, issuer: &Issuer, keys: &Issuer) -> String {
    let (issuer, keys) = (format!("ISSUER={}", issuer.address), format!("JWKS={}/keys", keys.address));
    registered(service, &["DIALECT=kiosk", "AUDIENCE=saoma-e2e", &issuer, &keys]).await.0
}

/// A step of a phone with this token.
async fn step(machine: &Machine, service: &Service, step: &str, token: &str) -> Answer {
    Screen::new(service).post(&machine.path(step), Some(token), &json!({})).await
}

#[tokio::test]
async fn a_products_app_approves_with_the_token_that_it_holds() {
    let service = Service::served();
    let mut issuer = Issuer::starts().await;
    let client = product(&service, &issuer, &issuer).await;
    let mut people = Vec::new();
    for _ in 0..2 {
        let machine = Machine::of_a_product(&service, &client).await;
        let token = issuer.token(&json!({})).await;
        for name in ["scan", "bind"] {
            step(&machine, &service, name, &token).await.good();
        }
        let signed_in = machine.own_status().await;
        assert_eq!(signed_in["codeStatus"], "SUCCESS", "{signed_in}");
        people.push(jwt::verified(&service, signed_in["memberToken"].as_str().unwrap()).await["sub"].clone());
        // From now on another key signs.
        issuer.rotates().await;
    }
    assert_eq!(people[0], people[1], "the same person, also after the keys were replaced");
}

// E6 E8
#[tokio::test]
async fn no_other_issuers_token_approves() {
    let service = Service::served();
    let (mut issuer, mut other) = (Issuer::starts().await, Issuer::starts().await);
    let client = product(&service, &issuer, &issuer).await;
    // Another product has registered the same issuer, with the keys of its own.
    let impostor = product(&service, &issuer, &other).await;
    let machine = Machine::of_a_product(&service, &client).await;
    let of_the_impostor = other.token(&json!({"iss": issuer.address})).await;
    let bad = [
        ("an unlisted issuer", other.token(&json!({})).await),
        ("another audience", issuer.token(&json!({"aud": "another-service"})).await),
        ("another client's registration", of_the_impostor.clone()),
        ("no sid", issuer.token(&json!({"sid": null})).await),
        ("over", issuer.token(&json!({"exp": 1})).await),
    ];
    for (what, token) in bad {
        let answer = step(&machine, &service, "scan", &token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.told());
    }
    assert_eq!(machine.own_status().await["codeStatus"], "DEFAULT", "nothing changed");
    step(&machine, &service, "scan", &issuer.token(&json!({})).await).await.good();
    let theirs = Machine::of_a_product(&service, &impostor).await;
    step(&theirs, &service, "scan", &of_the_impostor).await.good();
}
