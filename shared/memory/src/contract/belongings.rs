//! What an account has, listed page by page, and ended.

use saoma_domain::{
    belongings::{Machine, Page, Turn},
    history::{Act, Entry, EntryId, Login, NewPhone, What},
    identity::{AccountId, ClientId, Phone, SignInId},
    pairing::MadeBy,
    ports::{Belongings, HistoryWriter, Machines, Pairs, Randomness},
    secrets::{SessionCode, TokenId},
    session::{DeviceId, Dialect, LoginPolicy, Redemption, ScreenClaims, Seen},
    text::CleanText,
};

use super::fixtures::{at, person};

fn login(secs: u64, random: &dyn Randomness) -> Entry {
    let redemption = Redemption { id: TokenId::random(random), at: at(secs) };
    let login = Login {
        client: ClientId::parse("HOSPITAL_SAAS").unwrap(),
        dialect: Dialect::Kiosk,
        claims: ScreenClaims {
            device_name: Some(CleanText::new("BM05")),
            device_mac: Some(CleanText::new("22:33")),
        },
        seen: Seen { ip: Some([203, 0, 113, 7].into()), browser: Some(CleanText::new("Firefox on Windows")) },
        approved_by: SignInId::random(random),
        ended_at: None,
    };
    Entry { id: EntryId::of_login(&SessionCode::random(random), &redemption), what: What::Login(login) }
}

fn new_phone(secs: u64, random: &dyn Randomness) -> Entry {
    let what = What::SignedIn(NewPhone {
        sign_in: SignInId::random(random),
        app: ClientId::phone(),
        seen: Seen::default(),
    });
    Entry { what, ..login(secs, random) }
}

/// All rows of a list, read in pages of `most`; no page has more.
async fn whole<T, S: Belongings>(
    store: &S,
    account: AccountId,
    most: u16,
    read: impl AsyncFn(&S, &Turn) -> Page<T>,
) -> Vec<T> {
    let (mut rows, mut turn) = (Vec::new(), Turn::first(account, most));
    loop {
        let page = read(store, &turn).await;
        assert!(page.rows.len() <= most.into(), "a page has at most {most}");
        rows.extend(page.rows);
        match page.next {
            None => return rows,
            next => turn.after = next,
        }
    }
}

/// History: an entry is written once, however many callers write it, and belongs to one account. It is read newest first.
pub async fn what_happened_is_written_once<S: HistoryWriter + Belongings>(
    store: &S,
    random: &dyn Randomness,
) {
    let (me, you) = (AccountId::random(random), AccountId::random(random));
    let (first, second, third) = (login(0, random), new_phone(1, random), login(2, random));
    for entry in [&third, &first, &second, &first] {
        store.write(me, entry).await.unwrap();
    }
    assert!(store.end_login(me, &first.id, at(9)).await.unwrap());
    store.write(me, &first).await.unwrap();
    let Some(Entry { what: What::Login(kept), .. }) = store.entry(me, &first.id).await.unwrap() else {
        panic!("no login")
    };
    assert_eq!(kept.ended_at, Some(at(9)), "a redemption that is repeated begins no login again");
    assert_eq!(store.entry(me, &second.id).await.unwrap(), Some(second.clone()));
    assert_eq!(store.entry(you, &second.id).await.unwrap(), None);
    for most in [1, 2, 9] {
        let rows = whole(store, me, most, async |store, turn| store.history(turn).await.unwrap()).await;
        let ids: Vec<_> = rows.iter().map(|entry| &entry.id).collect();
        assert_eq!(ids, [&third.id, &second.id, &first.id], "in pages of {most}");
        assert_eq!(rows.first(), Some(&third), "as it was written");
    }
    assert_eq!(whole(store, you, 9, async |store, turn| store.history(turn).await.unwrap()).await, []);
    let acts = [Act::Locked, Act::Unlocked, Act::EndedSignIns].map(|act| Entry::of_operator(act, at(3)));
    for entry in &acts {
        store.write(you, entry).await.unwrap();
        assert_eq!(store.entry(you, &entry.id).await.unwrap().as_ref(), Some(entry));
    }
}

/// Machines and pairs are listed page by page, as they were made, each account's alone.
pub async fn lists_are_read_page_by_page<S: Belongings + Machines + Pairs>(
    store: &S,
    random: &dyn Randomness,
) {
    let (me, you) = (person(random), person(random));
    let (name, region) = (CleanText::new("BM05"), ClientId::parse("region-1").unwrap());
    for mac in ["22:31", "22:32", "22:33"] {
        store.bind(me.account, &CleanText::new(mac), Some(&name), at(1), at(1)).await.unwrap();
    }
    for policy in [LoginPolicy::Ipad, LoginPolicy::Pc, LoginPolicy::Mac] {
        pair(store, &me, &region, policy, 1, random).await;
    }
    let machines = whole(store, me.account, 2, async |store, turn| store.machines(turn).await.unwrap()).await;
    let macs: Vec<_> = machines.iter().map(|machine| machine.mac.as_str()).collect();
    assert_eq!(macs, ["22:31", "22:32", "22:33"]);
    assert!(machines.iter().all(|it| it.name.as_ref() == Some(&name) && it.bound_at == at(1)));
    let pairs = whole(store, me.account, 2, async |store, turn| store.pairs(turn).await.unwrap()).await;
    assert_eq!(pairs.len(), 3);
    assert!(pairs.iter().all(|pair| pair.client == region && pair.approved_by == me.sign_in && pair.may_ask));
    assert!(pairs.iter().all(|pair| pair.paired_at == at(1)));
    assert!(store.machines(&Turn::first(you.account, 9)).await.unwrap().rows.is_empty());
    assert!(store.pairs(&Turn::first(you.account, 9)).await.unwrap().rows.is_empty());
}

