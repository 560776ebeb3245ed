//! A session that is over: the phone that holds it learns why, and to any other phone the code is unknown. In all four
//! contracts and on the phone page.

use acceptance::{Answer, Call, Person, World};
use saoma_domain::ports::Clock;
use serde_json::{Value, json};

use crate::{
    operations::kiosk_poll,
    pages,
    remembered::{DEVICE, Region, both, code, log_in, pending},
    web::{Pc, app},
};

/// A well-formed code that no session has.
const UNKNOWN: &str = "ZZZZZZZZZZZZZZZZZZZZZZZZZZ";
const STEPS: [&str; 3] = ["scan", "confirm", "cancel"];

/// A screen of each contract that shows a QR.
enum Screen {
    Kiosk(Box<Answer>),
    Web(Box<Pc>),
    Shop(Box<Answer>),
    Remembered { region: Region, trace: String, code: String },
}

impl Screen {
    async fn of_each_contract(world: &World) -> [Self; 4] {
        let region = Region::registered(world, "clientId-01");
        let trace = region.trace(world, json!({"deviceId": DEVICE})).await;
        let code = code(world, &region, &trace).await;
        let shop = Call::get("/qrlogin/createcode").header("accept", "application/json");
        [
            Self::Kiosk(Box::new(world.call(Call::post("/api/qrCode/createLoginQrCode")).await)),
            Self::Web(Box::new(Pc::open(world).await)),
            Self::Shop(Box::new(world.call(shop).await)),
            Self::Remembered { region, trace, code },
        ]
    }

    fn code(&self) -> String {
        match self {
            Self::Kiosk(created) => created.text("id"),
            Self::Web(pc) => pc.code.clone(),
            Self::Shop(created) => created.text("code"),
            Self::Remembered { code, .. } => code.clone(),
        }
    }

    /// Takes its token.
    async fn take(&self, world: &World) {
        match self {
            Self::Kiosk(created) => {
                let taken = world.call(kiosk_poll(created, &created.text("pollToken"))).await;
                assert!(taken.json()["memberToken"].is_string(), "{}", taken.whole());
            }
            Self::Web(pc) => {
                let ticket = pc.ticket(world).await;
                let call = Call::post("/welcome").cookie(&pc.cookie).json(&json!({"ticket": ticket}));
                assert_eq!(world.call(call).await.status, 200);
            }
            Self::Shop(created) => {
                let path = format!("/qrlogin/qrcodelogin/{}", self.code());
                assert_eq!(world.call(Call::get(&path).cookie(&created.cookie())).await.json()["status"], 2);
            }
            Self::Remembered { region, trace, .. } => {
                let ticket = region.results(world, trace).await[1]["ticket"].clone();
                assert_eq!(region.exchange(world, &ticket).await.status, 200);
            }
        }
    }

    /// What `person` is told who takes this step on `code` by the contract's own call; `None` where the
    /// contract has none.
    async fn told(&self, world: &World, step: &str, person: &Person, code: &str) -> Option<Answer> {
        let named = |names: [&'static str; 3]| {
            STEPS.iter().zip(names).find(|(it, _)| **it == step).map(|(_, name)| name).unwrap()
        };
        let call = match self {
            Self::Kiosk(_) => {
                Call::post(&format!("/api/qrCode/{}LoginQrCode/{code}", named(["scan", "bind", "cancel"])))
            }
            Self::Web(_) => {
                return Some(app(world, named(["lock", "activate", "cancel"]), person, code).await);
            }
            Self::Shop(_) => match named(["verifycode", "qrcodelogin", ""]) {
                "" => return None,
                "verifycode" => Call::get(&format!("/qrlogin/verifycode/{code}")),
                name => Call::post(&format!("/qrlogin/{name}/{code}")),
            },
            Self::Remembered { .. } => return None,
        };
        Some(world.call(call.header("token", &person.token)).await)
    }
}

/// Sessions of each contract that are over and that `owner` had scanned: each with what is true of it.
async fn over(world: &World, owner: &Person) -> Vec<(&'static str, Screen)> {
    let page = async |step: &str, code: &str| {
        let answer = pages::step(world, step, owner, code, &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.whole());
    };
    let mut all = Vec::new();
    for truth in ["expired", "cancelled", "used"] {
        for screen in Screen::of_each_contract(world).await {
            let code = screen.code();
            page("scan", &code).await;
            match truth {
                "expired" => {
                    let expired = world.session(&code);
                    world
                        .memory
                        .force(saoma_domain::session::Session { expires_at: world.clock.now(), ..expired });
                }
                "cancelled" => page("cancel", &code).await,
                _ => {
                    page("confirm", &code).await;
                    screen.take(world).await;
                }
            }
            all.push((truth, screen));
        }
    }
    all
}

