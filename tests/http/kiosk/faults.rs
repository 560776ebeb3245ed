//! A store that fails, and one that lags.

use acceptance::{Call, World};
use saoma_memory::Fault;
use serde_json::Value;

use super::{CREATE, ask, confirmed, machine, must, status, step_call};

// B12
#[tokio::test]
async fn a_failing_store_is_survived_by_trying_again_and_gives_one_token() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        // A login does not wait for its entry in the history: one write of it, and one read when the machine asks again.
        let mut forgiven = 0;
        for calls in 0.. {
            let world = World::default();
            let member = world.sign_in("13800138000").await;
            world.memory.inject(calls, fault);
            let mut failures = 0;
            let mut again = async |call: Call| {
                let mut answer = world.call(call.clone()).await;
                if answer.status == 503 {
                    answer.problem(503, "unavailable");
                    assert_eq!(answer.header("retry-after"), "1");
                    failures += 1;
                    answer = world.call(call).await;
                }
                assert_eq!(answer.status, 200, "{fault:?} {calls}: {}", answer.whole());
                answer
            };
            let created = again(Call::post(CREATE).json(&machine())).await;
            let (id, poll_token) = (created.text("id"), created.text("pollToken"));
            again(ask(&id, &poll_token)).await;
            again(step_call("scan", &id, &member.token)).await;
            again(step_call("bind", &id, &member.token)).await;
            let token = again(ask(&id, &poll_token)).await.text("memberToken");
            assert_eq!(again(ask(&id, &poll_token)).await.text("memberToken"), token);
            assert_eq!(world.memory.devices().len(), 1);
            if world.memory.disarm() {
                assert!((10..40).contains(&calls), "{calls} calls");
                assert_eq!(forgiven, 2, "{fault:?}");
                break;
            }
            assert!(failures <= 1, "{fault:?} {calls}");
            forgiven += 1 - failures;
        }
    }
}

// B11
#[tokio::test]
async fn a_stale_copy_makes_no_wrong_step() {
    let world = World::default();
    let (member, id, poll_token) = confirmed(&world).await;
    world.memory.lag(&world.session(&id).code);
    must(&world, "cancel", &id, &member.token).await;
    // The poll reads an old copy that is still confirmed. The write sees the newest version.
    assert_eq!(status(&world, &id, &poll_token).await.json()["memberToken"], Value::Null);
    assert_eq!(world.session(&id).state.name(), "cancelled");
    world.memory.catch_up();
    assert_eq!(status(&world, &id, &poll_token).await.text("codeStatus"), "FAILED");
}
