//! The chromedriver process, and a browser's files on disk. Dropping them ends the one and deletes the other.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::phone::fresh_number;

/// A running chromedriver.
pub(crate) struct Driver {
    process: Child,
    /// Its output, kept open because chromedriver ends when it cannot write.
    words: BufReader<ChildStdout>,
    port: u16,
}

/// A folder for a browser's profile.
pub(crate) struct Profile(PathBuf);

impl Driver {
    /// Starts one on a free port.
    pub(crate) fn start() -> Self {
        // The port it chooses may be taken in the same moment.
        let mut tries = (0..5).filter_map(|_| Self::try_to_start());
        tries.next().expect("chromedriver starts")
    }

    /// Where it listens on this machine.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn try_to_start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver (Debian's chromium-driver) is needed");
        let words = BufReader::new(process.stdout.take().unwrap());
        let mut driver = Self { process, words, port: 0 };
        let mut lines = driver.words.by_ref().lines().map_while(Result::ok);
        let started = lines.find(|line| line.contains("started successfully"))?;
        driver.port = started.trim_end_matches('.').rsplit(' ').next()?.parse().ok()?;
        Some(driver)
    }
}

impl Drop for Driver {
    /// Ends the whole process group, so the driver's own processes end too, also after a panic.
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.process.wait();
    }
}

impl Profile {
    /// A folder that does not exist yet.
    pub(crate) fn new() -> Self {
        let name = format!("browser-{}", fresh_number().trim_start_matches('+'));
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