#[track_caller]
fn same(answer: &Answer, unknown: &Answer, what: &str) {
    assert_eq!((answer.whole(), &answer.body), (unknown.whole(), &unknown.body), "{what}");
}

// W15
#[tokio::test]
async fn another_phone_is_told_of_what_is_over_what_it_is_told_of_an_unknown_code() {
    let world = World::default();
    let (owner, stranger) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    for (truth, screen) in over(&world, &owner).await {
        let (code, stored) = (screen.code(), world.session(&screen.code()));
        for step in STEPS {
            let what = format!("{step} of {} when {truth}", stored.client);
            let page = async |code: &str| pages::step(&world, step, &stranger, code, &json!({})).await;
            same(&page(&code).await, &page(UNKNOWN).await, &what);
            if let Some(answer) = screen.told(&world, step, &stranger, &code).await {
                let unknown = screen.told(&world, step, &stranger, UNKNOWN).await.unwrap();
                same(&answer, &unknown, &what);
            }
        }
        assert_eq!(world.session(&code), stored);
    }
}

/// What the phone that holds a session that is over is told of a step: a refusal's status and code, or success.
fn truth_of(step: &str, truth: &'static str) -> Option<(u16, &'static str)> {
    match (step, truth) {
        ("cancel", "cancelled") | ("scan" | "confirm", "used") => None,
        (_, "used") => Some((409, truth)),
        _ => Some((410, truth)),
    }
}

// W15 K11: repeating a step that was taken succeeds.
#[tokio::test]
async fn the_phone_that_holds_it_is_told_the_truth() {
    let world = World::default();
    let owner = world.sign_in("13800138000").await;
    for (truth, screen) in over(&world, &owner).await {
        let (code, stored) = (screen.code(), world.session(&screen.code()));
        for step in STEPS {
            let page = pages::step(&world, step, &owner, &code, &json!({})).await;
            let told = screen.told(&world, step, &owner, &code).await;
            match (truth_of(step, truth), &screen, told) {
                (None, _, told) => {
                    let all = told.iter().chain([&page]);
                    assert!(all.clone().all(|it| it.status == 200), "{step} {truth}: {}", page.whole());
                    let flags = told.iter().filter_map(|it| it.json().get("statusflag").cloned());
                    assert!(flags.into_iter().all(|flag| flag == 0), "{step} {truth}");
                }
                (Some((status, code)), Screen::Kiosk(_), Some(told)) => {
                    told.problem(status, code);
                    page.problem(status, code);
                }
                (Some((status, code)), Screen::Web(_), Some(told)) => {
                    let told = told.json();
                    assert_eq!((&told["statusflag"], &told["code"]), (&json!(-2), &json!(code)), "{step}");
                    page.problem(status, code);
                }
                (Some((status, code)), _, _) => page.problem(status, code),
            }
        }
        assert_eq!(world.session(&code), stored, "{truth}");
    }
}

// W15: a prompt is answered by its trace. To a stranger who names the trace it is unknown.
#[tokio::test]
async fn a_prompt_that_is_over_is_unknown_to_any_other_person() {
    let world = World::default();
    let (owner, stranger) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let region = Region::registered(&world, "clientId-01");
    log_in(&world, &region, &owner, json!({"deviceId": DEVICE})).await;
    pending(&world, &owner).await;
    let trace = region.trace(&world, both(&owner)).await;
    let answer = async |person: &Person, trace: &str, accept: bool| {
        let body = json!({"traceId": trace, "accept": accept});
        world.call(Call::post("/login/answer").bearer(&person.token).json(&body)).await
    };
    assert_eq!(answer(&owner, &trace, false).await.status, 200);
    for accept in [true, false] {
        let unknown = answer(&stranger, &"0".repeat(32), accept).await;
        assert_eq!(unknown.json()["reason"], json!("not_found"));
        same(&answer(&stranger, &trace, accept).await, &unknown, "a prompt");
    }
    let told: Value = answer(&owner, &trace, true).await.json();
    assert_eq!((&told["code"], &told["reason"]), (&json!(410), &json!("cancelled")));
    assert_eq!(answer(&owner, &trace, false).await.status, 200, "a no again is a no");
}
