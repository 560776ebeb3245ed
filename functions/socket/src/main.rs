//! Wires the socket function and runs it.

use saoma_start::{Deployment, StartError, serve_sockets};
use socket::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let app = App {
        // A socket's event does not contain it.
        public_url: deployment.service.public_url(None)?,
        clients: deployment.clients.clone(),
        watchers: deployment.directory.clone(),
        service: deployment.service,
    };
    serve_sockets(async |event| socket::handle(&app, &event).await).await
}
