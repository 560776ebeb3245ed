//! Wires the oauth function and runs it.

use saoma_http::start::{self, StartError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let environment = start::environment();
    let aws = saoma_aws::connect(|name| environment.get(name))?;
    let secret = saoma_aws::signing_secret(&aws, &environment.required("SIGNING_SECRET_ARN")?).await?;
    let service = start::service(&environment, &secret.current, secret.previous.as_deref())?;
    start::serve(oauth::router(service)).await
}
