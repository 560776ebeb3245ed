//! An operator at the command line: the tools that `make client` and its siblings run.

use std::process::Stdio;

use tokio::process::Command;

use crate::service::Service;

/// What a tool printed.
pub(crate) struct Printed(String);

impl Printed {
    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> String {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in:\n{}", self.0)).trim().to_owned()
    }

    /// The secret of a client, which is printed once.
    pub(crate) fn secret(&self) -> String {
        self.field("secret")
    }
}

/// Runs `make client` with these words, against the served stack.
pub(crate) async fn make_client(service: &Service, words: &[String]) -> Printed {
    run_tool(service, "client.py", words).await
}

/// Runs the tool of this name with these words, against the served stack.
pub(crate) async fn run_tool(service: &Service, name: &str, words: &[String]) -> Printed {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let port = service.emulator.rsplit(':').next().unwrap();
    let tool = Command::new(format!("{root}/.venv/bin/python"))
        .arg(format!("{root}/functions/admin/cli/{name}"))
        .args(words)
        .env("EMULATOR_PORT", port)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output();
    let ended = tool.await.unwrap();
    let (out, errors) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}{errors}");
    Printed(out)
}
