//! Wires the devices function and runs it.

use std::sync::Arc;

use devices::App;
use saoma_domain::ports::Push;
use saoma_dynamo::Directory;
use saoma_http::start::{self, StartError};
use saoma_notify::{HttpWebhooks, Relay, SnsPush};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let environment = start::environment();
    let aws = saoma_aws::connect(|name| environment.get(name))?;
    let directory = Arc::new(Directory::new(&aws, environment.required("DIRECTORY_TABLE")?));
    let secret_arn = environment.required("SIGNING_SECRET_ARN")?;
    let (secret, ()) = tokio::join!(saoma_aws::signing_secret(&aws, &secret_arn), directory.warm_up());
    let secret = secret?;
    let service = start::service(&environment, &secret.current, secret.previous.as_deref())?;
    let handed_over = start::message_client(&environment, &service, &*directory).await?;
    let push: Arc<dyn Push> = if let Some(client) = handed_over {
        let webhooks = Arc::new(HttpWebhooks::new(environment.flag("WEBHOOK_LOOPBACK")?));
        let (clock, random) = (service.clock.clone(), service.random.clone());
        Arc::new(Relay { webhooks, url: client.url, keys: client.keys, clock, random })
    } else {
        let (apns, fcm) = (environment.get("APNS_PLATFORM_ARN"), environment.get("FCM_PLATFORM_ARN"));
        Arc::new(SnsPush::new(&aws, apns, fcm))
    };
    start::serve(devices::router(App {
        service,
        accounts: directory.clone(),
        sign_ins: directory.clone(),
        endpoints: directory,
        push,
    }))
    .await
}
