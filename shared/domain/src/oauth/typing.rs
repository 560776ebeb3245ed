//! How often a person may type a user code (RFC 8628 section 5.1).

use std::net::IpAddr;

use crate::{
    identity::AccountId,
    sms_budget::{Budget, BudgetKind, network},
    time::Timestamp,
};

/// Wrong codes that one account may type in an hour.
pub const TRIES_OF_AN_ACCOUNT: u32 = 5;
/// Wrong codes that may come from one network (a /24, or a /48 of IPv6) in an hour. Honest people share a network.
pub const TRIES_OF_A_NETWORK: u32 = 50;
const HOUR: u64 = 3600;

/// The counts of a try by this account from this address.
#[must_use]
pub fn budgets(account: AccountId, source: Option<IpAddr>, now: Timestamp) -> Vec<Budget> {
    let of = |kind, name, limit| Budget::of(kind, name, HOUR, now, (limit, limit));
    let own = of(BudgetKind::TypedByAccount, account.to_string(), TRIES_OF_AN_ACCOUNT);
    let near = source.map(|source| of(BudgetKind::TypedFromNetwork, network(source), TRIES_OF_A_NETWORK));
    [own].into_iter().chain(near).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::UserCode;

    // D1: what a guesser can do, from the constants. An attacker has a thousand accounts, each with a telephone number
    // of its own, and guesses for a year while a hundred thousand codes wait at every moment.
    #[test]
    fn a_thousand_accounts_guess_a_year_in_vain() {
        let exponent = i32::try_from(UserCode::LENGTH).unwrap();
        let codes = f64::from(u32::try_from(UserCode::LETTERS).unwrap()).powi(exponent);
        let tries = 1000.0 * f64::from(TRIES_OF_AN_ACCOUNT) * 24.0 * 365.0;
        let chance = tries * 100_000.0 / codes;
        assert!(chance < 0.002, "{chance}");
    }
}
