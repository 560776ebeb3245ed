//! Wires the pages function and runs it.

use pages::App;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(pages::router(App {
        phones: deployment.phones(),
        sessions: deployment.sessions()?,
        clients: deployment.directory.clone(),
        accounts: deployment.directory.clone(),
        devices: deployment.directory.clone(),
        service: deployment.service,
    }))
    .await
}
