//! A response as API Gateway takes it (HTTP API, payload format 2.0).

use std::collections::BTreeMap;

use axum::{
    http::{HeaderMap, HeaderName, header::SET_COOKIE},
    response::Response,
};
use lambda_http::{Body, IntoResponse};
use serde::Serialize;

/// What a function answers. Writing it never fails, because the Lambda runtime ends the process over an answer that
/// it cannot write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    cookies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Body>,
    is_base64_encoded: bool,
}

impl Answer {
    /// Reads a response to its end. `lambda_http` decides which content types are text.
    pub(crate) async fn of(response: Response) -> Self {
        let (mut parts, body) = response.into_response().await.into_parts();
        let cookies = values(&parts.headers, SET_COOKIE.as_str());
        parts.headers.remove(SET_COOKIE);
        let names = parts.headers.keys().map(HeaderName::as_str);
        Self {
            status_code: parts.status.as_u16(),
            // A header that comes twice is joined with commas (RFC 9110 section 5.3).
            headers: names.map(|name| (name.to_owned(), values(&parts.headers, name).join(", "))).collect(),
            cookies,
            is_base64_encoded: matches!(body, Body::Binary(_)),
            body: Some(body).filter(|body| !matches!(body, Body::Empty)),
        }
    }
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{HeaderValue, StatusCode},
    };
    use serde_json::{Value, json};

    use super::*;

    async fn written(response: Response) -> Value {
        serde_json::to_value(Answer::of(response).await).unwrap()
    }

    #[tokio::test]
    async fn text_is_text_and_pictures_are_base64() {
        let text = Response::builder().header("content-type", "application/problem+json");
        assert_eq!(
            written(text.status(StatusCode::NOT_FOUND).body(Body::from("{}")).unwrap()).await,
            json!({
                "statusCode": 404, "headers": {"content-type": "application/problem+json"},
                "cookies": [], "body": "{}", "isBase64Encoded": false,
            })
        );
        let picture = Response::builder().header("content-type", "image/png").body(Body::from("\u{89}PNG"));
        let picture = written(picture.unwrap()).await;
        assert_eq!((&picture["body"], &picture["isBase64Encoded"]), (&json!("wolQTkc="), &json!(true)));
    }

    #[tokio::test]
    async fn cookies_stand_apart_and_a_repeated_header_is_one() {
        let response = Response::builder()
            .status(StatusCode::NO_CONTENT)
            .header("set-cookie", "a=1; Path=/")
            .header("set-cookie", "b=2")
            .header("vary", "accept")
            .header("vary", "origin");
        let answer = written(response.body(Body::empty()).unwrap()).await;
        assert_eq!(answer["cookies"], json!(["a=1; Path=/", "b=2"]));
        assert_eq!(answer["headers"], json!({"vary": "accept, origin"}));
    }

    #[tokio::test]
    async fn a_header_that_is_not_utf_8_is_still_written() {
        let mut response = Response::new(Body::empty());
        response.headers_mut().insert("x-odd", HeaderValue::from_bytes(b"\xFF").unwrap());
        assert_eq!(written(response).await["headers"]["x-odd"], "\u{FFFD}");
    }
}