async fn pair(
    store: &impl Pairs,
    me: &Phone,
    client: &ClientId,
    policy: LoginPolicy,
    secs: u64,
    random: &dyn Randomness,
) -> (MadeBy, DeviceId) {
    let made_by = MadeBy { session: SessionCode::random(random), opened_at: at(secs) };
    let device = DeviceId::random(random);
    store.pair(&made_by, client, policy, &device, me, at(secs)).await.unwrap();
    (made_by, device)
}

/// What a person ends is over, and ending it again is the same. Of another account's rows, and of rows that never were,
/// nothing is ended.
pub async fn what_is_ended_stays_ended<S: HistoryWriter + Belongings + Machines + Pairs>(
    store: &S,
    random: &dyn Randomness,
) {
    let (me, you) = (person(random), person(random));
    let entry = login(0, random);
    store.write(me.account, &entry).await.unwrap();
    assert!(!store.end_login(you.account, &entry.id, at(1)).await.unwrap(), "another account's");
    let phone = new_phone(0, random);
    store.write(me.account, &phone).await.unwrap();
    assert!(!store.end_login(me.account, &phone.id, at(1)).await.unwrap(), "an entry that is no login");
    assert!(store.end_login(me.account, &entry.id, at(1)).await.unwrap());
    assert!(store.end_login(me.account, &entry.id, at(2)).await.unwrap(), "its answer was lost");
    let Some(Entry { what: What::Login(ended), .. }) = store.entry(me.account, &entry.id).await.unwrap()
    else {
        panic!("no login")
    };
    assert_eq!(ended.ended_at, Some(at(1)), "it was ended the first time");

    let mac = CleanText::new("22:33");
    assert!(!store.forget_machine(me.account, &mac, at(1)).await.unwrap(), "none yet");
    store.bind(me.account, &mac, None, at(0), at(0)).await.unwrap();
    assert!(!store.forget_machine(you.account, &mac, at(1)).await.unwrap(), "another account's");
    for _ in 0..2 {
        assert!(store.forget_machine(me.account, &mac, at(1)).await.unwrap());
        // Confirmations of earlier logins come again, because their answers were lost.
        for agreed_at in [at(0), at(1)] {
            store.bind(me.account, &mac, None, agreed_at, at(2)).await.unwrap();
        }
        assert!(store.machines(&Turn::first(me.account, 9)).await.unwrap().rows.is_empty());
    }
    store.bind(me.account, &mac, None, at(2), at(3)).await.unwrap();
    let again = store.machines(&Turn::first(me.account, 9)).await.unwrap().rows;
    assert_eq!(again, [Machine { mac, name: None, bound_at: at(3) }], "bound anew by the next login");

    let (region, policy) = (ClientId::parse("region-1").unwrap(), LoginPolicy::Ipad);
    assert!(!store.forget_pair(me.account, &region, policy, at(1)).await.unwrap(), "none yet");
    let (made_by, device) = pair(store, &me, &region, policy, 0, random).await;
    assert!(!store.forget_pair(you.account, &region, policy, at(1)).await.unwrap(), "another account's");
    for _ in 0..2 {
        assert!(store.forget_pair(me.account, &region, policy, at(1)).await.unwrap());
        assert_eq!(store.pairing(me.account, &region, policy).await.unwrap(), None);
        assert!(store.pairs(&Turn::first(me.account, 9)).await.unwrap().rows.is_empty());
        // Its confirmation comes again, because its answer was lost.
        store.pair(&made_by, &region, policy, &device, &me, at(2)).await.unwrap();
    }
    assert_eq!(store.pairing(me.account, &region, policy).await.unwrap(), None);
    pair(store, &me, &region, policy, 3, random).await;
    assert!(store.pairing(me.account, &region, policy).await.unwrap().is_some(), "paired anew");
    assert_eq!(store.pairs(&Turn::first(me.account, 9)).await.unwrap().rows.len(), 1);
}

/// Machines: an account has a bounded number of them. The one that was used longest ago makes room for a new one
/// (`docs/security.md` K20).
pub async fn a_machine_is_forgotten_for_a_new_one<S: Belongings + Machines>(
    store: &S,
    random: &dyn Randomness,
) {
    const MONTH: u64 = 30 * 86_400;
    let account = AccountId::random(random);
    let mac = |n: usize| CleanText::new(&format!("mac-{n:02}"));
    for n in 0..Machine::MOST {
        let then = at(n as u64);
        store.bind(account, &mac(n), None, then, then).await.unwrap();
    }
    store.bind(account, &mac(0), None, at(MONTH), at(MONTH)).await.unwrap();
    store.bind(account, &mac(Machine::MOST), None, at(MONTH + 1), at(MONTH + 1)).await.unwrap();
    let kept = whole(store, account, 500, async |store, turn| store.machines(turn).await.unwrap()).await;
    assert_eq!(kept.len(), Machine::MOST);
    let has = |n| kept.iter().any(|machine| machine.mac == mac(n));
    assert!(has(0) && !has(1) && has(2) && has(Machine::MOST), "the one used longest ago is gone");
}
