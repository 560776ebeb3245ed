//! Where the served stack is.

use std::time::Duration;

use saoma_app::Environment;

/// How long a step may take by default. The machine may be small and busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// How long a call may take. API Gateway ends one after 30 seconds, and what takes longer here was lost by a local gateway.
pub(crate) const A_CALL: Duration = Duration::from_secs(30);
/// How long to wait between two looks.
const GLANCE: Duration = Duration::from_millis(100);

/// A served stack. Without one a test fails, because it could not have tested anything.
pub(crate) struct Service {
    /// The public address, without a trailing slash.
    pub(crate) url: String,
    /// The AWS emulator's address, without a trailing slash.
    pub(crate) emulator: String,
    environment: Environment,
}

impl Service {
    /// The stack that the environment names.
    pub(crate) fn served() -> Self {
        let environment = Environment::of_process();
        let mut service = Self { url: String::new(), emulator: String::new(), environment };
        service.url = service.address("SAOMA_URL");
        service.emulator = service.address("SAOMA_EMULATOR");
        service
    }

    /// The text of a QR before the code: the scheme in lower case, host and path in upper case.
    pub(crate) fn qr_start(&self) -> String {
        let (scheme, host) = self.url.split_once("://").unwrap();
        format!("{scheme}://{}/Q/", host.to_uppercase())
    }

    /// A variable that must be set.
    pub(crate) fn variable(&self, name: &'static str) -> String {
        let value = self.environment.get(name);
        value.unwrap_or_else(|| {
            panic!("{name} is not set: these tests need a served stack, start them with `make test`")
        })
    }

    /// All variables, as an SDK's configuration reads them.
    pub(crate) fn environment(&self) -> impl Fn(&str) -> Option<String> {
        |name| self.environment.get(name)
    }

    fn address(&self, name: &'static str) -> String {
        self.variable(name).trim_end_matches('/').to_owned()
    }
}

/// Looks repeatedly until there is a value.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let seen = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(GLANCE).await;
        }
    });
    seen.await.unwrap_or_else(|_| panic!("after {PATIENCE:?} still not: {what}"))
}
