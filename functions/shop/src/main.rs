//! Wires the shop function and runs it.

use std::sync::Arc;

use saoma_domain::cases::CountVisit;
use saoma_start::{Deployment, StartError, serve};
use shop::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let on_confirm = CountVisit(deployment.directory.clone());
    serve(shop::router(App {
        phones: deployment.phones_of_any_issuer()?,
        logins: deployment.logins(Arc::new(on_confirm))?,
        clients: deployment.clients.clone(),
        visits: deployment.directory.clone(),
        pictures: deployment.pictures()?,
        service: deployment.service,
    }))
    .await
}
