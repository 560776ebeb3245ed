//! Wires the deliver function and runs it.

use std::sync::Arc;

use deliver::{App, Circuits};
use saoma_start::{Deployment, StartError, serve_queue};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let app = App {
        public_url: deployment.environment.required("PUBLIC_URL")?,
        clients: deployment.directory.clone(),
        sessions: deployment.sessions()?,
        webhooks: deployment.webhooks()?,
        queue: deployment.call_queue()?,
        servers: deployment.directory.clone(),
        circuits: Arc::new(Circuits::default()),
        service: deployment.service,
    };
    serve_queue(async |calls| deliver::handle(&app, calls).await).await
}
