//! Wires the oauth function and runs it.

use saoma_start::{Process, StartError, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    serve(oauth::router(Process::begin()?.service().await?)).await
}
