//! Wires the devices function and runs it.

use devices::App;
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(devices::router(App {
        phones: deployment.phones(),
        endpoints: deployment.directory.clone(),
        push: deployment.push().await?,
        notices: deployment.notices().await?,
        service: deployment.service,
    }))
    .await
}
