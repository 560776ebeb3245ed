//! The machines people have signed in on, and the pairs people make with them.

use saoma_domain::{
    identity::{AccountId, ClientId},
    pairing::{MadeBy, Pairing},
    ports::{Machines, Pairs, Randomness},
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy},
    text::CleanText,
};

use super::fixtures::{at, person};

/// Devices: binding twice has the same result as binding once.
pub async fn binding_twice_is_binding_once(devices: &dyn Machines, random: &dyn Randomness) {
    let account = AccountId::random(random);
    let (mac, name) = (CleanText::new("22:33"), CleanText::new("BM05"));
    devices.bind(account, &mac, Some(&name), at(0), at(0)).await.unwrap();
    devices.bind(account, &mac, Some(&name), at(0), at(9)).await.unwrap();
}

/// Pairs: the newest login by QR counts. A pair whose person said no is not asked again. Each client and each
/// kind of device has its own pair.
pub async fn the_newest_pair_counts(devices: &dyn Pairs, random: &dyn Randomness) {
    let (client, other) = (ClientId::parse("region-1").unwrap(), ClientId::parse("region-2").unwrap());
    let (mine, next, policy) = (DeviceId::random(random), DeviceId::random(random), LoginPolicy::Ipad);
    let me = person(random);
    let paired = |device: &DeviceId, may_prompt, opened| {
        let opened_at = at(opened);
        Some(Pairing { device: device.clone(), sign_in: me.sign_in.clone(), may_prompt, opened_at })
    };
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), None);
    devices.unpair(me.account, &client, policy, &mine).await.unwrap();
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), None, "nothing was made");

    let login = |secs| MadeBy { session: SessionCode::random(random), opened_at: at(secs) };
    let (first, second) = (login(0), login(1));
    devices.pair(&first, &client, policy, &mine, &me, at(0)).await.unwrap();
    devices.pair(&first, &client, policy, &mine, &me, at(1)).await.unwrap();
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), paired(&mine, true, 0));
    assert_eq!(devices.pairing(me.account, &other, policy).await.unwrap(), None);
    assert_eq!(devices.pairing(me.account, &client, LoginPolicy::Mac).await.unwrap(), None);
    assert_eq!(devices.pairing(person(random).account, &client, policy).await.unwrap(), None);

    devices.unpair(me.account, &client, policy, &mine).await.unwrap();
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), paired(&mine, false, 0));
    devices.pair(&first, &client, policy, &mine, &me, at(2)).await.unwrap();
    assert_eq!(
        devices.pairing(me.account, &client, policy).await.unwrap(),
        paired(&mine, false, 0),
        "a confirmation that is repeated after a no makes no new pair"
    );
    devices.pair(&second, &client, policy, &next, &me, at(2)).await.unwrap();
    devices.unpair(me.account, &client, policy, &mine).await.unwrap();
    assert_eq!(
        devices.pairing(me.account, &client, policy).await.unwrap(),
        paired(&next, true, 1),
        "an answer that comes late ends no newer pair"
    );
}

/// Pairs: a login that was opened before the one that made the pair changes nothing, and a person who says no takes
/// back only the pair of that login.
pub async fn only_the_login_that_made_a_pair_ends_it(devices: &dyn Pairs, random: &dyn Randomness) {
    let client = ClientId::parse("region-1").unwrap();
    let (mine, next, policy) = (DeviceId::random(random), DeviceId::random(random), LoginPolicy::Ipad);
    let me = person(random);
    let login = |secs| MadeBy { session: SessionCode::random(random), opened_at: at(secs) };
    let (first, second) = (login(0), login(1));
    let asks = async || {
        let pairing = devices.pairing(me.account, &client, policy).await.unwrap();
        pairing.map(|pairing| (pairing.device, pairing.may_prompt))
    };
    devices.withdraw(&first.session, me.account, &client, policy).await.unwrap();
    assert_eq!(asks().await, None, "nothing was made");
    devices.pair(&first, &client, policy, &mine, &me, at(2)).await.unwrap();
    devices.pair(&second, &client, policy, &next, &me, at(3)).await.unwrap();
    devices.withdraw(&first.session, me.account, &client, policy).await.unwrap();
    assert_eq!(asks().await, Some((next.clone(), true)), "the pair is the second login's");
    for _ in 0..2 {
        devices.withdraw(&second.session, me.account, &client, policy).await.unwrap();
        assert_eq!(asks().await, Some((next.clone(), false)));
    }
    devices.pair(&first, &client, policy, &mine, &me, at(4)).await.unwrap();
    assert_eq!(asks().await, Some((next, false)), "an earlier login's late confirmation");
}
