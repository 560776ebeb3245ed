//! Wires the oauth function and runs it.

use std::sync::Arc;

use oauth::App;
use saoma_domain::cases::KeepNothing;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let logins = deployment.watched_logins(Arc::new(KeepNothing))?;
    serve(oauth::router(App {
        browsers: deployment.browsers(logins.clone()),
        typed: deployment.typed_codes(logins.clone()),
        asked: deployment.asked_logins(logins.clone()),
        phones: deployment.phones(),
        logins,
        screens: deployment.screens(),
        checks: deployment.checks(),
        once: deployment.directory.clone(),
        key_sets: deployment.key_sets()?,
        accounts: deployment.directory.clone(),
        clients: deployment.clients.clone(),
        service: deployment.service,
    }))
    .await
}
