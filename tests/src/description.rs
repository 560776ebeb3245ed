//! The description of the API (`/openapi.json`), against which tests hold requests and answers.
//!
//! To a client the description is open: an answer may have more fields than it names. Here it is closed, so a field that
//! it does not name is a fault.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, OnceLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonschema::Validator;
use serde_json::{Map, Number, Value, json};

use crate::{Answer, Call};

/// The headers that a client acts on. An answer that has one must be described with it.
const TELLING_HEADERS: [&str; 4] = ["location", "retry-after", "set-cookie", "www-authenticate"];

/// The headers that no contract names: what browsers and proxies add by themselves, what HTTP itself defines, and what an edge
/// in front says. Every other header must be described where a request with it is taken. `Authorization` and our own cookies
/// are held as what a caller proves itself by.
const UNNAMED_HEADERS: [&str; 24] = [
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "cf-connecting-ip",
    "cloudfront-viewer-address",
    "content-encoding",
    "content-length",
    "content-type",
    "forwarded",
    "host",
    "if-none-match",
    "origin",
    "referer",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-purpose",
    "user-agent",
    "x-edge-secret",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];
/// What the name of each cookie of ours begins with, behind the prefix that plain http has none of.
const OUR_COOKIES: &str = "saoma-";

/// The description, closed.
pub struct Description {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation of it.
pub struct Operation<'a> {
    all: &'a Description,
    name: String,
    /// Its path, with the names of the path's parameters.
    pattern: &'a str,
    described: &'a Value,
}

impl Description {
    /// What `/openapi.json` serves.
    pub fn served() -> &'static Self {
        static SERVED: OnceLock<Description> = OnceLock::new();
        SERVED.get_or_init(|| {
            let json = pages::description().unwrap();
            let mut document = serde_json::from_slice(&json).unwrap();
            close_document(&mut document);
            Self { document, validators: Mutex::default() }
        })
    }

    /// Each function with each method and path.
    #[must_use]
    pub fn routes(&self) -> BTreeSet<(String, String)> {
        let mut routes = BTreeSet::new();
        for (path, methods) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let function = operation["tags"][0].as_str().unwrap();
                routes.insert((function.to_owned(), format!("{} {path}", method.to_uppercase())));
            }
        }
        routes
    }

    /// The operation that takes a request. `None` for what no route takes.
    #[must_use]
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let paths = self.document["paths"].as_object().unwrap();
        let exactly = paths.get_key_value(path);
        let (pattern, methods) =
            exactly.or_else(|| paths.iter().find(|(pattern, _)| takes(pattern, path)))?;
        let described = methods.get(method.to_lowercase())?;
        Some(Operation { all: self, name: format!("{method} {path}"), pattern, described })
    }

    /// The part itself, where it stands among the components.
    fn resolve<'a>(&'a self, part: &'a Value) -> &'a Value {
        match part["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => part,
        }
    }

    /// What is wrong with a value, by one of the description's schemas.
    fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        let errors = validator.iter_errors(value);
        errors.map(|error| format!("{:?}: {error}", error.instance_path().to_string())).collect()
    }

    /// A schema's validator. Making one takes far longer than using it.
    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let key = schema.to_string();
        if let Some(made) = self.validators.lock().unwrap().get(&key) {
            return made.clone();
        }
        let mut schemas = Map::new();
        self.gather(schema, &mut schemas);
        let whole = json!({ "allOf": [schema], "components": { "schemas": schemas } });
        let made = jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{error}: {schema}"));
        self.validators.lock().unwrap().entry(key).or_insert(Arc::new(made)).clone()
    }

    /// Gathers the components that a schema needs.
    fn gather(&self, part: &Value, schemas: &mut Map<String, Value>) {
        match part {
            Value::Object(parts) => {
                if let Some(name) =
                    parts.get("$ref").and_then(|it| it.as_str()?.strip_prefix("#/components/schemas/"))
                    && !schemas.contains_key(name)
                {
                    let component = &self.document["components"]["schemas"][name];
                    schemas.insert(name.to_owned(), component.clone());
                    self.gather(component, schemas);
                }
                parts.values().for_each(|part| self.gather(part, schemas));
            }
            Value::Array(parts) => parts.iter().for_each(|part| self.gather(part, schemas)),
            _ => {}
        }
    }
}

