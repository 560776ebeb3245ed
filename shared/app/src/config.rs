//! The environment, parsed once at start. The error names the variable that is missing or out of bounds.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    ops::RangeInclusive,
    str::FromStr,
    time::Duration,
};

use saoma_domain::{client::BuiltIns, sign_in::SignInLives, sms_budget::SmsLimits, sms_text::SmsTexts};
use thiserror::Error;
use url::Url;

use crate::edge::Edge;

/// Why a function refuses to start.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A variable without a default is not set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A variable is out of bounds or cannot be read.
    #[error("{name} is {value:?}, which is not {expected}")]
    Absurd {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: String,
    },
}

/// The process's variables.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

/// The credentials are among the values, so logs get only the names (`docs/security.md` J2).
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The variables this process was started with.
    #[must_use]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
        )
    }

    /// The given variables, for tests.
    #[must_use]
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(variables.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    }

    /// A variable. An empty value counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// A variable without a default.
    ///
    /// # Errors
    /// [`ConfigError::Missing`].
    pub fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.get(name).ok_or(ConfigError::Missing(name))
    }

    /// A number within bounds; `default` when it is not set.
    ///
    /// # Errors
    /// [`ConfigError::Absurd`].
    pub fn number<T: FromStr + PartialOrd + Copy + Debug>(
        &self,
        name: &'static str,
        default: T,
        bounds: RangeInclusive<T>,
    ) -> Result<T, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(default) };
        let number = value.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| ConfigError::Absurd { name, value, expected: format!("a number in {bounds:?}") })
    }

    /// `true` or `false`; `false` when it is not set.
    ///
    /// # Errors
    /// [`ConfigError::Absurd`].
    pub fn flag(&self, name: &'static str) -> Result<bool, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(false) };
        let flag = value.parse();
        flag.map_err(|_| ConfigError::Absurd { name, value, expected: "true or false".to_owned() })
    }

    fn seconds(
        &self,
        name: &'static str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<Duration, ConfigError> {
        self.number(name, default, bounds).map(Duration::from_secs)
    }
}

/// What a deployment sets (`template.yaml`, Parameters).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public address without a trailing slash. `None` uses the domain that API Gateway names.
    pub public_url: Option<String>,
    /// The address of the WebSocket API, for screens. `None` when sockets are switched off.
    pub socket_url: Option<String>,
    /// The edge in front of the API, if there is one.
    pub edge: Option<Edge>,
    /// The name of the deployment's stack, for its metrics.
    pub stack: String,
    /// What people know the service as.
    pub service_name: String,
    /// Whether the clients that need no registration are served.
    pub built_ins: BuiltIns,
    /// A session's life.
    pub session_life: Duration,
    /// How long a prompt waits for its person.
    pub prompt_life: Duration,
    /// A ticket's life.
    pub ticket_life: Duration,
    /// An access token's life.
    pub access_token_life: Duration,
    /// How long sign-ins last.
    pub sign_ins: SignInLives,
    /// How long a browser stays signed in at the issuer; zero when it does not.
    pub sso_life: Duration,
    /// Limits on text messages.
    pub sms: SmsLimits,
    /// The texts of these messages.
    pub sms_texts: SmsTexts,
    /// How many sessions one address may open a minute, on one instance.
    pub creates_per_minute: u32,
    /// How many unknown codes, wrong secrets and bad tickets one network may send a minute, on one instance. An honest
    /// screen sends one every two seconds when its session is gone.
    pub misses_per_minute: u32,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`ConfigError`], for the first variable that is missing or out of bounds.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let service_name = environment.get("SERVICE_NAME").unwrap_or_else(|| "Saoma".to_owned());
        let sms = read_sms_limits(environment)?;
        let built_ins = if environment.flag("BUILT_IN_CLIENTS")? {
            BuiltIns::Served(service_name.clone())
        } else {
            BuiltIns::SwitchedOff
        };
        Ok(Self {
            public_url: environment.get("PUBLIC_URL").map(read_public_url).transpose()?,
            socket_url: environment.get("SOCKET_URL").map(read_socket_url).transpose()?,
            edge: Edge::read(environment)?,
            stack: environment.get("STACK_NAME").unwrap_or_else(|| "saoma".to_owned()),
            sms_texts: read_texts(&service_name, sms.code_life)?,
            service_name,
            built_ins,
            session_life: environment.seconds("SESSION_SECONDS", 300, 30..=900)?,
            prompt_life: environment.seconds("PROMPT_SECONDS", 60, 20..=300)?,
            ticket_life: environment.seconds("TICKET_SECONDS", 60, 10..=300)?,
            access_token_life: environment.seconds("ACCESS_TOKEN_SECONDS", 900, 60..=3600)?,
            sign_ins: SignInLives {
                idle: environment.seconds("REFRESH_TOKEN_SECONDS", 2_592_000, 3600..=7_776_000)?,
                longest: environment.seconds("SIGN_IN_SECONDS", 15_552_000, 3600..=31_536_000)?,
                retry: environment.seconds("REFRESH_RETRY_SECONDS", 600, 30..=3600)?,
            },
            sso_life: environment.seconds("SSO_SECONDS", 43_200, 0..=2_592_000)?,
            sms,
            creates_per_minute: environment.number("CREATES_PER_MINUTE", 60, 1..=100_000)?,
            misses_per_minute: environment.number("MISSES_PER_MINUTE", 120, 10..=1_000_000)?,
        })
    }

    /// For how long something that is not renewed rests on the signing secret that made it: a sign-in without a refresh, or
    /// a browser's cookie, which is never exchanged.
    #[must_use]
    pub fn longest_rest(&self) -> Duration {
        self.sign_ins.idle.max(self.sso_life)
    }
}

