//! Wires the web function and runs it.

use saoma_start::{Deployment, StartError, serve};
use web::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(web::router(App {
        phones: deployment.phones(),
        sessions: deployment.sessions()?,
        clients: deployment.directory.clone(),
        accounts: deployment.directory.clone(),
        devices: deployment.directory.clone(),
        service: deployment.service,
    }))
    .await
}
