//! Well-formed events, and events with each field missing, doubled, of another type, empty, or of 1 MB.

use axum::{body::to_bytes, http::Method};
use serde_json::{Value, json};

use super::*;

/// A call with a query, cookies and a body.
fn event() -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../../../../events/web-lock.json")).unwrap();
    event["rawQueryString"] = json!("a=1&b=%20");
    event["cookies"] = json!(["one=1", "two=2"]);
    event
}

fn with(place: &str, value: Value) -> Value {
    let mut event = event();
    *event.pointer_mut(place).unwrap() = value;
    event
}

fn without(place: &str) -> Value {
    let mut event = event();
    let (parent, name) = place.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    event
}

fn read(event: &Value) -> Result<Request<Body>, Malformed> {
    request(&event.to_string())
}

async fn body_of(event: &Value) -> Vec<u8> {
    to_bytes(read(event).unwrap().into_body(), usize::MAX).await.unwrap().to_vec()
}

/// The places of every field, at any depth.
fn places(value: &Value, at: &str) -> Vec<String> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .flat_map(|(name, value)| {
            let place = format!("{at}/{name}");
            [vec![place.clone()], places(value, &place)].concat()
        })
        .collect()
}

#[tokio::test]
async fn an_event_is_read_as_its_request() {
    let request = read(&event()).unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "/qr/lock?a=1&b=%20");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(request.headers()["cookie"], "one=1; two=2");
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get() else {
        panic!("no context")
    };
    assert_eq!(context.http.source_ip.as_deref(), Some("203.0.113.7"));
    let named = "abcdefghij.execute-api.ap-southeast-1.amazonaws.com";
    assert_eq!(context.domain_name.as_deref(), Some(named));
    assert_eq!(context.request_id.as_deref(), Some("JKJaXmPLvHcESHA="));
    assert_eq!(body_of(&event()).await, event()["body"].as_str().unwrap().as_bytes());
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let mut event = with("/body", json!("/wBh"));
    event["isBase64Encoded"] = json!(true);
    assert_eq!(body_of(&event).await, [0xFF, 0, b'a']);
}

#[test]
fn a_missing_field_matters_only_where_a_request_needs_it() {
    const NEEDED: [&str; 4] =
        ["/rawPath", "/requestContext", "/requestContext/http", "/requestContext/http/method"];
    for place in places(&event(), "") {
        let expected = NEEDED.contains(&place.as_str()).then_some(Malformed::Fields);
        assert_eq!(read(&without(&place)).err(), expected, "{place}");
    }
    for nothing in ["/rawQueryString", "/cookies", "/headers", "/body", "/isBase64Encoded"] {
        assert_eq!(read(&with(nothing, json!(null))).err(), None, "{nothing}");
    }
}

#[test]
fn a_doubled_field_is_refused() {
    for field in
        ["rawPath", "rawQueryString", "cookies", "headers", "body", "isBase64Encoded", "requestContext"]
    {
        let value = &event()[field];
        let doubled = event().to_string().replacen('{', &format!("{{\"{field}\":{value},"), 1);
        assert_eq!(request(&doubled).err(), Some(Malformed::Fields), "{field}");
    }
    for (field, value) in [("http", "{\"method\":\"GET\"}"), ("domainName", "\"evil.example\"")] {
        let context = format!("\"requestContext\":{{\"{field}\":{value},");
        let doubled = event().to_string().replacen("\"requestContext\":{", &context, 1);
        assert_eq!(request(&doubled).err(), Some(Malformed::Fields), "{field}");
    }
}

#[test]
fn a_field_of_another_type_is_refused() {
    let texts = ["/rawPath", "/rawQueryString", "/body", "/headers/host", "/requestContext/http/method"];
    let rest = ["/cookies", "/headers", "/isBase64Encoded", "/requestContext", "/requestContext/domainName"];
    for place in texts.into_iter().chain(rest) {
        for value in [json!(7), json!(-1.5), json!([7]), json!({"a": {"b": []}}), json!([[]])] {
            assert!(read(&with(place, value.clone())).is_err(), "{place} {value}");
        }
    }
    for place in ["/cookies", "/headers", "/isBase64Encoded", "/requestContext"] {
        assert!(read(&with(place, json!("x"))).is_err(), "{place}");
    }
    assert!(read(&with("/headers/host", json!(null))).is_err());
}

#[tokio::test]
async fn an_empty_field_has_one_meaning_or_none() {
    assert_eq!(read(&with("/rawPath", json!(""))).err(), Some(Malformed::Address));
    assert_eq!(read(&with("/rawQueryString", json!(""))).unwrap().uri(), "/qr/lock");
    assert!(!read(&with("/cookies", json!([]))).unwrap().headers().contains_key("cookie"));
    assert!(read(&with("/headers", json!({}))).is_ok());
    assert!(body_of(&with("/body", json!(""))).await.is_empty());
    for empty in ["", " ", "{}", "[]", "null", "\"\"", "0"] {
        assert_eq!(request(empty).err(), Some(Malformed::Fields), "{empty:?}");
    }
}

