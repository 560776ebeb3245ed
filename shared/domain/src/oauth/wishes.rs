//! What a client wishes about how its person is signed in (OpenID Connect Core section 3.1.2.1): `prompt`, `max_age`,
//! `login_hint`, and the person of `id_token_hint`.

use std::{fmt, time::Duration};

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{
    account::Account,
    identity::{AccountId, PhoneNumber},
    sign_in::SignIn,
    time::Timestamp,
};

/// One value of `prompt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Prompt {
    /// Ask the person nothing.
    None,
    /// Have the person scan, also in a browser that is signed in.
    Login,
    /// Ask the person before they sign in with the browser's session.
    Consent,
    /// Let the person choose whether they sign in with the browser's session or with another phone.
    SelectAccount,
}

words!(Prompt);

impl Prompt {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of values of `prompt`. It is written in the order of [`Prompt`]'s variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompts(u8);

impl Prompts {
    /// Reads values with spaces between them. `None` when one of them is not known, and when `none` is not the only one.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let mut words = raw.split(' ').filter(|word| !word.is_empty());
        let set = words.try_fold(0, |set, word| Some(set | Prompt::parse(word)?.bit()))?;
        let alone = set & Prompt::None.bit() == 0 || set == Prompt::None.bit();
        alone.then_some(Self(set))
    }

    /// Whether it has this value.
    #[must_use]
    pub const fn has(self, prompt: Prompt) -> bool {
        self.0 & prompt.bit() != 0
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = Prompt::VARIANTS.iter().filter(|prompt| self.has(**prompt));
        f.write_str(&has.map(|prompt| prompt.as_str()).collect::<Vec<_>>().join(" "))
    }
}

/// What a client wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `prompt`.
    pub prompts: Prompts,
    /// How long ago the person may have scanned, at the most: `max_age`.
    pub max_age: Option<Duration>,
    /// `login_hint`: a telephone number, or an account's number. Any other text says nothing.
    pub login_hint: Option<String>,
    /// The person of `id_token_hint`.
    pub person: Option<AccountId>,
}

impl Wishes {
    /// Whether a browser's sign-in is one that the client wishes for. If it is not, the person scans.
    #[must_use]
    pub fn are_met_by(&self, browser: &SignIn, account: &Account, now: Timestamp) -> bool {
        let is_young =
            self.max_age.is_none_or(|most| !most.is_zero() && now.since(browser.created_at) <= most);
        let is_hinted = self.login_hint.as_deref().is_none_or(|hint| may_mean(hint, account));
        let is_theirs = self.person.is_none_or(|person| person == account.id);
        !self.prompts.has(Prompt::Login) && is_young && is_hinted && is_theirs
    }

    /// Whether the client names this person, by `login_hint` or `id_token_hint`, and names no other. A `login_hint` that is
    /// neither a telephone number nor an account's number is ignored.
    #[must_use]
    pub fn names(&self, account: &Account) -> bool {
        let hint = self.login_hint.as_deref().filter(|hint| is_a_number(hint));
        let by_hint = hint.map(|hint| may_mean(hint, account));
        let by_token = self.person.map(|person| person == account.id);
        (by_hint.is_some() || by_token.is_some()) && by_hint.unwrap_or(true) && by_token.unwrap_or(true)
    }

    /// Whether the client wishes that the person is asked although the browser is signed in.
    #[must_use]
    pub const fn want_a_word(&self) -> bool {
        self.prompts.has(Prompt::Consent) || self.prompts.has(Prompt::SelectAccount)
    }
}

/// Whether a `login_hint` is a telephone number, as people write it, or an account's.
fn is_a_number(hint: &str) -> bool {
    PhoneNumber::written(hint).is_some() || AccountId::written(hint).is_some()
}

