//! What messages may cost: counts by network, by block of numbers, by country and over all, and what each allows.
//!
//! A budget has a soft and a hard limit. From the soft limit on, a message in an open lane costs a puzzle, and each
//! doubling of the count doubles the work, three times at most. From the hard limit on, no message that this budget
//! pays for is sent. Known devices pay from two budgets only: their account's and the whole service's
//! ([`SmsLimits::device_budgets`]). A count that every caller shares is split into shards, so that no item of the
//! store becomes hot; each shard has its part of the limit, so the whole is exact.

use std::{net::IpAddr, time::Duration};

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{
    identity::{AccountId, PhoneNumber},
    sms_puzzle::PuzzleId,
    time::Timestamp,
};

/// Limits that a deployment sets.
#[derive(Clone, Debug)]
pub struct SmsLimits {
    /// How long a code is good.
    pub code_life: Duration,
    /// Messages in the open lane of one number in a day.
    pub per_number_per_day: u32,
    /// Messages asked for from one network in a day before each costs a puzzle.
    pub per_network_per_day: u32,
    /// All messages in a day.
    pub per_day: u32,
    /// What the numbers served begin with, without `+`; none means that all are served.
    pub countries: Vec<String>,
}

/// Messages in an open lane in a day before each costs a puzzle.
pub const FREE_MESSAGES: u32 = 4;
/// Messages in the lane of one known device in a day.
pub const MESSAGES_OF_A_DEVICE: u32 = 2;
/// Messages to all known devices of one account in a day.
const MESSAGES_OF_AN_OWNER: u32 = 10;
/// Wrong codes from one network in an hour before its messages cost a puzzle, and before its codes are not looked at.
const WRONG_OF_A_NETWORK: (u32, u32) = (20, 100);
/// Shards of a count that every caller shares.
const SHARDS: u32 = 8;
/// How often a busy budget doubles the work at most: eight times the first puzzle's.
const MOST_DOUBLINGS_OF_A_BUDGET: u32 = 3;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum BudgetKind {
    /// Messages asked for from one network: a /24, or a /48 of IPv6.
    Network,
    /// Messages to one block of ten thousand numbers.
    Block,
    /// Messages to one country, where several are served.
    Country,
    /// All messages.
    Service,
    /// Messages to the known devices of one account.
    Owner,
    /// Wrong codes from one network.
    WrongOfNetwork,
    /// All wrong codes.
    WrongCodes,
    /// Wrong user codes that one account typed (`docs/oauth.md`).
    TypedByAccount,
    /// Wrong user codes from one network.
    TypedFromNetwork,
}

words!(BudgetKind);

/// How far a budget is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// As usual.
    Free,
    /// Past the soft limit: the doublings of the puzzle's work.
    Soft(u32),
    /// Past the hard limit.
    Hard,
}

/// One count over one day or hour, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What is counted.
    pub kind: BudgetKind,
    name: String,
    window: u64,
    began: u64,
    shards: u32,
    soft: u32,
    hard: u32,
}

/// Where one shard of a count is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CountKey(pub String);

/// What is taken together with a write, and given back when the message could not be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Adds `by` to a count if that is below `limit`.
    Count {
        /// The count.
        key: CountKey,
        /// 1, or 0 to only ask whether the limit is reached.
        by: u32,
        /// The count stays at or below it.
        limit: u32,
        /// When the count means nothing any more.
        until: Timestamp,
    },
    /// Takes a puzzle, which may be taken once.
    Puzzle(PuzzleId),
}

impl Budget {
    /// A count of this kind under this name, over the window of so many seconds that `now` lies in.
    pub(crate) fn of(
        kind: BudgetKind,
        name: impl Into<String>,
        window: u64,
        now: Timestamp,
        (soft, hard): (u32, u32),
    ) -> Self {
        let shared = matches!(kind, BudgetKind::Country | BudgetKind::Service | BudgetKind::WrongCodes);
        let (shards, began) = (if shared { SHARDS } else { 1 }, now.secs() / window * window);
        Self { kind, name: name.into(), window, began, shards, soft, hard }
    }

    /// Where its shards are stored.
    #[must_use]
    pub fn keys(&self) -> Vec<CountKey> {
        (0..self.shards).map(|shard| self.key(shard)).collect()
    }

    fn key(&self, shard: u32) -> CountKey {
        CountKey(format!("{}#{}#{}#{shard}", self.kind.as_str(), self.name, self.began))
    }

