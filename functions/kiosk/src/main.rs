//! Wires the kiosk function and runs it.

use kiosk::App;
use saoma_http::config::read_time_zone;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(kiosk::router(App {
        phones: deployment.phones(),
        sessions: deployment.sessions()?,
        clients: deployment.directory.clone(),
        accounts: deployment.directory.clone(),
        devices: deployment.directory.clone(),
        pictures: deployment.pictures()?,
        time_zone: read_time_zone(&deployment.environment)?,
        service: deployment.service,
    }))
    .await
}
