//! `POST /qr/cancel`: the person says no.

use acceptance::World;
use serde_json::json;

use super::{Pc, app, dead, dead_because, done, exchange, let_in, pass, refused, register_shop, sessions};

#[tokio::test]
async fn a_cancelled_qr_is_dead_for_everybody() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let other = world.sign_in("13800138001").await;
    for steps in [&[][..], &["lock"], &["lock", "activate"]] {
        let pc = Pc::open(&world).await;
        for step in steps {
            done(&app(&world, step, &person, &pc.code).await);
        }
        done(&app(&world, "cancel", &person, &pc.code).await);
        assert_eq!(
            pc.poll(&world).await.json(),
            json!({"statusflag": -2, "pollAfter": 5, "reason": "cancelled"})
        );
        for step in ["lock", "activate"] {
            dead_because(&app(&world, step, &person, &pc.code).await, "cancelled");
            dead(&app(&world, step, &other, &pc.code).await);
        }
    }
}

#[tokio::test]
async fn cancelling_again_changes_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    done(&app(&world, "lock", &person, &pc.code).await);
    done(&app(&world, "cancel", &person, &pc.code).await);
    let before = sessions(&world);
    done(&app(&world, "cancel", &person, &pc.code).await);
    assert_eq!(sessions(&world), before);
}

// A7 A8
#[tokio::test]
async fn a_second_phone_cannot_cancel() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let other = world.sign_in("13800138001").await;
    pass(&world, 61);
    let other_phone = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    for step in ["lock", "activate"] {
        done(&app(&world, step, &person, &pc.code).await);
        let before = sessions(&world);
        for stranger in [&other, &other_phone] {
            refused(&app(&world, "cancel", stranger, &pc.code).await, 403, "claimed_by_another");
        }
        assert_eq!(sessions(&world), before);
    }
}

// B2 B5
#[tokio::test]
async fn a_ticket_of_a_cancelled_qr_is_worth_nothing_and_a_used_one_cannot_be_cancelled() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (cancelled, used) = (Pc::open_shop(&world).await, Pc::open_shop(&world).await);
    let_in(&world, &person, &cancelled).await;
    let_in(&world, &person, &used).await;
    let ticket = cancelled.ticket(&world).await;
    done(&app(&world, "cancel", &person, &cancelled.code).await);
    exchange(&world, &shop, &ticket).await.problem(400, "invalid_ticket");
    super::user(&exchange(&world, &shop, &used.ticket(&world).await).await);
    let before = sessions(&world);
    dead_because(&app(&world, "cancel", &person, &used.code).await, "used");
    assert_eq!(sessions(&world), before);
}
