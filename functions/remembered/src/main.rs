//! Wires the remembered function and runs it.

use std::sync::Arc;

use remembered::App;
use saoma_domain::cases::{Each, EndBrowser, MakePair};
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let directory = &deployment.directory;
    // Its prompts are also the questions of the OpenID provider.
    let on_confirm =
        Each(vec![Arc::new(MakePair(directory.clone())), Arc::new(EndBrowser(directory.clone()))]);
    serve(remembered::router(App {
        phones: deployment.phones(),
        logins: deployment.remembered_logins(Arc::new(on_confirm))?,
        clients: deployment.clients.clone(),
        service: deployment.service,
    }))
    .await
}