#[tokio::test]
async fn a_megabyte_is_read_or_refused() {
    let megabyte = "x".repeat(1 << 20);
    for place in ["/rawPath", "/rawQueryString"] {
        assert_eq!(
            read(&with(place, json!(format!("/{megabyte}")))).err(),
            Some(Malformed::Address),
            "{place}"
        );
    }
    assert_eq!(body_of(&with("/body", json!(megabyte))).await.len(), 1 << 20);
    assert!(read(&with("/headers/host", json!(megabyte))).is_ok());
    let mut event = event();
    event["headers"] = json!({ megabyte.clone(): "x" });
    assert_eq!(read(&event).err(), Some(Malformed::Headers));
    // More headers than a `HeaderMap` holds.
    event["headers"] = (0..40_000).map(|number| (format!("h{number}"), json!("x"))).collect();
    assert_eq!(read(&event).err(), Some(Malformed::Headers));
    event["headers"] = json!({});
    event["cookies"] = (0..100_000).map(|number| json!(format!("c{number}=x"))).collect();
    assert!(read(&event).is_ok());
    let deep = format!("{{\"rawPath\":{}1{}}}", "[".repeat(1 << 19), "]".repeat(1 << 19));
    assert_eq!(request(&deep).err(), Some(Malformed::Fields));
}

#[test]
fn a_path_is_spelled_as_a_uri_spells_it() {
    for (path, spelled) in [
        ("/", "/"),
        ("/q/CODE", "/q/CODE"),
        ("/q/CODE ", "/q/CODE%20"),
        ("/q/a%20b", "/q/a%20b"),
        ("/q/a%b", "/q/a%b"),
        ("/q/a?b#c", "/q/a%3Fb%23c"),
        ("/q/\"<>`{}|\\^[]'", "/q/%22%3C%3E%60%7B%7D|\\^[]'"),
        ("/q/é中\u{1F600}", "/q/%C3%A9%E4%B8%AD%F0%9F%98%80"),
        ("/q/\r\n\0\u{7F}", "/q/%0D%0A%00%7F"),
        ("//evil.example/q", "//evil.example/q"),
        ("/a/../b", "/a/../b"),
    ] {
        let mut event = with("/rawPath", json!(path));
        event["rawQueryString"] = json!("");
        let request = read(&event).unwrap();
        assert_eq!((request.uri().path(), request.uri().query()), (spelled, None), "{path:?}");
        assert_eq!(request.uri().host(), None, "{path:?}");
    }
    for path in ["q", "*", "https://evil.example/", "?a=1", " /"] {
        assert_eq!(read(&with("/rawPath", json!(path))).err(), Some(Malformed::Address), "{path:?}");
    }
}

#[test]
fn a_query_is_spelled_as_a_uri_spells_it() {
    for (query, spelled) in [
        ("a=1&a=2", "a=1&a=2"),
        ("a=b+c%20d", "a=b+c%20d"),
        ("a=b c", "a=b%20c"),
        ("a=\"<b>\"", "a=%22%3Cb%3E%22"),
        ("a=b#c?d", "a=b%23c?d"),
        ("a=é", "a=%C3%A9"),
        ("a=\n", "a=%0A"),
        ("a=%zz", "a=%zz"),
    ] {
        let request = read(&with("/rawQueryString", json!(query))).unwrap();
        assert_eq!(request.uri().query(), Some(spelled), "{query:?}");
    }
}

#[test]
fn half_an_emoji_in_an_event_is_replaced() {
    let event = event().to_string().replace("a=1", r"a=\ud83d");
    assert_eq!(request(&event).unwrap().uri().query(), Some("a=%EF%BF%BD&b=%20"));
}

// W13
#[test]
fn an_odd_host_or_scheme_changes_nothing() {
    for host in ["evil.example", "", "a b", "[", "user@evil.example:0", "evil.example/path?query#end", "é"] {
        let request = read(&with("/headers/host", json!(host))).unwrap();
        assert_eq!((request.uri().host(), request.uri().path()), (None, "/qr/lock"), "{host:?}");
    }
    for scheme in ["http", "", "java script", "://", "é"] {
        let request = read(&with("/headers/x-forwarded-proto", json!(scheme))).unwrap();
        assert_eq!(request.uri().scheme(), None, "{scheme:?}");
    }
    assert!(read(&with("/requestContext/domainName", json!("[ odd"))).is_ok());
}

// W4
#[test]
fn a_header_that_http_does_not_allow_is_refused() {
    for (name, value) in
        [("a", "b\r\nc: d"), ("a", "\0"), ("a", "\u{7F}"), ("a b", "c"), ("", "a"), ("é", "a")]
    {
        let mut event = event();
        event["headers"][name] = json!(value);
        assert_eq!(read(&event).err(), Some(Malformed::Headers), "{name:?} {value:?}");
    }
    for cookies in [json!(["a=b\r\nc: d"]), json!(["a=\0"])] {
        assert_eq!(read(&with("/cookies", cookies)).err(), Some(Malformed::Headers));
    }
    let mut event = event();
    event["headers"]["Authorization"] = json!("Bearer another");
    assert_eq!(read(&event).err(), Some(Malformed::Headers), "two spellings of a name");
}

#[test]
fn a_body_that_is_no_base64_is_refused() {
    for body in ["a", "a===", "$$$$", "YQ==YQ==", "YQ", "YQ==\n"] {
        let mut event = with("/body", json!(body));
        event["isBase64Encoded"] = json!(true);
        assert_eq!(read(&event).err(), Some(Malformed::Body), "{body:?}");
    }
}

#[test]
fn an_odd_method_is_none_of_ours_and_no_panic() {
    for method in ["QUERY", "get", "-", "M-SEARCH"] {
        assert_eq!(read(&with("/requestContext/http/method", json!(method))).unwrap().method(), method);
    }
    for method in ["GET ", "G T", "é", "\0", "GET\r\n"] {
        let refused = read(&with("/requestContext/http/method", json!(method)));
        assert_eq!(refused.err(), Some(Malformed::Fields), "{method:?}");
    }
}
