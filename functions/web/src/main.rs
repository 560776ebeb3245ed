//! Wires the web function and runs it.

use std::sync::Arc;

use saoma_domain::cases::KeepNothing;
use saoma_start::{Deployment, StartError, serve};
use web::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(web::router(App {
        phones: deployment.phones_of_any_issuer()?,
        logins: deployment.watched_logins(Arc::new(KeepNothing))?,
        clients: deployment.clients.clone(),
        service: deployment.service,
    }))
    .await
}
