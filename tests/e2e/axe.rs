//! axe-core (npm), a checker of pages for people who cannot see, hear or use a mouse. It knows the rules of WCAG and good practice.

use std::sync::LazyLock;

use serde_json::Value;

use crate::browser::Browser;

/// `tests/local/node.py` installs it.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/page_checks/node_modules/axe-core/axe.min.js");

static AXE: LazyLock<String> =
    LazyLock::new(|| std::fs::read_to_string(FILE).expect("tests/local/node.py has installed axe-core"));

/// What each finding is, and where.
const FIND: &str = "return axe.run(document, {resultTypes: ['violations']}).then(({violations, testEngine}) => \
     [testEngine.name, violations.map(({id, nodes}) => id + ': ' + nodes.map(({target, failureSummary}) => \
       target + ' ' + failureSummary).join('; '))])";

/// Asserts that the page in its present state has no violation.
pub(crate) async fn finds_nothing(browser: &Browser, state: &str) {
    browser.run(&AXE).await;
    let [engine, findings] = &browser.run(FIND).await.as_array().cloned().unwrap_or_default()[..] else {
        panic!("{state}: axe-core did not run")
    };
    assert_eq!(*engine, "axe-core");
    assert_eq!(*findings, Value::Array(Vec::new()), "{state}");
}