impl Operation<'_> {
    /// Holds an answer against the description.
    ///
    /// # Panics
    /// If its status, type, telling headers or body are not as described.
    pub fn hold(&self, answer: &Answer) {
        let faults = self.faults_of_answer(answer);
        assert!(
            faults.is_empty(),
            "{}: /openapi.json says otherwise: {faults:#?}\n{}",
            self.name,
            answer.whole()
        );
    }

    /// Holds a request that the service took against the description. What the call says is ignored stays out.
    ///
    /// # Panics
    /// If it has a parameter, an acting header or a field that is not described, or not as described.
    pub fn hold_taken(&self, call: &Call) {
        let faults = self.faults_of_event(&call.described_event());
        assert!(
            faults.is_empty(),
            "{} takes a request that /openapi.json does not describe: {faults:#?}",
            self.name
        );
    }

    fn faults_of_answer(&self, answer: &Answer) -> Vec<String> {
        let response = self.all.resolve(&self.described["responses"][answer.status.as_str()]);
        if response.is_null() {
            return vec![format!("the status {} is not described", answer.status)];
        }
        let named = |header: &str| {
            let headers = response["headers"].as_object();
            headers.is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case(header)))
        };
        let untold = TELLING_HEADERS
            .into_iter()
            .filter(|header| answer.headers.contains_key(*header) && !named(header));
        let mut faults: Vec<String> =
            untold.map(|header| format!("the header {header} is not described")).collect();
        let kind = essence(answer.header("content-type"));
        match response["content"].get(kind) {
            _ if answer.body.is_empty() || answer.headers.contains_key("content-encoding") => {}
            None => faults.push(format!("a body of the type {kind:?} is not described")),
            Some(media) if kind.ends_with("json") => {
                faults.extend(self.all.faults(&media["schema"], &answer.json()));
            }
            Some(_) => {}
        }
        faults
    }

    /// What is wrong with an event of API Gateway: its parameters and its body.
    #[must_use]
    pub fn faults_of_event(&self, event: &Value) -> Vec<String> {
        let mut faults = self.faults_of_parameters(event);
        let body = &self.described["requestBody"];
        match event["body"].as_str() {
            None if body["required"] == true => faults.push("the body is missing".to_owned()),
            None => {}
            Some(text) => {
                let kind = essence(event["headers"]["content-type"].as_str().unwrap_or_default());
                match body["content"].get(kind) {
                    Some(media) => {
                        let value = sent_body(kind, &decoded(event, text));
                        faults
                            .extend(value.iter().flat_map(|value| self.all.faults(&media["schema"], value)));
                    }
                    None => faults.push(format!("a body of the type {kind:?} is not described")),
                }
            }
        }
        faults
    }

    fn faults_of_parameters(&self, event: &Value) -> Vec<String> {
        let query = pairs(event["rawQueryString"].as_str().unwrap_or_default());
        let path = named_parts(self.pattern, event["rawPath"].as_str().unwrap_or_default());
        let sent = [("query", query), ("path", path), ("header", headers(event)), ("cookie", cookies(event))];
        let described = self.described["parameters"].as_array();
        let described: Vec<&Value> = described.into_iter().flatten().map(|it| self.all.resolve(it)).collect();
        let proofs = self.proofs();
        let mut faults = Vec::new();
        for (place, sent) in &sent {
            let of_place = || described.iter().filter(|parameter| parameter["in"] == *place);
            for (name, value) in sent {
                let is_proof = proofs.iter().any(|proof| proves(proof, place, name, value));
                if !is_proof && !of_place().any(|parameter| is_named(parameter, name)) {
                    faults.push(format!("the {place} parameter {name} is not described"));
                }
            }
            for parameter in of_place() {
                match sent.iter().find(|(name, _)| is_named(parameter, name)) {
                    Some((_, text)) => faults.extend(self.faults_of_text(&parameter["schema"], text)),
                    None if parameter["required"] == true => {
                        faults.push(format!("{} is missing", parameter["name"]));
                    }
                    None => {}
                }
            }
        }
        faults
    }

    /// What is wrong with the value of a parameter. It is written as text, so digits may also stand for a number.
    fn faults_of_text(&self, schema: &Value, text: &Value) -> Vec<String> {
        let number = text.as_str().and_then(|text| text.parse::<Number>().ok());
        let is_number = number.is_some_and(|number| self.all.faults(schema, &number.into()).is_empty());
        if is_number { Vec::new() } else { self.all.faults(schema, text) }
    }

    /// The security schemes by which a caller may prove itself.
    fn proofs(&self) -> Vec<&Value> {
        let ways = self.described["security"].as_array().into_iter().flatten();
        let names = ways.filter_map(Value::as_object).flat_map(Map::keys);
        names.map(|name| &self.all.document["components"]["securitySchemes"][name]).collect()
    }
}

