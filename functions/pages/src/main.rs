//! Wires the pages function and runs it.

use std::sync::Arc;

use pages::App;
use saoma_domain::cases::{BindMachine, CountVisit, Each, EndBrowser, MakePair};
use saoma_start::{Deployment, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let directory = &deployment.directory;
    // The phone page confirms the sessions of every contract.
    let on_confirm = Each(vec![
        Arc::new(BindMachine(directory.clone())),
        Arc::new(MakePair(directory.clone())),
        Arc::new(CountVisit(directory.clone())),
        Arc::new(EndBrowser(directory.clone())),
    ]);
    serve(pages::router(App {
        phones: deployment.phones_of_any_issuer()?,
        logins: deployment.watched_logins(Arc::new(on_confirm))?,
        clients: deployment.clients.clone(),
        service: deployment.service,
    }))
    .await
}
