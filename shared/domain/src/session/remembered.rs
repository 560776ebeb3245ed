//! The call and the device that a session of the remembered contract belongs to (`docs/remembered.md`).

use std::fmt;

use crate::{ports::Randomness, secrets::random_hex};

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
}

impl LoginPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ipad, Self::Pc, Self::Mac];

    /// The contract's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ipad => 0,
            Self::Pc => 1,
            Self::Mac => 2,
        }
    }

    /// Reads the contract's number; `None` for one it does not have.
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
    fn a_policy_is_0_1_or_2() {
        for policy in LoginPolicy::ALL {
            assert_eq!(LoginPolicy::from_number(policy.number().into()), Some(policy));
        }
        for bad in [-1, 3, 256, i64::MAX, i64::MIN] {
            assert_eq!(LoginPolicy::from_number(bad), None);
        }
    }
}