/// The headers of an event that a description must name.
fn headers(event: &Value) -> Map<String, Value> {
    let mut headers = event["headers"].as_object().cloned().unwrap_or_default();
    headers.retain(|name, _| !UNNAMED_HEADERS.contains(&name.as_str()));
    headers
}

/// The cookies of an event that are ours.
fn cookies(event: &Value) -> Map<String, Value> {
    let pairs = event["cookies"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    let ours = pairs.filter(|(name, _)| bare(name).starts_with(OUR_COOKIES));
    ours.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// A cookie's name without the prefix that it has on https.
fn bare(cookie: &str) -> &str {
    cookie.strip_prefix("__Host-").unwrap_or(cookie)
}

/// Whether a parameter or a security scheme has this name. The case of a header does not matter, and the end of a receipt's
/// name is its session's.
fn is_named(described: &Value, name: &str) -> bool {
    let named = described["name"].as_str().unwrap_or_default();
    match (described["in"].as_str(), named.split_once('{')) {
        (Some("header"), _) => named.eq_ignore_ascii_case(name),
        (Some("cookie"), Some((start, _))) => bare(name).starts_with(bare(start)),
        (Some("cookie"), None) => bare(name) == bare(named),
        _ => named == name,
    }
}

/// Whether a caller proves itself by this header or cookie.
fn proves(scheme: &Value, place: &str, name: &str, value: &Value) -> bool {
    if scheme["type"] == "http" {
        let word = value.as_str().unwrap_or_default().split(' ').next().unwrap_or_default();
        let wanted = scheme["scheme"].as_str().unwrap_or_default();
        return name == "authorization" && word.eq_ignore_ascii_case(wanted);
    }
    scheme["in"] == place && is_named(scheme, name)
}

/// Whether a path with parameters takes this path.
fn takes(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let fits =
        |(pattern, part): (&&str, &&str)| pattern == part || (pattern.starts_with('{') && !part.is_empty());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(fits)
}

/// The parameters that stand in a path.
fn named_parts(pattern: &str, path: &str) -> Map<String, Value> {
    let parts = pattern.split('/').zip(path.split('/'));
    let named = parts.filter_map(|(name, part)| Some((name.strip_prefix('{')?.strip_suffix('}')?, part)));
    named.map(|(name, part)| (name.to_owned(), part.into())).collect()
}

fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The body of an event. API Gateway sends what is not text in Base64.
fn decoded(event: &Value, body: &str) -> String {
    let is_encoded = event["isBase64Encoded"] == true;
    if is_encoded { String::from_utf8(STANDARD.decode(body).unwrap()).unwrap() } else { body.to_owned() }
}

/// The pairs of a form or a query.
fn pairs(text: &str) -> Map<String, Value> {
    form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into_owned(), value.into())).collect()
}

/// The body of a request as a value: the pairs of a form, or JSON. `None` for JSON that has no fields, such as `null`, and for
/// JSON that the service alone reads, such as half an emoji.
fn sent_body(kind: &str, text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{FEFF}');
    let is_form = kind == "application/x-www-form-urlencoded";
    if is_form { Some(pairs(text).into()) } else { serde_json::from_str(text).ok().filter(Value::is_object) }
}

/// Closes all objects of the description.
fn close_document(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    // Where such a schema is used it is closed: it may be one part of an object.
    schemas.values_mut().for_each(close_inside);
    close_media(document);
}

/// Closes each schema of a request or an answer.
fn close_media(part: &mut Value) {
    match part {
        Value::Object(parts) => {
            for (name, part) in parts {
                match part.as_object_mut().filter(|_| name == "content") {
                    Some(content) => {
                        content.values_mut().filter_map(|media| media.get_mut("schema")).for_each(close);
                    }
                    None => close_media(part),
                }
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(close_media),
        _ => {}
    }
}

fn close(schema: &mut Value) {
    close_inside(schema);
    if let Value::Object(schema) = schema {
        schema.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

/// Closes what stands inside a schema. Its alternatives and parts describe one object together, so they stay open.
fn close_inside(schema: &mut Value) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(close);
    }
    for inner in ["items", "additionalProperties"] {
        schema.get_mut(inner).into_iter().for_each(close);
    }
    for parts in ["allOf", "anyOf", "oneOf"] {
        let parts = schema.get_mut(parts).and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(close_inside);
    }
}
