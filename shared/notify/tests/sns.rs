//! The SNS adapters over the real API: `make test` starts an emulator and names it in
//! `SAOMA_EMULATOR`. Answers that the emulator cannot give come from a server of our own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
};

use aws_sdk_sns::Client;
use aws_types::SdkConfig;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{Push, Pushed, Sms, SmsError, Topic, TopicMessage},
    push::{PushKind, PushMessage, PushPlatform, PushToken},
};
use saoma_notify::{SnsPush, SnsSms, SnsTopic};
use url::form_urlencoded;

/// A request to SNS: a form.
type Form = HashMap<String, String>;

#[expect(clippy::disallowed_methods, reason = "where the emulator is comes from `make test`")]
fn emulator() -> String {
    let name = "SAOMA_EMULATOR";
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this through `make test`"))
}

fn config(endpoint: &str) -> SdkConfig {
    saoma_aws::connect(|name| match name {
        "AWS_ENDPOINT_URL" => Some(endpoint.to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    })
    .unwrap()
}

/// A platform application for Apple phones.
async fn application(client: &Client, name: &str) -> String {
    let created = client.create_platform_application().name(name).platform("APNS");
    let created = created.attributes("PlatformCredential", "test").attributes("PlatformPrincipal", "test");
    created.send().await.unwrap().platform_application_arn.unwrap()
}

async fn attribute(client: &Client, endpoint: &str, name: &str) -> String {
    let got = client.get_endpoint_attributes().endpoint_arn(endpoint).send().await.unwrap();
    got.attributes.unwrap().remove(name).unwrap()
}

fn prompt() -> PushMessage {
    PushMessage { kind: PushKind::Prompt, id: "0123456789abcdef0123456789abcdef".to_owned() }
}

#[tokio::test]
async fn a_token_has_one_address_and_registering_it_again_revives_it() {
    let config = config(&emulator());
    let client = Client::new(&config);
    let push = SnsPush::new(&config, Some(application(&client, "revived").await), None);
    assert!(push.serves(PushPlatform::Apns) && !push.serves(PushPlatform::Fcm));
    let token = PushToken::parse("a-phone-that-comes-back").unwrap();
    let address = push.address(PushPlatform::Apns, &token).await.unwrap();
    let disabled = client.set_endpoint_attributes().endpoint_arn(&address).attributes("Enabled", "false");
    disabled.send().await.unwrap();
    assert_eq!(push.address(PushPlatform::Apns, &token).await.unwrap(), address);
    assert_eq!(attribute(&client, &address, "Enabled").await, "true");
    assert_eq!(attribute(&client, &address, "Token").await, "a-phone-that-comes-back");
    assert!(push.address(PushPlatform::Fcm, &token).await.is_err());
}

#[tokio::test]
async fn a_token_that_another_system_registered_has_its_address() {
    let config = config(&emulator());
    let client = Client::new(&config);
    let application = application(&client, "shared").await;
    let theirs = client.create_platform_endpoint().platform_application_arn(&application);
    let theirs = theirs.token("a-phone-of-two-systems").custom_user_data("theirs").send().await.unwrap();
    let theirs = theirs.endpoint_arn.unwrap();
    let disabled = client.set_endpoint_attributes().endpoint_arn(&theirs).attributes("Enabled", "false");
    disabled.send().await.unwrap();
    let push = SnsPush::new(&config, Some(application), None);
    let token = PushToken::parse("a-phone-of-two-systems").unwrap();
    assert_eq!(push.address(PushPlatform::Apns, &token).await.unwrap(), theirs);
    assert_eq!(attribute(&client, &theirs, "Enabled").await, "true");
    assert_eq!(attribute(&client, &theirs, "CustomUserData").await, "theirs", "what is theirs stays");
}

#[tokio::test]
async fn a_token_that_sns_refuses_has_no_address() {
    let application = "arn:aws:sns:us-east-1:000000000000:app/APNS/one".to_owned();
    let token = PushToken::parse("a-phone-of-an-odd-answer").unwrap();
    for message in [
        "Invalid parameter: Token Reason: iOS device tokens must be 64 hexadecimal characters",
        "Invalid parameter: Token Reason: Endpoint of odd already exists with the same Token, but different attributes.",
    ] {
        let push = SnsPush::new(&refusing("InvalidParameter", message), Some(application.clone()), None);
        assert!(push.address(PushPlatform::Apns, &token).await.is_err(), "{message}");
    }
}

#[tokio::test]
async fn a_forgotten_phone_is_dead() {
    let config = config(&emulator());
    let push = SnsPush::new(&config, Some(application(&Client::new(&config), "forgotten").await), None);
    let token = PushToken::parse("a-phone-that-goes").unwrap();
    let address = push.address(PushPlatform::Apns, &token).await.unwrap();
    assert_eq!(push.push(PushPlatform::Apns, &address, &prompt()).await.unwrap(), Pushed::Accepted);
    push.forget(&address).await.unwrap();
    assert_eq!(push.push(PushPlatform::Apns, &address, &prompt()).await.unwrap(), Pushed::Dead);
    push.forget(&address).await.unwrap();
}

/// A server in place of SNS, with one answer to everything. The requests arrive at the returned receiver.
fn answering(status: &'static str, body: String) -> (SdkConfig, Receiver<Form>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, asks) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = asked.send(read_form(&mut stream));
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nconnection: close");
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    (config(&format!("http://127.0.0.1:{port}")), asks)
}

fn read_form(stream: &mut TcpStream) -> Form {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    form_urlencoded::parse(&body).into_owned().collect()
}

/// The attributes of a published message, in order of their names.
fn attributes(form: &Form) -> Vec<[&str; 3]> {
    let mut attributes: Vec<_> = (1..)
        .map(|n| format!("MessageAttributes.entry.{n}"))
        .map_while(|entry| {
            let field = |name: &str| form.get(&format!("{entry}.{name}")).map(String::as_str);
            Some([field("Name")?, field("Value.DataType")?, field("Value.StringValue")?])
        })
        .collect();
    attributes.sort_unstable();
    attributes
}

const PUBLISHED: &str =
    "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";

fn published() -> (SdkConfig, Receiver<Form>) {
    answering("200 OK", PUBLISHED.to_owned())
}

fn refusing(code: &str, message: &str) -> SdkConfig {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    let body = format!("<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>");
    answering("400 Bad Request", body).0
}

#[tokio::test]
async fn only_a_phone_that_is_gone_is_dead() {
    let endpoint = "arn:aws:sns:us-east-1:000000000000:endpoint/APNS/app/one";
    let pushed = async |code: &str, message: &str| {
        let push = SnsPush::new(&refusing(code, message), None, None);
        push.push(PushPlatform::Apns, endpoint, &prompt()).await.ok()
    };
    let gone = "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified";
    assert_eq!(pushed("EndpointDisabled", "Endpoint is disabled").await, Some(Pushed::Dead));
    assert_eq!(pushed("NotFound", "Endpoint does not exist").await, Some(Pushed::Dead));
    assert_eq!(pushed("InvalidParameter", gone).await, Some(Pushed::Dead));
    assert_eq!(pushed("InvalidParameter", "Invalid parameter: Message too long").await, None);
    assert_eq!(pushed("PlatformApplicationDisabled", "Platform application is disabled").await, None);
    assert_eq!(pushed("AuthorizationError", "not authorized to perform: SNS:Publish").await, None);
}

// K12
#[tokio::test]
async fn a_text_message_is_tried_once() {
    let number = PhoneNumber::parse("+8613800138000").unwrap();
    let sms = SnsSms::new(&refusing("Throttled", "Rate exceeded"));
    assert!(matches!(sms.send(&number, "a code").await, Err(SmsError::Refused(_))));

    let (config, asks) = answering("503 Service Unavailable", String::new());
    let sent = SnsSms::new(&config).send(&number, "a code").await;
    assert!(matches!(sent, Err(SmsError::Unanswered(_))), "SNS may have taken it");
    assert_eq!(asks.try_iter().count(), 1);
}

#[tokio::test]
async fn an_address_of_another_service_is_not_asked_about() {
    let push = SnsPush::new(&refusing("AuthorizationError", "asked"), None, None);
    assert_eq!(push.push(PushPlatform::Fcm, "a-bare-token", &prompt()).await.unwrap(), Pushed::Dead);
    push.forget("a-bare-token").await.unwrap();
    assert!(push.forget("arn:aws:sns:us-east-1:000000000000:endpoint/GCM/app/one").await.is_err());
}

// H7
#[tokio::test]
async fn a_push_goes_to_one_phone_and_only_for_as_long_as_it_matters() {
    let (config, asks) = published();
    let push = SnsPush::new(&config, None, None);
    let endpoint = "arn:aws:sns:us-east-1:000000000000:endpoint/APNS/app/one";
    push.push(PushPlatform::Apns, endpoint, &prompt()).await.unwrap();
    let apns = asks.recv().unwrap();
    assert_eq!((apns["TargetArn"].as_str(), apns["MessageStructure"].as_str()), (endpoint, "json"));
    let expected = [
        ["AWS.SNS.MOBILE.APNS.PUSH_TYPE", "String", "alert"],
        ["AWS.SNS.MOBILE.APNS.TTL", "String", "300"],
        ["AWS.SNS.MOBILE.APNS_SANDBOX.TTL", "String", "300"],
    ];
    assert_eq!(attributes(&apns), expected);
    push.push(PushPlatform::Fcm, endpoint, &prompt()).await.unwrap();
    let fcm = asks.recv().unwrap();
    assert!(fcm["Message"].contains("300s") && attributes(&fcm).is_empty());
}

fn event() -> TopicMessage {
    TopicMessage {
        event_id: "K7GQ2M.4".to_owned(),
        region: "clientId-01".to_owned(),
        result_type: "LOGIN_loginResult",
        body: r#"{"code":0}"#.to_owned(),
    }
}

#[tokio::test]
async fn an_event_can_be_filtered_by_its_attributes() {
    let (config, asks) = published();
    SnsTopic::new(&config, "arn:aws:sns:us-east-1:000000000000:logins").publish(&event()).await.unwrap();
    let asked = asks.recv().unwrap();
    assert_eq!(asked["TopicArn"], "arn:aws:sns:us-east-1:000000000000:logins");
    assert_eq!(asked["Message"], r#"{"code":0}"#);
    let expected = [
        ["eventId", "String", "K7GQ2M.4"],
        ["region", "String", "clientId-01"],
        ["resultType", "String", "LOGIN_loginResult"],
    ];
    assert_eq!(attributes(&asked), expected);
}

#[tokio::test]
async fn a_topic_takes_events_and_one_that_is_not_there_does_not() {
    let config = config(&emulator());
    let created = Client::new(&config).create_topic().name("logins-of-a-test").send().await.unwrap();
    let topic = created.topic_arn.unwrap();
    SnsTopic::new(&config, &topic).publish(&event()).await.unwrap();
    assert!(SnsTopic::new(&config, format!("{topic}-gone")).publish(&event()).await.is_err());
}

#[tokio::test]
async fn a_text_message_is_sent_by_the_better_route() {
    let (config, asks) = published();
    let number = PhoneNumber::parse("+8613800138000").unwrap();
    SnsSms::new(&config).send(&number, "123456").await.unwrap();
    let asked = asks.recv().unwrap();
    assert_eq!((asked["PhoneNumber"].as_str(), asked["Message"].as_str()), ("+8613800138000", "123456"));
    assert_eq!(attributes(&asked), [["AWS.SNS.SMS.SMSType", "String", "Transactional"]]);
}