fn read_sms_limits(environment: &Environment) -> Result<SmsLimits, ConfigError> {
    Ok(SmsLimits {
        code_life: environment.seconds("SMS_CODE_SECONDS", 300, 60..=900)?,
        per_number_per_day: environment.number("SMS_PER_NUMBER_PER_DAY", 10, 1..=100)?,
        per_network_per_day: environment.number("SMS_PER_NETWORK_PER_DAY", 50, 1..=1_000_000)?,
        per_day: environment.number("SMS_PER_DAY", 1000, 10..=100_000_000)?,
        countries: read_countries(environment.get("SMS_COUNTRIES").unwrap_or_else(|| "86".to_owned()))?,
    })
}

/// Reads calling codes with commas between them, such as `86,852`. `all` serves every country.
fn read_countries(value: String) -> Result<Vec<String>, ConfigError> {
    if value == "all" {
        return Ok(Vec::new());
    }
    let is_code = |code: &&str| {
        (1..=7).contains(&code.len()) && !code.starts_with('0') && code.bytes().all(|b| b.is_ascii_digit())
    };
    let codes: Vec<_> = value.split(',').map(str::trim).collect();
    if codes.iter().all(is_code) {
        return Ok(codes.into_iter().map(str::to_owned).collect());
    }
    let expected = "all, or calling codes with commas between them".to_owned();
    Err(ConfigError::Absurd { name: "SMS_COUNTRIES", value, expected })
}

/// Writes the texts of messages, which must fit one segment.
fn read_texts(service_name: &str, code_life: Duration) -> Result<SmsTexts, ConfigError> {
    SmsTexts::new(service_name, code_life).ok_or_else(|| ConfigError::Absurd {
        name: "SERVICE_NAME",
        value: service_name.to_owned(),
        expected: "one line, short enough for an SMS of one segment".to_owned(),
    })
}

