//! A file that is compiled in, and the answers to requests for it.

use std::{borrow::Cow, io::Read};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::read::GzDecoder;
use saoma_http::Problem;

/// A file in the forms that `build.rs` made of it.
pub(crate) struct File {
    /// Its name with the hash of its content: `app-0123456789abcdef.css`.
    pub(crate) name: &'static str,
    /// The same hash as an entity tag, weak: the three forms share it.
    pub(crate) etag: &'static str,
    /// `None` for a large file, which is unpacked for the rare request that takes no compression.
    pub(crate) plain: Option<&'static [u8]>,
    pub(crate) br: &'static [u8],
    pub(crate) gz: &'static [u8],
}

impl File {
    /// The whole file, in the smallest form that the request takes.
    pub(crate) fn answer(&self, request: &HeaderMap, kind: &'static str, cache: &'static str) -> Response {
        let (coding, body) = if accepts(request, "br") {
            (Some("br"), Cow::Borrowed(self.br))
        } else if accepts(request, "gzip") {
            (Some("gzip"), Cow::Borrowed(self.gz))
        } else {
            match self.unpacked() {
                Ok(plain) => (None, plain),
                Err(problem) => return problem.into_response(),
            }
        };
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    }

    /// The file without compression.
    pub(crate) fn unpacked(&self) -> Result<Cow<'static, [u8]>, Problem> {
        if let Some(plain) = self.plain {
            return Ok(Cow::Borrowed(plain));
        }
        let mut plain = Vec::new();
        let read = GzDecoder::new(self.gz).read_to_end(&mut plain);
        read.map_err(|error| Problem::internal(format!("a file of ours does not unpack: {error}")))?;
        Ok(Cow::Owned(plain))
    }

    /// The same, or 304 without a body when the browser still has it (RFC 9110 section 13.1.2).
    pub(crate) fn answer_unless_known(
        &self,
        request: &HeaderMap,
        kind: &'static str,
        cache: &'static str,
    ) -> Response {
        let mut response = if self.is_known(request) {
            let headers = [(header::CACHE_CONTROL, cache), (header::VARY, "accept-encoding")];
            (StatusCode::NOT_MODIFIED, headers).into_response()
        } else {
            self.answer(request, kind, cache)
        };
        response.headers_mut().insert(header::ETAG, HeaderValue::from_static(self.etag));
        response
    }

    fn is_known(&self, request: &HeaderMap) -> bool {
        let strong = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        let known = strong(self.etag);
        values(request, header::IF_NONE_MATCH).any(|tag| tag == "*" || strong(tag) == known)
    }
}

/// Whether `Accept-Encoding` names a coding, and not with `q=0` (RFC 9110 section 12.5.3).
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    values(request, header::ACCEPT_ENCODING).any(|value| {
        let mut parts = value.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = parts.any(|weight| {
            let zero = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="));
            zero.and_then(|weight| weight.parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
        });
        named && !refused
    })
}

/// The members of a header that is a list.
fn values(request: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lines = request.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: File = File { name: "x-1.js", etag: "W/\"1\"", plain: Some(b"plain"), br: b"br", gz: b"gz" };

    fn asked(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn coding(accepted: &'static str) -> Option<String> {
        let answer = FILE.answer(&asked(header::ACCEPT_ENCODING, accepted), "text/plain", "no-store");
        assert_eq!(answer.headers()[header::VARY], "accept-encoding");
        Some(answer.headers().get(header::CONTENT_ENCODING)?.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_smallest_form_that_is_taken_is_sent() {
        for accepted in ["gzip, deflate, br, zstd", "br", "BR;q=0.5", "gzip;q=1.0, br ; q=0.001"] {
            assert_eq!(coding(accepted).as_deref(), Some("br"), "{accepted}");
        }
        for accepted in ["gzip, deflate", "br;q=0, gzip", "br; q=0.000, gzip;q=0.1"] {
            assert_eq!(coding(accepted).as_deref(), Some("gzip"), "{accepted}");
        }
        for accepted in ["", "identity", "deflate", "brotli", "br;q=0", "gzip;q=0,br;Q=0"] {
            assert_eq!(coding(accepted), None, "{accepted}");
        }
    }

    #[test]
    fn a_browser_that_has_the_file_is_sent_no_body() {
        let status = |known| {
            let request = asked(header::IF_NONE_MATCH, known);
            let answer = FILE.answer_unless_known(&request, "text/plain", "no-cache");
            assert_eq!(answer.headers()[header::ETAG], "W/\"1\"");
            answer.status()
        };
        for known in ["W/\"1\"", "\"1\"", "\"0\", W/\"1\"", "*"] {
            assert_eq!(status(known), StatusCode::NOT_MODIFIED, "{known}");
        }
        for known in ["W/\"2\"", "1", ""] {
            assert_eq!(status(known), StatusCode::OK, "{known}");
        }
    }
}
