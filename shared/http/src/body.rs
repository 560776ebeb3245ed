//! Bodies: at most 16 KB, of the content type in their header.
//!
//! A deviation with one clear meaning is read as meant: a byte order mark in front, half an emoji, and `null` or `[]`
//! in place of `{}`.

use std::borrow::Cow;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Problem,
    query::{self, Query},
};

/// The most bytes a body may have. A larger one is refused with 413 `too_large`.
pub const LARGEST_BODY: usize = 16 * 1024;

/// The byte order mark that some editors and platforms write in front of a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A JSON body, or a JSON answer. An empty body, `null` and `[]` read as `{}`, and unknown fields are ignored.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// A body that is JSON or a form, as the web contract allows.
#[derive(Clone, Debug)]
pub struct JsonOrForm<T>(pub T);

/// A body that is a form, as OAuth's endpoints take it.
#[derive(Clone, Debug)]
pub struct Form(pub Query);

const MALFORMED: Problem =
    Problem::bad_request("malformed_body", "The body is not what the contract says: check fields and types.");

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (kind, bytes) = read(request).await?;
        match kind {
            Kind::None | Kind::Json => parse_json(&bytes).map(Self),
            Kind::Form | Kind::Other => Err(unsupported()),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonOrForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (kind, bytes) = read(request).await?;
        match kind {
            Kind::None | Kind::Json => parse_json(&bytes).map(Self),
            Kind::Form => query::parse_pairs(&bytes)
                .and_then(|pairs| serde_json::from_value(pairs.into()).ok())
                .map(Self)
                .ok_or(MALFORMED),
            Kind::Other => Err(unsupported()),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (kind, bytes) = read(request).await?;
        match kind {
            Kind::None | Kind::Form => Query::parse(&bytes).map(Self).ok_or(MALFORMED),
            Kind::Json | Kind::Other => Err(unsupported()),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
            Err(error) => Problem::internal(format!("an answer did not serialize: {error}")).into_response(),
        }
    }
}

enum Kind {
    None,
    Json,
    Form,
    Other,
}

async fn read(request: Request<Body>) -> Result<(Kind, Bytes), Problem> {
    let kind = content_type(request.headers());
    let bytes = to_bytes(request.into_body(), LARGEST_BODY)
        .await
        .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "A body has at most 16 KB."))?;
    let bytes = without_mark(bytes);
    Ok((if bytes.is_empty() { Kind::None } else { kind }, bytes))
}

fn without_mark(bytes: Bytes) -> Bytes {
    match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => bytes.slice_ref(text),
        None => bytes,
    }
}

fn content_type(headers: &HeaderMap) -> Kind {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Kind::Other; // RFC 9110 section 8.4: a compressed body is not JSON
    }
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Kind::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Kind::Form
    } else {
        Kind::Other
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| MALFORMED)?;
    let text = if text.trim_ascii().is_empty() { Cow::Borrowed("{}") } else { whole_characters(text) };
    // Unknown fields are ignored, but they must be JSON, and not nested too deeply (`docs/security.md` W8).
    let text = match serde_json::from_str(&text).map_err(|_| MALFORMED)? {
        Value::Object(_) => &text,
        Value::Null => "{}",
        // Serde would read an array as an object, field by field. Only the empty one means an object,
        // because PHP writes a map without entries so.
        Value::Array(items) if items.is_empty() => "{}",
        _ => return Err(MALFORMED),
    };
    serde_json::from_str(text).map_err(|_| MALFORMED)
}

/// The JSON text with U+FFFD in place of each lone half of a surrogate pair (`\ud83d`). Programs that cut a text by
/// UTF-16 units leave such half emoji. Rust's strings cannot hold them.
#[must_use]
pub fn whole_characters(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escape)) = rest.split_once('\\') {
        let (written, after) = whole_escape(escape);
        whole.extend([before, "\\", written]);
        rest = after;
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// Takes the text after a backslash. Returns its escape in a correct form, and the rest of the text. Both halves of a
/// surrogate pair are one escape.
fn whole_escape(text: &str) -> (&str, &str) {
    let after = match code_unit(text) {
        Some((0xD800..=0xDBFF, after)) => match after.strip_prefix('\\').and_then(code_unit) {
            Some((0xDC00..=0xDFFF, after)) => after,
            _ => return ("ufffd", after),
        },
        Some((0xDC00..=0xDFFF, after)) => return ("ufffd", after),
        Some((_, after)) => after,
        // Any other escape is one character, which may be a second backslash.
        None => text.char_indices().nth(1).and_then(|(second, _)| text.get(second..)).unwrap_or_default(),
    };
    text.split_at_checked(text.len() - after.len()).unwrap_or_default()
}

/// The code unit of `uXXXX` at the start of a text, and the rest of the text.
fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, after) = text.strip_prefix('u')?.split_at_checked(4)?;
    // `from_str_radix` alone would take a sign.
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten().map(|unit| (unit, after))
}

