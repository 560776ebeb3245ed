//! Wires the admin function and runs it.

use admin::App;
use saoma_start::{Deployment, StartError, serve_commands};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let app = App {
        clients: deployment.client_keeper(),
        calls: deployment.calls()?,
        failed_calls: deployment.failed_calls()?,
        challenges: deployment.directory.clone(),
        switches: deployment.directory.clone(),
        keys: deployment.key_keeper()?,
        rsa_keys: deployment.rsa_keeper(),
        accounts: deployment.account_keeper(),
        mine: deployment.mine(),
        known_clients: deployment.clients.clone(),
        service: deployment.service,
    };
    serve_commands(async |event| admin::handle(&app, &event).await).await
}