/// Reads the public origin: `https`, or `http` on the own machine. It has no path, because the QR spells the address
/// in upper case.
fn read_public_url(value: String) -> Result<String, ConfigError> {
    let url = Url::parse(&value).ok().filter(|url| {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
        (url.scheme() == "https" || url.scheme() == "http" && local)
            && url.host_str().is_some()
            && url.username().is_empty()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if url.is_some() {
        return Ok(value.trim_end_matches('/').to_owned());
    }
    let expected = "an https address without path or query (http only for localhost)".to_owned();
    Err(ConfigError::Absurd { name: "PUBLIC_URL", value, expected })
}

/// Reads the address of the WebSocket API: `wss`, or `ws` on the own machine. Pages name it in their policy, so its path
/// has no character that has a meaning there.
fn read_socket_url(value: String) -> Result<String, ConfigError> {
    let plain = |path: &str| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte));
    let url = Url::parse(&value).ok().filter(|url| {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
        (url.scheme() == "wss" || url.scheme() == "ws" && local)
            && url.host_str().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && plain(url.path())
            && url.query().is_none()
            && url.fragment().is_none()
    });
    // As the standard writes it, and so without anything that a reader of URLs forgives.
    if let Some(url) = url {
        return Ok(url.to_string());
    }
    let expected = "a wss address without query (ws only for localhost)".to_owned();
    Err(ConfigError::Absurd { name: "SOCKET_URL", value, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_at_a_wss_address() {
        let read = |value| Settings::read(&Environment::of([("SOCKET_URL", value)])).unwrap().socket_url;
        assert_eq!(read(""), None);
        for url in ["wss://abc.execute-api.us-east-1.amazonaws.com/v1", "ws://localhost:9010/"] {
            assert_eq!(read(url).as_deref(), Some(url));
        }
        assert_eq!(read("WSS://Sockets.Example.com").as_deref(), Some("wss://sockets.example.com/"));
    }

    // E13: a rotation of the keys waits until nothing rests on the oldest of them.
    #[test]
    fn the_longest_rest_is_that_of_a_phone_or_of_a_browser() {
        let rest = |idle, browser| {
            let seconds = [("REFRESH_TOKEN_SECONDS", idle), ("SSO_SECONDS", browser)];
            Settings::read(&Environment::of(seconds)).unwrap().longest_rest().as_secs()
        };
        assert_eq!(rest("2592000", "43200"), 2_592_000);
        assert_eq!(rest("3600", "2592000"), 2_592_000);
    }

    // C9 J7
    #[test]
    fn absurd_values_are_refused_by_name() {
        assert!(Settings::read(&Environment::default()).is_ok());
        for (name, value) in [
            ("SESSION_SECONDS", "0"),
            ("SESSION_SECONDS", "-1"),
            ("SESSION_SECONDS", "901"),
            ("SESSION_SECONDS", "18446744073709551616"),
            ("SESSION_SECONDS", "300.5"),
            ("SESSION_SECONDS", "NaN"),
            ("PROMPT_SECONDS", "19"),
            ("TICKET_SECONDS", "3600"),
            ("ACCESS_TOKEN_SECONDS", "0"),
            ("REFRESH_TOKEN_SECONDS", "1e9"),
            ("SIGN_IN_SECONDS", "0"),
            ("REFRESH_RETRY_SECONDS", "86400"),
            ("SSO_SECONDS", "2592001"),
            ("SMS_CODE_SECONDS", "1"),
            ("SMS_PER_NUMBER_PER_DAY", "0"),
            ("SMS_PER_NETWORK_PER_DAY", "-5"),
            ("SMS_PER_DAY", "9"),
            ("SMS_COUNTRIES", "86;852"),
            ("SMS_COUNTRIES", "+86"),
            ("SMS_COUNTRIES", "86,,852"),
            ("SMS_COUNTRIES", "086"),
            ("SERVICE_NAME", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"),
            ("SERVICE_NAME", "two\nlines"),
            ("CREATES_PER_MINUTE", "0"),
            ("MISSES_PER_MINUTE", "9"),
            ("BUILT_IN_CLIENTS", "yes"),
            ("PUBLIC_URL", "http://login.example.com"),
            ("PUBLIC_URL", "javascript:alert(1)"),
            ("SOCKET_URL", "https://sockets.example.com"),
            ("SOCKET_URL", "ws://sockets.example.com"),
            ("SOCKET_URL", "wss://user@sockets.example.com"),
            ("SOCKET_URL", "wss://sockets.example.com/v1?token=x"),
            ("SOCKET_URL", "wss://sockets.example.com/v1;script-src *"),
            ("SOCKET_URL", "wss://sockets.example.com/v1,x"),
            ("PUBLIC_URL", "https://user@login.example.com"),
            ("PUBLIC_URL", "https://login.example.com/base"),
        ] {
            let refused = Settings::read(&Environment::of([(name, value)])).unwrap_err();
            assert!(refused.to_string().starts_with(name), "{refused}");
        }
        let missing = Environment::default().required("SESSIONS_TABLE").unwrap_err();
        assert_eq!(missing.to_string(), "SESSIONS_TABLE is not set");
    }
}
