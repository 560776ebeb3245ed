//! `events/*.json`: the events of API Gateway, of its WebSocket API, of a table's stream and of a queue, one file a trigger, named after its function.
//! `sam local invoke -e` and `cargo lambda invoke --data-file` take the same files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use acceptance::{Call, Description, World};
use insta::assert_snapshot;
use saoma_dynamo::stream::StreamEvent;
use serde_json::Value;

/// A function, and a method and path it serves.
pub(crate) type Route = (String, String);
/// The source in the events of a DynamoDB stream.
const STREAM: &str = "aws:dynamodb";
/// The source in the events of an SQS queue.
const QUEUE: &str = "aws:sqs";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text between `before` and `after` in a line, without quotes.
fn between<'a>(line: &'a str, before: &str, after: &[char]) -> Option<&'a str> {
    let rest = line.split_once(before)?.1.trim_start();
    rest.split(after).next().map(|text| text.trim().trim_matches('"'))
}

/// The routes of `template.yaml`: each event of type `HttpApi`, with the function it stands under.
pub(crate) fn deployed() -> Vec<Route> {
    let mut function = String::new();
    let mut routes = Vec::new();
    for line in read("template.yaml").lines() {
        if let Some(name) = between(line, "CodeUri: target/lambda/", &['/']) {
            name.clone_into(&mut function);
        }
        if line.contains("Type: HttpApi") {
            let method = between(line, "Method:", &[',', ' ']).unwrap();
            // A path parameter brings braces of its own, and then the path is quoted.
            let path = between(line, "Path: \"", &['"']).or_else(|| between(line, "Path:", &[' ', ',']));
            routes.push((function.clone(), format!("{method} {}", path.unwrap())));
        }
    }
    routes
}

/// The streams and queues of `template.yaml`: each event source mapping, with the function it names.
fn deployed_sources() -> Vec<Route> {
    let template = read("template.yaml");
    let binary_of = |logical_id: &str| {
        let resource = template.split_once(&format!("\n  {logical_id}:\n")).unwrap().1;
        between(resource, "CodeUri: target/lambda/", &['/']).unwrap().to_owned()
    };
    let mappings = template.split("Type: AWS::Lambda::EventSourceMapping").skip(1);
    mappings
        .map(|mapping| {
            let source = between(mapping, "EventSourceArn:", &['\n']).unwrap();
            let kind = if source.ends_with(".StreamArn") { STREAM } else { QUEUE };
            (binary_of(between(mapping, "FunctionName: !Ref", &['\n']).unwrap()), kind.to_owned())
        })
        .collect()
}

/// The routes of the WebSocket API of `template.yaml` that call a function.
fn deployed_sockets() -> Vec<Route> {
    let template = read("template.yaml");
    let routes = template.split("Type: AWS::ApiGatewayV2::Route").skip(1);
    routes
        .filter(|route| between(route, "Target: !Sub", &['\n']).unwrap().contains("${SocketIntegration}"))
        .map(|route| {
            ("socket".to_owned(), between(route, "RouteKey:", &['\n', ',', ' ']).unwrap().to_owned())
        })
        .collect()
}

/// The commands that operators invoke, as the admin function's source names them.
fn commands() -> Vec<Route> {
    let files = fs::read_dir(root().join("functions/admin/src")).unwrap().map(|file| file.unwrap().path());
    let sources = files.map(|file| fs::read_to_string(file).unwrap());
    let named: Vec<String> = sources
        .flat_map(|source| source.split("#[serde(rename = \"").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    named
        .into_iter()
        .filter_map(|rest| rest.split('"').next().filter(|name| name.contains('.')).map(str::to_owned))
        .map(|name| ("admin".to_owned(), name))
        .collect()
}

/// The routes in the source of the routers.
fn served() -> BTreeSet<Route> {
    let mut routes = BTreeSet::new();
    for function in ["kiosk", "web", "remembered", "shop", "oauth", "accounts", "devices", "pages", "people"]
    {
        let source = read(&format!("functions/{function}/src/lib.rs"));
        for route in source.split(".route(\"").skip(1) {
            let (path, handlers) = route.split_once('"').unwrap();
            let handlers = handlers.split(".with_state").next().unwrap();
            for method in ["get", "post", "options", "put", "patch", "delete"] {
                if handlers.contains(&format!("{method}(")) {
                    routes.insert((function.to_owned(), format!("{} {path}", method.to_uppercase())));
                }
            }
        }
    }
    routes
}

/// The event files by name.
fn events() -> BTreeMap<String, Value> {
    let files = fs::read_dir(root().join("events")).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            let event = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), event)
        })
        .collect()
}

/// The event files of routes.
pub(crate) fn calls() -> BTreeMap<String, Value> {
    events().into_iter().filter(|(_, event)| event.get("routeKey").is_some()).collect()
}

/// The trigger of an event: its route, its command, or its stream. An event of a socket has its route in its context alone.
fn trigger_of(event: &Value) -> &str {
    let named = event.get("routeKey").or_else(|| event.get("do"));
    let named = named.or_else(|| event.pointer("/requestContext/routeKey"));
    named.unwrap_or(&event["Records"][0]["eventSource"]).as_str().unwrap()
}

fn function_of(event: &str) -> &str {
    event.split('-').next().unwrap()
}

