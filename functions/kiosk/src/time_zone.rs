//! The zone of the wall-clock times in the contract's answers.

use jiff::tz::TimeZone;
use saoma_app::{ConfigError, Environment};

/// `TIME_ZONE`; Asia/Shanghai when it is not set.
///
/// # Errors
/// [`ConfigError::Absurd`] for a zone that the IANA database does not have.
pub fn read_time_zone(environment: &Environment) -> Result<TimeZone, ConfigError> {
    let value = environment.get("TIME_ZONE").unwrap_or_else(|| "Asia/Shanghai".to_owned());
    TimeZone::get(&value).map_err(|_| ConfigError::Absurd {
        name: "TIME_ZONE",
        value,
        expected: "a zone of the IANA database".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // J7
    #[test]
    fn a_zone_that_does_not_exist_is_refused_by_name() {
        assert!(read_time_zone(&Environment::default()).is_ok());
        let refused = read_time_zone(&Environment::of([("TIME_ZONE", "Mars/Olympus")])).unwrap_err();
        assert!(refused.to_string().starts_with("TIME_ZONE"), "{refused}");
    }
}
