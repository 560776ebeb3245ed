//! Wires the remembered function and runs it.

use std::sync::Arc;

use remembered::App;
use saoma_domain::cases::MakePair;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let on_confirm = MakePair(deployment.directory.clone());
    serve(remembered::router(App {
        phones: deployment.phones(),
        logins: deployment.remembered_logins(Arc::new(on_confirm))?,
        clients: deployment.clients.clone(),
        service: deployment.service,
    }))
    .await
}
