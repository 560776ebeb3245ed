//! Wires the people function and runs it.

use people::App;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(people::router(App {
        phones: deployment.phones(),
        clients: deployment.clients.clone(),
        checks: deployment.checks(),
        people: deployment.people().await?,
        mine: deployment.mine(),
        service: deployment.service,
    }))
    .await
}
