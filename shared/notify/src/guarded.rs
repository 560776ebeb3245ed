//! The client that calls other parties' servers: public addresses only, no redirect, no proxy, a bounded wait.

use std::{error::Error, sync::OnceLock, time::Duration};

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    dns::SharedDnsResolver,
    http::HttpConnector,
    orchestrator::{HttpRequest, HttpResponse},
};
use saoma_domain::ports::StoreError;
use tokio::time::timeout;
use url::Url;

use crate::address::{Names, Reach, Refused, SystemNames};

/// Calls to servers whose addresses others have registered. Every call looks the name up, checks the addresses and connects
/// only to those (see [`crate::address`]). It follows no redirect and uses no proxy.
pub(crate) struct Guarded {
    pub(crate) names: SharedDnsResolver,
    pub(crate) reach: Reach,
    /// Built when first used, because reading the system's roots would slow a start down.
    pub(crate) connector: OnceLock<Connector>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// We do not call this address.
    NotAllowed(String),
    /// The server could not be reached.
    NotReached(String),
    /// The server did not answer in time.
    TooLate,
}

impl Guarded {
    /// Calls to the public Internet, and to the own machine where `loopback_allowed` says so (local runs).
    pub(crate) fn new(loopback_allowed: bool) -> Self {
        let reach = Reach { loopback: loopback_allowed };
        Self { names: SharedDnsResolver::new(SystemNames), reach, connector: OnceLock::new() }
    }

    /// The client keeps no connection open: a function sleeps between calls, and an old connection leads to an
    /// address that was checked long ago.
    fn connector(&self) -> &Connector {
        self.connector.get_or_init(|| {
            Connector::builder()
                .pool_max_idle_per_host(0)
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_with_resolver(Names::new(self.names.clone(), self.reach))
        })
    }

    /// Sends a request to `url`, and reads of the answer what `read` reads, all within `limit`.
    pub(crate) async fn call<F: Future>(
        &self,
        url: &Url,
        request: HttpRequest,
        limit: Duration,
        read: impl FnOnce(HttpResponse) -> F,
    ) -> Result<F::Output, NoAnswer> {
        self.reach.judge(url).map_err(|why| NoAnswer::NotAllowed(why.to_string()))?;
        let call = async {
            let answer = self.connector().call(request).await;
            Ok(read(answer.map_err(|error| not_connected(&error))?).await)
        };
        timeout(limit, call).await.unwrap_or(Err(NoAnswer::TooLate))
    }
}

/// A failed connection, unless we refused the address ourselves.
fn not_connected(error: &(dyn Error + 'static)) -> NoAnswer {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return NoAnswer::NotAllowed(refused.to_string());
        }
        cause = error.source();
    }
    NoAnswer::NotReached(StoreError::at("connecting", error).to_string())
}
