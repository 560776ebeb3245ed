//! The call and the device that a session of the remembered contract belongs to (`docs/remembered.md`).

use std::fmt;

use crate::{
    ports::Randomness,
    secrets::{SessionCode, random_hex, sha256_hex},
};

/// The call a session answers, and the device it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ties {
    /// The call that the session answers.
    pub trace: TraceId,
    /// The device that wants to be signed in.
    pub device: DeviceId,
    /// What kind of device it is.
    pub policy: LoginPolicy,
}

/// One call of `getLoginQrcodeV2` and all its answers: 32 hexadecimal characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(String);

impl TraceId {
    /// A fresh id: 128 random bits.
    pub fn random(random: &dyn Randomness) -> Self {
        Self(random_hex(random))
    }

    /// The id of a prompt that no call of the remembered contract asked for: the beginning of a hash of its session's
    /// code. So a push names no code (`docs/security.md` H7), and no table needs to keep which id is whose.
    #[must_use]
    pub fn of_prompt(code: &SessionCode) -> Self {
        Self(sha256_hex(&["prompt", code.as_str()]).chars().take(32).collect())
    }

    /// Reads 32 hexadecimal characters in any case; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        read_hex(raw).map(Self)
    }

    /// The id, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A device of a hosted client: 32 hexadecimal characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(String);

impl DeviceId {
    /// A new device: 128 random bits.
    pub fn random(random: &dyn Randomness) -> Self {
        Self(random_hex(random))
    }

    /// What stands for a device where a client's server asks, which names none: 32 zeros. No drawn id is this one.
    #[must_use]
    pub fn none() -> Self {
        Self("0".repeat(32))
    }

    /// Reads 32 hexadecimal characters in any case; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        read_hex(raw).map(Self)
    }

    /// The id, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn read_hex(raw: &str) -> Option<String> {
    let well_formed = raw.len() == 32 && raw.bytes().all(|b| b.is_ascii_hexdigit());
    well_formed.then(|| raw.to_ascii_lowercase())
}

/// `loginPolicy`: what kind of device signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LoginPolicy {
    /// 0.
    #[default]
    Ipad,
    /// 1.
    Pc,
    /// 2.
    Mac,
    /// 3, which only we store: the client's server asks by OAuth and names no device (`docs/oauth.md`).
    Server,
}

impl LoginPolicy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ipad, Self::Pc, Self::Mac, Self::Server];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ipad => 0,
            Self::Pc => 1,
            Self::Mac => 2,
            Self::Server => 3,
        }
    }

    /// Reads a number that a hosted client sends; `None` for one that the contract does not have.
    #[must_use]
    pub fn asked(number: i64) -> Option<Self> {
        Self::from_number(number).filter(|policy| *policy != Self::Server)
    }

    /// Reads a stored number; `None` for one that we do not store.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| i64::from(policy.number()) == number)
    }

    /// The word that people use for such a device.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipad => "iPad",
            Self::Pc => "PC",
            Self::Mac => "Mac",
            Self::Server => "Server",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_hexadecimal_characters() {
        let id = "2441EADFDE32BD2D71153EB184facce2";
        assert_eq!(DeviceId::parse(id).unwrap().as_str(), id.to_ascii_lowercase());
        assert_eq!(TraceId::parse(id).unwrap().as_str(), id.to_ascii_lowercase());
        for bad in
            ["", "2441", &id[1..], &format!("{id}0"), "2441eadfde32bd2d71153eb184faccg2", &"é".repeat(16)]
        {
            assert_eq!(DeviceId::parse(bad), None, "{bad}");
            assert_eq!(TraceId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_policy_is_0_1_or_2_and_we_store_a_3() {
        for policy in LoginPolicy::ALL {
            assert_eq!(LoginPolicy::from_number(policy.number().into()), Some(policy));
        }
        for bad in [-1, 4, 256, i64::MAX, i64::MIN] {
            assert_eq!(LoginPolicy::from_number(bad), None);
        }
        assert_eq!((LoginPolicy::asked(2), LoginPolicy::asked(3)), (Some(LoginPolicy::Mac), None));
    }
}
