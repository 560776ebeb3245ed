//! The traffic of a browser, read from its log (the `Network` domain of the `DevTools` protocol).

use serde_json::Value;

/// The requests that left the browser. Answers from its own cache are not among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// Method and path of each, and how many bytes came back, heads included.
    pub(crate) requests: Vec<(String, u64)>,
}

/// One request, by the log's id.
struct Asked {
    id: String,
    request: String,
    bytes: u64,
}

impl Traffic {
    /// Reads the entries of chromedriver's `performance` log.
    pub(crate) fn read(log: &[Value]) -> Self {
        let mut asked: Vec<Asked> = Vec::new();
        for entry in log {
            let entry: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let (event, about) = (entry["message"]["method"].as_str().unwrap(), &entry["message"]["params"]);
            let id = about["requestId"].as_str().unwrap_or_default();
            let from_disk = about["response"]["fromDiskCache"] == true;
            match event {
                "Network.requestWillBeSent" => asked.extend(Asked::of(id, &about["request"])),
                "Network.requestServedFromCache" => asked.retain(|asked| asked.id != id),
                "Network.responseReceived" if from_disk => asked.retain(|asked| asked.id != id),
                "Network.loadingFinished" => {
                    let bytes = about["encodedDataLength"].as_f64().unwrap_or_default();
                    if let Some(ended) = asked.iter_mut().find(|asked| asked.id == id) {
                        ended.bytes = whole(bytes);
                    }
                }
                _ => {}
            }
        }
        Self { requests: asked.into_iter().map(|asked| (asked.request, asked.bytes)).collect() }
    }

    /// Bytes received.
    pub(crate) fn bytes(&self) -> u64 {
        self.requests.iter().map(|(_, bytes)| bytes).sum()
    }
}

impl Asked {
    /// A request over the network; pictures inside a page are none.
    fn of(id: &str, request: &Value) -> Option<Self> {
        let (method, url) = (request["method"].as_str()?, request["url"].as_str()?);
        let path = url.strip_prefix("http")?.splitn(4, '/').nth(3)?;
        Some(Self { id: id.to_owned(), request: format!("{method} /{path}"), bytes: 0 })
    }
}

/// The log writes counts as it writes all numbers.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes")]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}
