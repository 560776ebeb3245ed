//! Wires the tv function and runs it.

use std::sync::Arc;

use saoma_domain::cases::KeepNothing;
use saoma_start::{Deployment, StartError, serve};
use tv::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    serve(tv::router(App {
        logins: deployment.logins(Arc::new(KeepNothing))?,
        clients: deployment.directory.clone(),
        service: deployment.service,
    }))
    .await
}
