//! Wires the notify function and runs it.

use std::sync::Arc;

use notify::{App, Record};
use saoma_domain::cases::KeepNothing;
use saoma_start::{Deployment, StartError, serve_stream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let deployment = Deployment::reach().await?;
    let app = App {
        public_url: deployment.environment.required("PUBLIC_URL")?,
        logins: deployment.logins(Arc::new(KeepNothing))?,
        clients: deployment.clients.clone(),
        prompts: deployment.directory.clone(),
        checks: deployment.checks(),
        endpoints: deployment.directory.clone(),
        push: deployment.push().await?,
        topic: deployment.topic()?,
        calls: deployment.calls()?,
        effects: deployment.directory.clone(),
        service: deployment.service,
    };
    serve_stream(async |records| {
        let records = records.into_iter().map(|(id, session)| Record { id, session });
        notify::handle(&app, records.collect()).await
    })
    .await
}