/// Whether a `login_hint` means this person, or nothing that we know.
fn may_mean(hint: &str, account: &Account) -> bool {
    let (number, id) = (PhoneNumber::written(hint), AccountId::written(hint));
    let is_number = number.is_some() && number == account.phone_number;
    (number.is_none() && id.is_none()) || is_number || id == Some(account.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::AccountStatus,
        identity::{ClientId, SignInId},
        ports::KeyName,
        refresh::Family,
        session::Seen,
        sign_in::{Holder, Method},
    };

    const SCANNED: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn account() -> Account {
        Account {
            id: AccountId::parse("3000876000").unwrap(),
            phone_number: PhoneNumber::parse("+8613800138000"),
            status: AccountStatus::Active,
            credentials_at: SCANNED,
            created_at: SCANNED,
        }
    }

    fn browser() -> SignIn {
        SignIn {
            id: SignInId::parse("bbbb").unwrap(),
            account: account().id,
            holder: Holder::Browser {
                approved_by: SignInId::parse("aaaa").unwrap(),
                direct: false,
                matched: false,
            },
            client: ClientId::phone(),
            method: Method::Sms,
            seen: Seen::default(),
            version: 1,
            family: Family::begin(SCANNED, KeyName::of_kid("the-key-")),
            ended: false,
            proved_at: SCANNED,
            created_at: SCANNED,
            expires_at: SCANNED.plus(Duration::from_hours(12)),
        }
    }

    // H1
    #[test]
    fn a_person_is_named_by_a_number_or_by_an_id_token() {
        let hint = |raw: &str| Wishes { login_hint: Some(raw.to_owned()), ..Wishes::default() };
        let person = |raw: &str| Wishes { person: AccountId::parse(raw), ..Wishes::default() };
        let both = |raw: &str, id: &str| Wishes { person: AccountId::parse(id), ..hint(raw) };
        for (wishes, named) in [
            (Wishes::default(), false),
            (hint("13800138000"), true),
            (hint("3000876000"), true),
            (hint("13900139000"), false),
            (hint("a@shop.example"), false),
            (hint("+86 138 0013 8000"), true),
            (hint("12345"), false),
            (person("3000876000"), true),
            (person("3000877000"), false),
            (both("13800138000", "3000876000"), true),
            (both("13800138000", "3000877000"), false),
            (both("13900139000", "3000876000"), false),
            (both("a@shop.example", "3000876000"), true),
        ] {
            assert_eq!(wishes.names(&account()), named, "{wishes:?}");
        }
    }

    #[test]
    fn none_stands_alone_and_unknown_values_are_refused() {
        for (raw, read) in [
            ("", Some("")),
            ("none", Some("none")),
            ("select_account  login", Some("login select_account")),
            ("consent consent", Some("consent")),
            ("none login", None),
            ("create", None),
            ("Login", None),
        ] {
            assert_eq!(Prompts::parse(raw).map(|set| set.to_string()).as_deref(), read, "{raw}");
        }
    }

    #[test]
    fn a_browser_is_what_the_client_wishes_for_or_the_person_scans() {
        let now = SCANNED.plus(Duration::from_mins(1));
        let prompt = |raw: &str| Wishes { prompts: Prompts::parse(raw).unwrap(), ..Wishes::default() };
        let max_age = |secs| Wishes { max_age: Some(Duration::from_secs(secs)), ..Wishes::default() };
        let hint = |raw: &str| Wishes { login_hint: Some(raw.to_owned()), ..Wishes::default() };
        let person = |raw: &str| Wishes { person: AccountId::parse(raw), ..Wishes::default() };
        for (wishes, met) in [
            (Wishes::default(), true),
            (prompt("none"), true),
            (prompt("consent select_account"), true),
            (prompt("login consent"), false),
            (max_age(60), true),
            (max_age(59), false),
            (max_age(0), false),
            (hint("13800138000"), true),
            (hint("+8613800138000"), true),
            (hint("+86 138-0013-8000"), true),
            (hint("+86 139-0013-9000"), false),
            (hint("12345"), true),
            (hint("3000876000"), true),
            (hint("somebody@shop.example"), true),
            (hint("13900139000"), false),
            (hint("3000877000"), false),
            (person("3000876000"), true),
            (person("3000877000"), false),
        ] {
            assert_eq!(wishes.are_met_by(&browser(), &account(), now), met, "{wishes:?}");
        }
        assert!(!max_age(0).are_met_by(&browser(), &account(), SCANNED), "0 is like prompt=login");
    }
}
