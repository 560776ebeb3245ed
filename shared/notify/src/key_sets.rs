//! Key sets that others publish, fetched over HTTPS.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::byte_stream::ByteStream;
use saoma_domain::{
    issuer::KeySetUrl,
    ports::{PublishedKeySets, StoreError},
};

use crate::guarded::{Guarded, NoAnswer};

/// The longest answer that is read, in bytes. A set of a few keys has one or two thousand.
const LONGEST: usize = 16 * 1024;

/// Key sets over HTTPS, through the same guarded client as webhooks.
pub struct HttpKeySets(Guarded);

impl HttpKeySets {
    /// Key sets on the public Internet, and on the own machine where `loopback_allowed` says so (local runs).
    #[must_use]
    pub fn new(loopback_allowed: bool) -> Self {
        Self(Guarded::new(loopback_allowed))
    }
}

#[async_trait]
impl PublishedKeySets for HttpKeySets {
    async fn fetch(&self, address: &KeySetUrl, limit: Duration) -> Result<String, StoreError> {
        let request = request(address).map_err(|error| StoreError::new(error.to_string()))?;
        let fetched = self.0.call(address.url(), request, limit, text).await;
        fetched.map_err(failed)?.map_err(StoreError::new)
    }
}

fn request(address: &KeySetUrl) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
    let mut request = HttpRequest::empty();
    request.set_uri(address.url().as_str())?;
    let headers = request.headers_mut();
    headers.try_insert("accept", "application/jwk-set+json, application/json")?;
    headers.try_insert("user-agent", "saoma")?;
    Ok(request)
}

/// The text of a good answer, read piece by piece, so that a server that sends without end costs no more than the limit.
async fn text(answer: HttpResponse) -> Result<String, String> {
    if answer.status().as_u16() != 200 {
        return Err(format!("the server answered {}", answer.status()));
    }
    let (mut body, mut text) = (ByteStream::new(answer.into_body()), Vec::new());
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| error.to_string())?;
        if text.len() + piece.len() > LONGEST {
            return Err(format!("the answer has more than {LONGEST} bytes"));
        }
        text.extend_from_slice(&piece);
    }
    String::from_utf8(text).map_err(|error| error.to_string())
}

fn failed(why: NoAnswer) -> StoreError {
    StoreError::new(match why {
        NoAnswer::NotAllowed(why) | NoAnswer::NotReached(why) => why,
        NoAnswer::TooLate => "the server did not answer in time".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// A server that answers each connection with this text.
    fn serving(answer: String) -> KeySetUrl {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        KeySetUrl::parse(&format!("http://127.0.0.1:{port}/keys")).unwrap()
    }

    async fn fetched(status: &str, body: &str) -> Result<String, String> {
        let length = body.len();
        let address = serving(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}"));
        let fetched = HttpKeySets::new(true).fetch(&address, Duration::from_secs(5)).await;
        fetched.map_err(|error| error.to_string())
    }

    // H9
    #[tokio::test]
    async fn a_key_set_is_read_from_a_good_answer_of_an_address_in_reach() {
        assert_eq!(fetched("200 OK", "{\"keys\":[]}").await.as_deref(), Ok("{\"keys\":[]}"));
        assert!(fetched("404 Not Found", "").await.unwrap_err().contains("404"));
        let moved = fetched("302 Found\r\nlocation: https://id.example/keys", "").await;
        assert!(moved.unwrap_err().contains("302"), "no redirect is followed");
        assert!(fetched("200 OK", &" ".repeat(LONGEST + 1)).await.unwrap_err().contains("more than"));
        let own = serving("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned());
        assert!(HttpKeySets::new(false).fetch(&own, Duration::from_secs(5)).await.is_err());
        for private in ["https://10.0.0.1/keys", "https://169.254.169.254/keys", "https://[::1]/keys"] {
            let address = KeySetUrl::parse(private).unwrap();
            let refused = HttpKeySets::new(true).fetch(&address, Duration::from_millis(50)).await;
            assert!(refused.is_err(), "{private}");
        }
    }

    // N9
    #[tokio::test]
    async fn a_server_that_hangs_costs_a_bounded_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://127.0.0.1:{}/keys", listener.local_addr().unwrap().port());
        let limit = Duration::from_millis(200);
        let address = KeySetUrl::parse(&address).unwrap();
        let key_sets = HttpKeySets::new(true);
        let fetched = tokio::time::timeout(Duration::from_secs(2), key_sets.fetch(&address, limit)).await;
        assert!(fetched.unwrap().is_err());
    }
}