#[test]
fn the_template_and_the_routers_have_the_same_routes() {
    let routes = deployed();
    let set: BTreeSet<Route> = routes.iter().cloned().collect();
    assert_eq!(routes.len(), set.len(), "a route twice");
    // A greedy route also matches paths for which its function has no route.
    let bare: BTreeSet<Route> =
        set.into_iter().map(|(function, route)| (function, route.replace("{proxy+}", ""))).collect();
    assert_eq!(bare, served());
}

#[tokio::test]
async fn every_deployed_route_is_served_by_its_function() {
    let world = World::default();
    for (function, route) in deployed() {
        let (method, path) = route.split_once(' ').unwrap();
        let method = ["GET", "POST", "DELETE", "OPTIONS"].into_iter().find(|known| *known == method).unwrap();
        let path = path.replace("{id}", "x").replace("{code}", "x").replace("{file}", "app.css");
        let path = path.replace("{traceId}", "x").replace("{version}", "x").replace("{proxy+}", "");
        let answer = world.call_function(&function, Call::new(method, &path).request()).await;
        assert_ne!(answer.status, 405, "{function} {route}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("no_such_route"), "{function} {route}");
    }
}

#[test]
fn every_deployed_trigger_has_its_event_and_every_event_its_trigger() {
    let triggers: BTreeSet<Route> = deployed()
        .into_iter()
        .chain(deployed_sockets())
        .chain(deployed_sources())
        .chain(commands())
        .collect();
    let events = events();
    let named: BTreeSet<Route> = events
        .iter()
        .map(|(name, event)| (function_of(name).to_owned(), trigger_of(event).to_owned()))
        .collect();
    assert_eq!(named, triggers);
    assert_eq!(events.len(), triggers.len(), "two events for one trigger");
}

#[test]
fn a_call_agrees_with_itself() {
    for (name, event) in calls() {
        let context = &event["requestContext"];
        let (method, path) = event["routeKey"].as_str().unwrap().split_once(' ').unwrap();
        assert_eq!(context["routeKey"], event["routeKey"], "{name}");
        assert_eq!(
            (&context["http"]["method"], &context["stage"]),
            (&method.into(), &"$default".into()),
            "{name}"
        );
        let parameters = event["pathParameters"].as_object().cloned().unwrap_or_default();
        let filled = parameters.iter().fold(path.to_owned(), |path, (name, value)| {
            let value = value.as_str().unwrap();
            path.replace(&format!("{{{name}}}"), value).replace(&format!("{{{name}+}}"), value)
        });
        assert_eq!(
            (&event["rawPath"], &context["http"]["path"]),
            (&filled.clone().into(), &filled.into()),
            "{name}"
        );
        assert_eq!(context["http"]["userAgent"], event["headers"]["user-agent"], "{name}");
    }
}

#[test]
fn a_stream_event_brings_sessions_as_they_are_stored() {
    for (name, event) in events().into_iter().filter(|(_, event)| trigger_of(event) == STREAM) {
        let records = event["Records"].as_array().unwrap();
        let kinds: Vec<&str> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["INSERT", "MODIFY"], "{name}");
        let read = serde_json::from_value::<StreamEvent>(event.clone()).unwrap().into_records();
        for (record, change) in read.into_iter().zip(records) {
            let session = record.session.unwrap().unwrap();
            assert_eq!(change["dynamodb"]["Keys"]["code"]["S"], session.code.as_str(), "{name}");
        }
    }
}

#[test]
fn a_queue_event_brings_calls_as_they_are_queued() {
    for (name, event) in events().into_iter().filter(|(_, event)| trigger_of(event) == QUEUE) {
        for message in event["Records"].as_array().unwrap() {
            let call = saoma_notify::queue::read(message["body"].as_str().unwrap()).unwrap();
            assert_eq!(message["attributes"]["MessageGroupId"], call.client.as_str(), "{name}");
            let body: Value = serde_json::from_str(&call.body).unwrap();
            assert_eq!(body["eventId"], call.id.as_str(), "{name}");
            assert!(body.get("ticket").is_none(), "{name}: a ticket waits in the queue");
        }
    }
}

/// The status and the telling field of the answer, for each event of a route. The whole answer is as `/openapi.json` says.
#[tokio::test]
async fn every_event_gets_its_documented_answer() {
    let mut table = String::new();
    for (name, event) in calls() {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let operation = Description::served().operation(request.method().as_str(), request.uri().path());
        let answer = World::default().call_function(function_of(&name), request).await;
        operation.unwrap().hold(&answer);
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let codes = ["code", "errorCode", "statusflag", "codeStatus"]
            .into_iter()
            .filter_map(|field| json.get(field).map(|value| (field, value)))
            // The session's own id is not the telling field.
            .filter(|(field, value)| *field != "code" || value.as_str().is_some_and(|code| code.len() != 26))
            .fold(String::new(), |codes, (field, value)| format!("{codes} {field}={value}"));
        let kind = answer.header("content-type");
        writeln!(table, "{name}: {} {kind}{codes}", answer.status.as_u16()).unwrap();
    }
    assert_snapshot!(table);
}

/// Whether each command of the golden events is carried out, and the code of its refusal.
#[tokio::test]
async fn every_command_gets_its_documented_answer() {
    let mut table = String::new();
    for (name, event) in events().into_iter().filter(|(_, event)| event.get("do").is_some()) {
        let answer = World::default().command(event).await;
        writeln!(table, "{name}: {} {}", answer["ok"], answer["code"]).unwrap();
    }
    assert_snapshot!(table);
}
