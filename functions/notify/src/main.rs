//! Wires the notify function and runs it.

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use notify::{App, Record};
use saoma_domain::ports::Push;
use saoma_dynamo::{
    Directory, SessionTable,
    stream::{StreamEvent, StreamRecord},
};
use saoma_http::start::{self, StartError};
use saoma_notify::{HttpWebhooks, Relay, SnsPush, SnsTopic};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let environment = start::environment();
    let aws = saoma_aws::connect(|name| environment.get(name))?;
    let directory = Arc::new(Directory::new(&aws, environment.required("DIRECTORY_TABLE")?));
    let secret_arn = environment.required("SIGNING_SECRET_ARN")?;
    let (secret, ()) = tokio::join!(saoma_aws::signing_secret(&aws, &secret_arn), directory.warm_up());
    let secret = secret?;
    let service = start::service(&environment, &secret.current, secret.previous.as_deref())?;
    let webhooks = Arc::new(HttpWebhooks::new(environment.flag("WEBHOOK_LOOPBACK")?));
    let handed_over = start::message_client(&environment, &service, &*directory).await?;
    let push: Arc<dyn Push> = if let Some(client) = handed_over {
        let (clock, random) = (service.clock.clone(), service.random.clone());
        Arc::new(Relay { webhooks: webhooks.clone(), url: client.url, keys: client.keys, clock, random })
    } else {
        let (apns, fcm) = (environment.get("APNS_PLATFORM_ARN"), environment.get("FCM_PLATFORM_ARN"));
        Arc::new(SnsPush::new(&aws, apns, fcm))
    };
    let app = App {
        service,
        public_url: environment.required("PUBLIC_URL")?,
        sessions: Arc::new(SessionTable::new(&aws, environment.required("SESSIONS_TABLE")?)),
        clients: directory.clone(),
        prompts: directory.clone(),
        sign_ins: directory.clone(),
        endpoints: directory,
        push,
        topic: Arc::new(SnsTopic::new(&aws, environment.required("LOGIN_TOPIC_ARN")?)),
        webhooks,
    };
    let handler = service_fn(async |event: LambdaEvent<StreamEvent>| {
        let records = event.payload.into_records().into_iter();
        let records =
            records.map(|StreamRecord { sequence_number, session }| Record { id: sequence_number, session });
        Ok::<_, std::convert::Infallible>(notify::handle(&app, records.collect()).await)
    });
    lambda_runtime::run(handler).await.map_err(StartError::at_runtime)
}
