//! Wires the remembered function and runs it.

use std::sync::Arc;

use remembered::App;
use saoma_dynamo::{Directory, SessionTable};
use saoma_http::start::{self, StartError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let environment = start::environment();
    let aws = saoma_aws::connect(|name| environment.get(name))?;
    let directory = Arc::new(Directory::new(&aws, environment.required("DIRECTORY_TABLE")?));
    let secret_arn = environment.required("SIGNING_SECRET_ARN")?;
    let (secret, ()) = tokio::join!(saoma_aws::signing_secret(&aws, &secret_arn), directory.warm_up());
    let secret = secret?;
    start::serve(remembered::router(App {
        service: start::service(&environment, &secret.current, secret.previous.as_deref())?,
        sessions: Arc::new(SessionTable::new(&aws, environment.required("SESSIONS_TABLE")?)),
        traces: directory.clone(),
        prompts: directory.clone(),
        clients: directory.clone(),
        accounts: directory.clone(),
        sign_ins: directory.clone(),
        devices: directory,
    }))
    .await
}