fn unsupported() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Send the body as the contract says, with its Content-Type.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Named {
        name: Option<String>,
    }

    async fn read_as<T: DeserializeOwned>(headers: &[(&str, &str)], body: &[u8]) -> Result<T, &'static str> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).unwrap();
        Json::<T>::from_request(request, &()).await.map(|Json(read)| read).map_err(|problem| problem.code)
    }

    async fn name_in(body: &[u8]) -> Result<Option<String>, &'static str> {
        read_as::<Named>(&[("content-type", "application/json")], body).await.map(|named| named.name)
    }

    // F12
    #[test]
    fn half_an_emoji_becomes_a_replacement_character() {
        for (text, whole) in [
            (r#""plain""#, r#""plain""#),
            (r#""\u4e2d\u6587""#, r#""\u4e2d\u6587""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uD83Dx""#, r#""\ufffdx""#),
            (r#""\ude00""#, r#""\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\\\\ud83d""#, r#""\\\\ud83d""#),
            (r#""\ud83""#, r#""\ud83""#),
            (r#""\u+83d""#, r#""\u+83d""#),
            (r#""\u中文x""#, r#""\u中文x""#),
            (r#""\中\ud83d""#, r#""\中\ufffd""#),
            (r"\u", r"\u"),
            (r"\u0041\", r"\u0041\"),
        ] {
            assert_eq!(whole_characters(text), whole, "{text}");
        }
    }

    // F12
    #[tokio::test]
    async fn a_name_cut_in_the_middle_of_an_emoji_is_read() {
        assert_eq!(name_in(br#"{"name":"BM05 \ud83d"}"#).await, Ok(Some("BM05 \u{FFFD}".to_owned())));
        assert_eq!(name_in(br#"{"name":"BM05 \ud83d\ude00"}"#).await, Ok(Some("BM05 \u{1F600}".to_owned())));
        assert_eq!(name_in(br#"{"name":"a","x":"\udc00"}"#).await, Ok(Some("a".to_owned())));
    }

    // F12
    #[tokio::test]
    async fn a_byte_order_mark_is_no_part_of_a_body() {
        assert_eq!(name_in(b"\xEF\xBB\xBF{\"name\":\"a\"}").await, Ok(Some("a".to_owned())));
        assert_eq!(name_in(b"\xEF\xBB\xBF").await, Ok(None));
        assert_eq!(name_in(b"\xEF\xBB\xBF\xEF\xBB\xBF{}").await, Err("malformed_body"));
        assert_eq!(name_in(b"\xFF\xFE{\0}\0").await, Err("malformed_body"));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let request = Request::builder().header(form[0].0, form[0].1);
        let request = request.body(Body::from(&b"\xEF\xBB\xBFname=a"[..])).unwrap();
        let JsonOrForm(named) = JsonOrForm::<Named>::from_request(request, &()).await.unwrap();
        assert_eq!(named.name.as_deref(), Some("a"));
    }

    // F12
    #[tokio::test]
    async fn nothing_null_and_an_empty_array_are_an_empty_object() {
        for body in ["", " ", "\r\n", "null", " null\n", "[]", " [ ] ", "{}"] {
            assert_eq!(name_in(body.as_bytes()).await, Ok(None), "{body:?}");
        }
        for body in ["[null]", "[{}]", r#"["a"]"#, "false", "0", "\"\"", "[] []", "null null", "[", "nul"] {
            assert_eq!(name_in(body.as_bytes()).await, Err("malformed_body"), "{body:?}");
        }
    }

    // F12: a missing field that is required is still refused.
    #[tokio::test]
    async fn nothing_is_no_body_where_one_is_needed() {
        #[derive(Debug, serde::Deserialize)]
        struct Needed {
            #[expect(dead_code, reason = "only whether it is there matters")]
            code: String,
        }
        for body in ["", "null", "[]", "{}", r#"["a"]"#] {
            let read = read_as::<Needed>(&[("content-type", "application/json")], body.as_bytes()).await;
            assert_eq!(read.unwrap_err(), "malformed_body", "{body:?}");
        }
    }

    #[tokio::test]
    async fn a_compressed_body_is_not_supported() {
        let json = ("content-type", "application/json");
        for coding in ["gzip", "br", "deflate", "identity, gzip"] {
            let read = read_as::<Named>(&[json, ("content-encoding", coding)], b"\x1f\x8b").await;
            assert_eq!(read, Err("unsupported_media_type"), "{coding}");
        }
        let read = read_as::<Named>(&[json, ("content-encoding", "identity")], b"{}").await;
        assert_eq!(read, Ok(Named { name: None }));
    }
}
