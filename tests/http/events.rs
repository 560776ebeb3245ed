//! `events/*.json`: what API Gateway sends, one file a route, named after its function. `sam local
//! invoke -e` and `cargo lambda invoke --data-file` take the same files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use acceptance::{Call, World};
use insta::assert_snapshot;
use serde_json::Value;

/// A function, and a method and path it serves.
type Route = (String, String);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between `before` and `after` in a line, without quotes.
fn between<'a>(line: &'a str, before: &str, after: &[char]) -> Option<&'a str> {
    let rest = line.split_once(before)?.1.trim_start();
    rest.split(after).next().map(|text| text.trim().trim_matches('"'))
}

/// The routes of `template.yaml`: each event of type `HttpApi`, with the function it stands under.
fn deployed() -> Vec<Route> {
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

/// The routes in the source of the routers.
fn served() -> BTreeSet<Route> {
    let mut routes = BTreeSet::new();
    for function in ["kiosk", "web", "oauth", "accounts", "pages"] {
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

fn function_of(event: &str) -> &str {
    event.split('-').next().unwrap()
}

#[test]
fn the_template_and_the_routers_have_the_same_routes() {
    let routes = deployed();
    let set: BTreeSet<Route> = routes.iter().cloned().collect();
    assert_eq!(routes.len(), set.len(), "a route twice");
    assert_eq!(set, served());
}

#[tokio::test]
async fn every_deployed_route_is_served_by_its_function() {
    let world = World::default();
    for (function, route) in deployed() {
        let (method, path) = route.split_once(' ').unwrap();
        let method = ["GET", "POST", "OPTIONS"].into_iter().find(|known| *known == method).unwrap();
        let path = path.replace("{id}", "x").replace("{code}", "x").replace("{file}", "app.css");
        let answer = world.call_function(&function, Call::new(method, &path).request()).await;
        assert_ne!(answer.status, 405, "{function} {route}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("no_such_route"), "{function} {route}");
    }
}

#[test]
fn every_deployed_route_has_its_event_and_every_event_its_route() {
    let routes: BTreeSet<Route> = deployed().into_iter().collect();
    let events = events();
    let named: BTreeSet<Route> = events
        .iter()
        .map(|(name, event)| (function_of(name).to_owned(), event["routeKey"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(named, routes);
    assert_eq!(events.len(), routes.len(), "two events for one route");
}

#[test]
fn an_event_agrees_with_itself() {
    for (name, event) in events() {
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
            path.replace(&format!("{{{name}}}"), value.as_str().unwrap())
        });
        assert_eq!(
            (&event["rawPath"], &context["http"]["path"]),
            (&filled.clone().into(), &filled.into()),
            "{name}"
        );
        assert_eq!(context["http"]["userAgent"], event["headers"]["user-agent"], "{name}");
    }
}

/// The status and what says how it went, for each event.
#[tokio::test]
async fn every_event_gets_its_documented_answer() {
    let mut table = String::new();
    for (name, event) in events() {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let answer = World::default().call_function(function_of(&name), request).await;
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let codes = ["code", "errorCode", "statusflag", "codeStatus"]
            .into_iter()
            .filter_map(|field| json.get(field).map(|value| (field, value)))
            // The session's own id is no telling code.
            .filter(|(field, value)| *field != "code" || value.as_str().is_some_and(|code| code.len() != 26))
            .fold(String::new(), |codes, (field, value)| format!("{codes} {field}={value}"));
        let kind = answer.header("content-type");
        writeln!(table, "{name}: {} {kind}{codes}", answer.status.as_u16()).unwrap();
    }
    assert_snapshot!(table);
}
