//! Wires the shop function and runs it.

use saoma_start::{Deployment, StartError, serve};
use shop::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(shop::router(App {
        phones: deployment.phones(),
        sessions: deployment.sessions()?,
        clients: deployment.directory.clone(),
        accounts: deployment.directory.clone(),
        devices: deployment.directory.clone(),
        pictures: deployment.pictures()?,
        service: deployment.service,
    }))
    .await
}
