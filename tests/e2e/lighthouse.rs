//! Lighthouse (npm), which rates pages: how soon a person sees them, who can use them, and what is good practice.

use serde_json::Value;
use tokio::process::Command;

use crate::service::Service;

/// `tests/local/node.py` installs it.
const LIGHTHOUSE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/page_checks/node_modules/lighthouse/cli/index.js");
/// Debian's. Without it Lighthouse looks for a browser of another name.
const CHROMIUM: &str = "/usr/bin/chromium";
const CATEGORIES: [&str; 3] = ["performance", "accessibility", "best-practices"];

#[tokio::test]
async fn the_sign_in_page_gets_full_marks() {
    let service = Service::served();
    let output = Command::new(service.variable("SAOMA_NODE"))
        .args([LIGHTHOUSE, &format!("{}/", service.url)])
        .arg(format!("--only-categories={}", CATEGORIES.join(",")))
        .args(["--chrome-flags=--headless=new --no-sandbox --disable-gpu", "--output=json", "--quiet"])
        .env("CHROME_PATH", CHROMIUM)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    for category in CATEGORIES {
        let mark = &report["categories"][category]["score"];
        assert_eq!(mark.as_f64(), Some(1.0), "{category}: {}", short(&report["audits"]));
    }
}

/// What was not right, in short.
fn short(audits: &Value) -> String {
    let audits = audits.as_object().unwrap().iter();
    let wrong = audits.filter(|(_, audit)| audit["score"].as_f64().is_some_and(|score| score < 0.9));
    wrong
        .map(|(id, audit)| format!("{id} {} {}", audit["score"], audit["displayValue"]))
        .collect::<Vec<_>>()
        .join("; ")
}
