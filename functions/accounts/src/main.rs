//! Wires the accounts function and runs it.

use std::sync::Arc;

use accounts::App;
use saoma_dynamo::Directory;
use saoma_http::start::{self, StartError};
use saoma_notify::SnsSms;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let environment = start::environment();
    let aws = saoma_aws::connect(|name| environment.get(name))?;
    let directory = Arc::new(Directory::new(&aws, environment.required("DIRECTORY_TABLE")?));
    let secret_arn = environment.required("SIGNING_SECRET_ARN")?;
    let (secret, ()) = tokio::join!(saoma_aws::signing_secret(&aws, &secret_arn), directory.warm_up());
    let secret = secret?;
    start::serve(accounts::router(App {
        service: start::service(&environment, &secret.current, secret.previous.as_deref())?,
        accounts: directory.clone(),
        sign_ins: directory.clone(),
        challenges: directory,
        sms: Arc::new(SnsSms::new(&aws)),
    }))
    .await
}
