//! Wires the accounts function and runs it.

use accounts::App;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(accounts::router(App {
        phones: deployment.phones(),
        clients: deployment.clients.clone(),
        people: deployment.people().await?,
        notices: deployment.notices().await?,
        service: deployment.service,
    }))
    .await
}
