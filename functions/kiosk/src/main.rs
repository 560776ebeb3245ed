//! Wires the kiosk function and runs it.

use std::sync::Arc;

use kiosk::{App, time_zone::read_time_zone};
use saoma_domain::cases::BindMachine;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let on_confirm = BindMachine(deployment.directory.clone());
    serve(kiosk::router(App {
        phones: deployment.phones_of_any_issuer()?,
        logins: deployment.watched_logins(Arc::new(on_confirm))?,
        clients: deployment.clients.clone(),
        pictures: deployment.pictures()?,
        time_zone: read_time_zone(&deployment.environment)?,
        service: deployment.service,
    }))
    .await
}
