//! The widget's script, under both of its addresses, and its types.

use acceptance::{Answer, Call, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha384};

const DOCS: &str = include_str!("../../../docs/widget.md");
/// The most bytes that a page of a site loads for the widget.
const MOST_BYTES: usize = 8 * 1024;

async fn got(path: &str) -> Answer {
    World::default().call(Call::get(path)).await
}

fn hash(script: &[u8]) -> String {
    let digest = sha2::Sha256::digest(script);
    digest.iter().take(8).fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"))
}

#[tokio::test]
async fn the_widget_is_at_most_8_kilobytes() {
    let answer = World::default().call(Call::get("/widget.js").header("accept-encoding", "br")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, "br"));
    assert!(answer.body.len() <= MOST_BYTES, "{} bytes", answer.body.len());
}

// W3: a module, and a script whose content is pinned, is fetched by CORS.
#[tokio::test]
async fn pages_of_every_site_may_load_the_widget_and_its_types() {
    for (path, kind) in [("/widget.js", "text/javascript"), ("/widget.d.ts", "text/plain")] {
        let answer = got(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), format!("{kind}; charset=utf-8"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("cache-control"), "public, max-age=300", "{path}");
        let known = Call::get(path).header("if-none-match", answer.header("etag"));
        let known = World::default().call(known).await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0), "{path}");
        assert_eq!(known.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn a_version_is_kept_for_ever_and_another_one_is_not_kept() {
    let newest = got("/widget.js").await.body;
    let version = hash(&newest);
    let this = got(&format!("/widget/{version}/widget.js")).await;
    assert_eq!((this.status.as_u16(), &this.body), (200, &newest));
    assert_eq!(this.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(this.header("access-control-allow-origin"), "*");
    let other = got("/widget/0123456789abcdef/widget.js").await;
    assert_eq!((other.status.as_u16(), &other.body), (200, &newest));
    assert_eq!(other.header("cache-control"), "no-store");
    for odd in ["", "1", "0123456789ABCDEF", "0123456789abcdef0", "..%2f..%2f..%2fetc%2fp"] {
        let answer = got(&format!("/widget/{odd}/widget.js")).await;
        assert_eq!(answer.status, 404, "{odd}");
    }
}

/// The docs name the version and the hash of this very script. When the widget has changed, they are to be changed as this
/// test says.
#[tokio::test]
async fn the_docs_pin_this_script() {
    let script = got("/widget.js").await.body;
    let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(&script)));
    let address = format!("/widget/{}/widget.js", hash(&script));
    for (what, text) in [("integrity", &integrity), ("address", &address)] {
        let count = DOCS.matches(text.as_str()).count();
        assert_eq!(count, 2, "docs/widget.md: the {what} is {text}");
    }
}

// W5 W10: nothing of the widget is parsed as markup, and nothing needs a looser policy than the documented one.
#[tokio::test]
async fn the_widget_needs_no_looser_policy() {
    let script = String::from_utf8(got("/widget.js").await.body).unwrap();
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "DOMParser",
        "document.write",
        "eval(",
        "new Function",
        "document.cookie",
        "localStorage",
    ] {
        // `kept.js` names the other storage by a parameter, which the widget never gives.
        assert!(
            !script.contains(&format!("{sink}."))
                && !script.contains(&format!("{sink}("))
                && !script.contains(&format!("{sink}=")),
            "{sink}"
        );
    }
    assert!(
        script.starts_with(|first: char| first.is_ascii()) && !script.contains("/assets/"),
        "a file that only our pages have"
    );
    // Nothing that stands in the rules asks for another file.
    assert!(!script.contains("url(") && !script.contains("@import"));
}
