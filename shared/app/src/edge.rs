//! An edge in front of the API, such as `CloudFront`: where it says a caller is, and how it proves that it is the edge.

use saoma_domain::secrets::{Secret, SecretHash};

use crate::config::{ConfigError, Environment};

/// The header with which the edge proves itself. A caller's own is overwritten by the edge.
pub const EDGE_SECRET: &str = "x-edge-secret";
/// Headers that callers write and proxies only add to (`docs/security.md` D6).
const NEVER_BELIEVED: [&str; 5] = ["x-forwarded-for", "forwarded", "x-forwarded-host", "host", EDGE_SECRET];
/// The secret that edges send, and the one before or after it while it is changed.
const MOST_SECRETS: usize = 2;

const ADDRESS_HEADER: &str = "EDGE_ADDRESS_HEADER";
const SECRETS: &str = "EDGE_SECRET_SHA256";

/// The edge in front. Calls that do not come through it are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The header in which it names the caller's address, in lower case.
    pub address_header: String,
    secrets: Vec<SecretHash>,
}

impl Edge {
    /// Reads `EDGE_ADDRESS_HEADER` and `EDGE_SECRET_SHA256`, the SHA-256 of the edge's secret in hexadecimal, or of two secrets
    /// with a comma between them. `None` when neither is set. The functions' environment holds no secret.
    ///
    /// # Errors
    /// [`ConfigError`]: one is set without the other or without `PUBLIC_URL`, or cannot be read. Behind an edge the API's own
    /// name is not the service's, so its address must be given.
    pub fn read(environment: &Environment) -> Result<Option<Self>, ConfigError> {
        let (header, secrets) = (environment.get(ADDRESS_HEADER), environment.get(SECRETS));
        let (header, secrets) = match (header, secrets) {
            (None, None) => return Ok(None),
            (Some(header), Some(secrets)) => (header, secrets),
            (None, Some(_)) => return Err(ConfigError::Missing(ADDRESS_HEADER)),
            (Some(_), None) => return Err(ConfigError::Missing(SECRETS)),
        };
        environment.required("PUBLIC_URL")?;
        Ok(Some(Self { address_header: read_header(header)?, secrets: read_secrets(&secrets)? }))
    }

    /// Whether this text is the edge's secret, in constant time.
    #[must_use]
    pub fn is_proved_by(&self, presented: &str) -> bool {
        let presented = Secret::presented(presented);
        presented.is_some_and(|presented| self.secrets.iter().any(|secret| secret.matches(&presented)))
    }
}

fn read_header(value: String) -> Result<String, ConfigError> {
    let header = value.to_ascii_lowercase();
    let is_name = header.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name && !NEVER_BELIEVED.contains(&header.as_str()) {
        return Ok(header);
    }
    let expected = "the name of a header that the edge alone writes".to_owned();
    Err(ConfigError::Absurd { name: ADDRESS_HEADER, value, expected })
}

fn read_secrets(value: &str) -> Result<Vec<SecretHash>, ConfigError> {
    let hashes: Option<Vec<_>> = value.split(',').map(|hex| read_hash(hex.trim())).collect();
    hashes.filter(|hashes| hashes.len() <= MOST_SECRETS).ok_or_else(|| {
        let expected = "the SHA-256 of a secret in 64 hexadecimal digits, or two with a comma".to_owned();
        // Not the value: by mistake it may be the secret itself.
        ConfigError::Absurd { name: SECRETS, value: "…".to_owned(), expected }
    })
}

fn read_hash(hex: &str) -> Option<SecretHash> {
    let is_hash = hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    let (first, second) = hex.split_at_checked(32).filter(|_| is_hash)?;
    let half = |digits: &str| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes);
    let bytes = [half(first)?, half(second)?].concat();
    bytes.try_into().ok().map(SecretHash::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `one` and of `two`.
    const ONE: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    const TWO: &str = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";

    fn read(header: &str, secrets: &str) -> Result<Option<Edge>, ConfigError> {
        let url = ("PUBLIC_URL", "https://login.example.com");
        Edge::read(&Environment::of([(ADDRESS_HEADER, header), (SECRETS, secrets), url]))
    }

    // D6
    #[test]
    fn an_edge_proves_itself_by_one_of_two_secrets() {
        assert_eq!(read("", ""), Ok(None));
        let edge = read("CloudFront-Viewer-Address", ONE).unwrap().unwrap();
        assert_eq!(edge.address_header, "cloudfront-viewer-address");
        assert!(edge.is_proved_by("one") && !edge.is_proved_by("two") && !edge.is_proved_by(ONE));
        let both = read("cf-connecting-ip", &format!("{ONE}, {}", TWO.to_uppercase())).unwrap().unwrap();
        assert!(both.is_proved_by("one") && both.is_proved_by("two") && !both.is_proved_by(""));
    }

    // C9 D6 J7
    #[test]
    fn half_an_edge_is_refused_by_name() {
        for (header, secrets, named) in [
            ("cf-connecting-ip", "", SECRETS),
            ("", ONE, ADDRESS_HEADER),
            ("X-Forwarded-For", ONE, ADDRESS_HEADER),
            ("forwarded", ONE, ADDRESS_HEADER),
            ("x-edge-secret", ONE, ADDRESS_HEADER),
            ("two words", ONE, ADDRESS_HEADER),
            ("cf-connecting-ip", "one", SECRETS),
            ("cf-connecting-ip", &ONE[1..], SECRETS),
            ("cf-connecting-ip", &format!("{ONE},{TWO},{ONE}"), SECRETS),
            ("cf-connecting-ip", &format!("{ONE},"), SECRETS),
            ("cf-connecting-ip", &"ä".repeat(32), SECRETS),
        ] {
            let refused = read(header, secrets).unwrap_err().to_string();
            assert!(refused.starts_with(named), "{header} {secrets}: {refused}");
        }
        let without_url = Environment::of([(ADDRESS_HEADER, "cf-connecting-ip"), (SECRETS, ONE)]);
        assert_eq!(Edge::read(&without_url), Err(ConfigError::Missing("PUBLIC_URL")));
        let secret = "a-secret-put-here-by-mistake";
        assert!(!read("cf-connecting-ip", secret).unwrap_err().to_string().contains(secret));
    }
}
