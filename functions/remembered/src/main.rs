//! Wires the remembered function and runs it.

use remembered::App;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(remembered::router(App {
        phones: deployment.phones(),
        sessions: deployment.sessions()?,
        traces: deployment.directory.clone(),
        prompts: deployment.directory.clone(),
        clients: deployment.directory.clone(),
        devices: deployment.directory.clone(),
        service: deployment.service,
    }))
    .await
}
