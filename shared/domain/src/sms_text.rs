//! The text of a message that carries a code.
//!
//! A message is one segment, because two cost twice as much: 160 characters of the GSM alphabet (3GPP TS 23.038), else
//! 70 UTF-16 units. It is in one language, by the country of the number, so that the text that is registered with
//! carriers in the mainland is the text that is sent. Where it fits, the last line binds the code to our page's domain, so that
//! browsers fill it in there and nowhere else (WICG, origin-bound one-time codes).

use std::time::Duration;

use crate::{identity::PhoneNumber, sms_code::SmsCode};

/// Characters of the GSM alphabet in one segment.
const GSM_SEGMENT: usize = 160;
/// UTF-16 units in one segment of any other text.
const UCS2_SEGMENT: usize = 70;
/// The GSM alphabet; each of these takes one place.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension; each of these takes two places.
const GSM_EXTENSION: &str = "^{}\\[~]|€";
/// Calling codes whose people read Chinese.
const CHINESE: [&str; 4] = ["+86", "+852", "+853", "+886"];

/// The texts of a deployment, one for each language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsTexts {
    chinese: String,
    english: String,
}

/// Stands for the code in a text.
const CODE: &str = "{code}";

impl SmsTexts {
    /// The texts for a service's name; `None` when not even the shortest fits one segment, or the name has line breaks.
    #[must_use]
    pub fn new(service_name: &str, code_life: Duration) -> Option<Self> {
        let minutes = code_life.as_secs().div_ceil(60);
        let name = service_name;
        let chinese = [
            format!("【{name}】验证码 {CODE}，{minutes} 分钟内有效，请勿告诉他人。"),
            format!("【{name}】验证码 {CODE}，请勿告诉他人。"),
        ];
        let english = [
            format!("{CODE} is your {name} code, good for {minutes} minutes. Never share it."),
            format!("{CODE} is your {name} code. Never share it."),
            format!("{name} code: {CODE}"),
        ];
        let one_line = !name.chars().any(char::is_control);
        let fitting =
            |texts: &[String]| texts.iter().find(|text| is_one_segment(&with_code(text, "000000"))).cloned();
        Some(Self { chinese: fitting(&chinese).filter(|_| one_line)?, english: fitting(&english)? })
    }

    /// The message with `code` for `number`. `host` is the host of our pages.
    #[must_use]
    pub fn message(&self, number: &PhoneNumber, code: &SmsCode, host: Option<&str>) -> String {
        let chinese = CHINESE.iter().any(|country| number.as_str().starts_with(country));
        let text = if chinese { &self.chinese } else { &self.english };
        bound(text, code.reveal(), host)
    }

    /// Each language with its whole text, for registration with carriers: the code is `variable`.
    #[must_use]
    pub fn for_registration(&self, variable: &str, host: Option<&str>) -> [(&'static str, String); 2] {
        // Whether the last line fits depends on six digits, whatever stands for them.
        let text = |text| bound(text, "000000", host).replace("000000", variable);
        [("zh", text(&self.chinese)), ("en", text(&self.english))]
    }
}

/// The host to which a message binds its code, for pages at `public_url`. `None` for an address with a port or without
/// TLS: a browser takes no code there.
#[must_use]
pub fn bindable_host(public_url: &str) -> Option<&str> {
    public_url.strip_prefix("https://").filter(|host| !host.contains(':'))
}

fn with_code(text: &str, code: &str) -> String {
    text.replace(CODE, code)
}

/// The text with the code in it, and with the line that binds it to our domain where that fits.
fn bound(text: &str, code: &str, host: Option<&str>) -> String {
    let text = with_code(text, code);
    let bound = host.map(|host| format!("{text}\n@{host} #{code}")).filter(|bound| is_one_segment(bound));
    bound.unwrap_or(text)
}

/// Whether a text is one segment.
#[must_use]
pub fn is_one_segment(text: &str) -> bool {
    match gsm_length(text) {
        Some(length) => length <= GSM_SEGMENT,
        None => text.encode_utf16().count() <= UCS2_SEGMENT,
    }
}

/// How many places a text takes in the GSM alphabet; `None` when a character is not in it.
fn gsm_length(text: &str) -> Option<usize> {
    let place = |c| match c {
        c if GSM.contains(c) => Some(1),
        c if GSM_EXTENSION.contains(c) => Some(2),
        _ => None,
    };
    text.chars().map(place).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_mins(15);

    fn message(name: &str, number: &str, host: Option<&str>) -> String {
        let number = PhoneNumber::parse(number).unwrap();
        SmsTexts::new(name, LIFE).unwrap().message(&number, &SmsCode::parse("123456").unwrap(), host)
    }

    // F16
    #[test]
    fn a_message_is_in_the_language_of_its_country_and_bound_to_our_domain() {
        let host = Some("login.example.com");
        assert_eq!(
            message("Saoma", "+8613800138000", host),
            "【Saoma】验证码 123456，15 分钟内有效，请勿告诉他人。\n@login.example.com #123456"
        );
        assert_eq!(
            message("Saoma", "+14155552671", host),
            "123456 is your Saoma code, good for 15 minutes. Never share it.\n@login.example.com #123456"
        );
        assert_eq!(
            message("Saoma", "+8613800138000", Some("abcdefghij.execute-api.us-east-1.amazonaws.com")),
            "【Saoma】验证码 123456，15 分钟内有效，请勿告诉他人。",
            "the domain does not fit"
        );
    }

    // F16
    #[test]
    fn every_name_up_to_forty_characters_makes_one_segment_or_is_refused() {
        let hosts =
            [None, Some("a.cn"), Some("login.example.com"), Some("a-very-long-name.login.example.com")];
        for letter in ["a", "码", "é", "ê", "€", "[", "{code}"] {
            for length in 1..=40 {
                let name = letter.repeat(length);
                if name.chars().count() > 40 {
                    continue;
                }
                for (number, host) in
                    ["+8613800138000", "+447911123456"].iter().flat_map(|n| hosts.map(|h| (n, h)))
                {
                    let text = message(&name, number, host);
                    assert!(is_one_segment(&text), "{text}");
                    assert!(text.contains("123456"), "{text}");
                }
            }
        }
        // An emoji is two UTF-16 units.
        assert_eq!(SmsTexts::new(&"😀".repeat(40), LIFE), None);
        assert_eq!(SmsTexts::new("two\nlines", LIFE), None);
    }

    // F16
    #[test]
    fn segments_are_counted_as_carriers_count_them() {
        for (text, one) in [
            ("a".repeat(160), true),
            ("a".repeat(161), false),
            ("€".repeat(80), true),
            ("€".repeat(81), false),
            ("码".repeat(70), true),
            ("码".repeat(71), false),
            ("😀".repeat(35), true),
            ("😀".repeat(36), false),
        ] {
            assert_eq!(is_one_segment(&text), one, "{text}");
        }
    }

    #[test]
    fn what_is_registered_is_what_is_sent() {
        let texts = SmsTexts::new("Saoma", LIFE).unwrap();
        let [(_, chinese), _] = texts.for_registration("${code}", Some("login.example.com"));
        let sent = message("Saoma", "+8613800138000", Some("login.example.com"));
        assert_eq!(chinese.replace("${code}", "123456"), sent);
    }
}