    /// How far it is used, when its shards hold `counts`.
    #[must_use]
    pub fn level(&self, counts: &[u32]) -> Level {
        let sum: u32 = counts.iter().sum();
        if sum >= self.hard {
            Level::Hard
        } else if sum >= self.soft {
            Level::Soft((sum / self.soft.max(1)).max(1).ilog2().min(MOST_DOUBLINGS_OF_A_BUDGET))
        } else {
            Level::Free
        }
    }

    /// How long until it begins anew.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Duration {
        Timestamp::from_secs(self.began + self.window).since(now)
    }

    /// A charge on one of the shards that have room; `draw` says which. `None` when the budget is used up.
    #[must_use]
    pub fn charge(&self, by: u32, counts: &[u32], draw: u64) -> Option<Charge> {
        let limit = |shard: u32| self.hard / self.shards + u32::from(shard < self.hard % self.shards);
        let with_room = |shard: &u32| {
            let count = usize::try_from(*shard).ok().and_then(|shard| counts.get(shard));
            count.copied().unwrap_or_default() < limit(*shard)
        };
        let roomy: Vec<u32> = (0..self.shards).filter(with_room).collect();
        let drawn = draw.checked_rem(roomy.len() as u64).and_then(|n| usize::try_from(n).ok())?;
        let shard = *roomy.get(drawn)?;
        let until = Timestamp::from_secs(self.began + 2 * self.window);
        Some(Charge::Count { key: self.key(shard), by, limit: limit(shard), until })
    }
}

/// Whose budgets pay for a message in the open lane: those of the number, its country and the caller's network.
#[derive(Clone, Copy, Debug)]
pub struct Payer<'a> {
    /// The number that gets the message.
    pub number: &'a PhoneNumber,
    /// The calling code of its country.
    pub country: &'a str,
    /// The address of the caller.
    pub source: Option<IpAddr>,
}

impl SmsLimits {
    /// Whether numbers that begin like this one get messages.
    #[must_use]
    pub fn serve(&self, number: &PhoneNumber) -> bool {
        let digits = number.as_str().trim_start_matches('+');
        self.countries.is_empty() || self.countries.iter().any(|country| digits.starts_with(country.as_str()))
    }

    /// The budgets that pay for a message in the open lane.
    #[must_use]
    pub fn message_budgets(&self, payer: Payer<'_>, now: Timestamp) -> Vec<Budget> {
        let part = |n: u32| (self.per_day / n).max(10);
        let of = |kind, name: String, limits| Budget::of(kind, name, DAY, now, limits);
        let network = payer.source.map(|source| {
            let soft = self.per_network_per_day;
            of(BudgetKind::Network, network(source), (soft, soft.saturating_mul(10)))
        });
        let block = payer.number.as_str();
        let block = block.get(1..block.len() - 4).unwrap_or_default().to_owned();
        let block = of(BudgetKind::Block, block, (part(50), part(10)));
        let several = self.countries.len() != 1;
        let country = several.then(|| of(BudgetKind::Country, payer.country.to_owned(), (part(4), part(2))));
        // The last fifth is for known devices.
        let open = self.per_day - self.per_day / 5;
        let service = of(BudgetKind::Service, String::new(), (self.per_day / 2, open));
        network.into_iter().chain([block]).chain(country).chain([service]).collect()
    }

    /// The budget of all messages.
    #[must_use]
    pub fn service_budget(&self, now: Timestamp) -> Budget {
        let limits = (self.per_day / 2, self.per_day);
        Budget::of(BudgetKind::Service, String::new(), DAY, now, limits)
    }

    /// The budgets that pay for a message in a known device's lane.
    #[must_use]
    pub fn device_budgets(&self, owner: AccountId, now: Timestamp) -> Vec<Budget> {
        let limits = (MESSAGES_OF_AN_OWNER, MESSAGES_OF_AN_OWNER);
        let owner = Budget::of(BudgetKind::Owner, owner.to_string(), DAY, now, limits);
        vec![owner, self.service_budget(now)]
    }

    /// The wrong codes of the caller's network, and of all callers. Many of them make messages cost a puzzle; only
    /// those of a network end its tries.
    #[must_use]
    pub fn wrong_budgets(&self, source: Option<IpAddr>, now: Timestamp) -> Vec<Budget> {
        let all = (self.per_day / 10).max(20);
        let all = Budget::of(BudgetKind::WrongCodes, String::new(), HOUR, now, (all, u32::MAX));
        let of_network = source.map(|source| {
            Budget::of(BudgetKind::WrongOfNetwork, network(source), HOUR, now, WRONG_OF_A_NETWORK)
        });
        of_network.into_iter().chain([all]).collect()
    }
}

