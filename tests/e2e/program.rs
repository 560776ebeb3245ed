//! A program that another process runs and that a test talks to: one JSON object a line.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::service::{PATIENCE, Service};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A program of `tests/relying_parties`, which runs.
pub(crate) struct Program {
    says: Lines<BufReader<ChildStdout>>,
    hears: ChildStdin,
    child: Child,
}

impl Program {
    /// `openid-client`.
    pub(crate) fn by_node(service: &Service, options: &Value) -> Self {
        Self::run(Command::new(service.variable("SAOMA_NODE")).arg("openid_client.mjs"), options)
    }

    /// A program in Python.
    pub(crate) fn by_python(script: &str, options: &Value) -> Self {
        Self::run(Command::new(format!("{ROOT}/.venv/bin/python")).arg(script), options)
    }

    fn run(command: &mut Command, options: &Value) -> Self {
        let words = command.arg(options.to_string()).current_dir(format!("{ROOT}/tests/relying_parties"));
        let mut child =
            words.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { says, hears: child.stdin.take().unwrap(), child }
    }

    /// The value that it prints under this name.
    pub(crate) async fn tells(&mut self, name: &str) -> Value {
        let line = timeout(PATIENCE, self.says.next_line()).await.expect("a line in time").unwrap();
        let Some(line) = line else {
            panic!("no {name}: the program ended with {:?}", self.child.wait().await)
        };
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        told.get(name).unwrap_or_else(|| panic!("no {name} in {line}")).clone()
    }

    /// The text that it prints under this name.
    pub(crate) async fn names(&mut self, name: &str) -> String {
        self.tells(name).await.as_str().unwrap().to_owned()
    }

    /// Sends it a line.
    pub(crate) async fn reads(&mut self, line: &str) {
        self.hears.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
}