/// The network that a limit counts: a /24, or a /48 of IPv6, which one subscriber or one rented machine may have.
pub(crate) fn network(source: IpAddr) -> String {
    match source.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> SmsLimits {
        SmsLimits {
            code_life: Duration::from_mins(5),
            per_number_per_day: 10,
            per_network_per_day: 50,
            per_day: 1003,
            countries: vec!["86".to_owned(), "1".to_owned()],
        }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_705_968_000 + secs)
    }

    fn number(raw: &str) -> PhoneNumber {
        PhoneNumber::parse(raw).unwrap()
    }

    fn service() -> Budget {
        limits().device_budgets(AccountId::parse("3000876").unwrap(), at(5)).pop().unwrap()
    }

    // K6
    #[test]
    fn a_network_is_a_24_or_a_48() {
        for (one, other, same) in [
            ("203.0.113.1", "203.0.113.254", true),
            ("203.0.113.1", "203.0.114.1", false),
            ("203.0.113.1", "::ffff:203.0.113.9", true),
            ("2001:db8:1::1", "2001:db8:1:ffff::1", true),
            ("2001:db8:1::1", "2001:db8:2::1", false),
        ] {
            let of = |ip: &str| network(ip.parse().unwrap());
            assert_eq!(of(one) == of(other), same, "{one} {other}");
        }
    }

    // K6: whatever shards are drawn, the shards together take exactly the limit.
    #[test]
    fn shards_together_hold_the_limit_exactly() {
        let budget = service();
        let keys = budget.keys();
        let mut counts = vec![0; keys.len()];
        let mut taken = 0;
        let draws = (0_u64..).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7);
        for draw in draws {
            let Some(Charge::Count { key, by, limit, .. }) = budget.charge(1, &counts, draw) else { break };
            let shard = keys.iter().position(|other| *other == key).unwrap();
            counts[shard] += by;
            assert!(counts[shard] <= limit);
            taken += 1;
        }
        assert_eq!(taken, 1003);
        assert_eq!(budget.level(&counts), Level::Hard);
    }

    // K8
    #[test]
    fn past_the_soft_limit_the_work_doubles_with_the_count() {
        let network =
            Payer { number: &number("+8613800138000"), country: "86", source: "203.0.113.1".parse().ok() };
        let budget = limits().message_budgets(network, at(0)).remove(0);
        for (count, level) in [
            (49, Level::Free),
            (50, Level::Soft(0)),
            (99, Level::Soft(0)),
            (100, Level::Soft(1)),
            (200, Level::Soft(2)),
            (499, Level::Soft(3)),
            (500, Level::Hard),
        ] {
            assert_eq!(budget.level(&[count]), level, "{count}");
        }
    }

    #[test]
    fn a_budget_begins_anew_each_day_and_is_then_forgotten() {
        let (today, tomorrow) = (service(), Budget { began: at(86_400).secs(), ..service() });
        assert_ne!(today.keys(), tomorrow.keys());
        assert_eq!(today.wait(at(5)), Duration::from_secs(86_395));
        let Some(Charge::Count { until, .. }) = today.charge(1, &[0; 8], 3) else { panic!("no room") };
        assert_eq!(until, at(2 * 86_400));
    }

    #[test]
    fn a_deployment_serves_its_countries() {
        for (raw, served) in [("+8613800138000", true), ("+14155552671", true), ("+447911123456", false)] {
            assert_eq!(limits().serve(&number(raw)), served, "{raw}");
        }
        assert!(SmsLimits { countries: vec![], ..limits() }.serve(&number("+447911123456")));
    }

    #[test]
    fn with_one_country_served_it_has_the_service_s_budget() {
        let payer = Payer { number: &number("+8613800138000"), country: "86", source: None };
        let kinds = |limits: SmsLimits| {
            let budgets = limits.message_budgets(payer, at(0));
            budgets.into_iter().map(|budget| budget.kind).collect::<Vec<_>>()
        };
        let one = SmsLimits { countries: vec!["86".to_owned()], ..limits() };
        assert_eq!(kinds(one), [BudgetKind::Block, BudgetKind::Service]);
        assert_eq!(kinds(limits()), [BudgetKind::Block, BudgetKind::Country, BudgetKind::Service]);
    }
}
