//! Makes the description of the API of the sources beside this file. `README.md` says what their short forms mean.

#![expect(
    clippy::indexing_slicing,
    reason = "the index makes what it does not find; a build that panics is one that fails"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write,
    fs,
    path::Path,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, from_value, json};

/// The functions, in the order in which a reader meets them. `socket` is not among them: its routes belong to sockets,
/// and such a description knows HTTP only. Their contract is in `docs/web.md`.
const FUNCTIONS: [&str; 9] =
    ["kiosk", "web", "remembered", "shop", "oauth", "accounts", "people", "devices", "pages"];

type Failure = Box<dyn Error>;
/// The names of what can be wrong, by HTTP status.
type Refusals = BTreeMap<String, BTreeSet<String>>;

/// `base.yaml`: the short forms' meanings, and the parts of the description that all functions share.
#[derive(Deserialize)]
struct Base {
    callers: BTreeMap<String, Caller>,
    refusals: BTreeMap<String, Refusals>,
    shapes: BTreeMap<String, Shape>,
    codes: BTreeMap<String, String>,
    #[serde(flatten)]
    openapi: Map<String, Value>,
}

/// Who calls.
#[derive(Deserialize)]
struct Caller {
    security: Value,
    #[serde(default)]
    refuses: Refusals,
}

/// How a contract words a refusal.
#[derive(Deserialize)]
struct Shape {
    r#type: String,
    schema: String,
    /// The field with the name of what is wrong.
    field: String,
    /// The field with the HTTP status.
    status: Option<String>,
    /// What this contract does not answer as a refusal.
    #[serde(default)]
    without: BTreeSet<String>,
    /// What this contract has another word for.
    #[serde(default)]
    words: BTreeMap<String, String>,
}

/// The file of a function.
#[derive(Deserialize)]
struct Source {
    tag: Map<String, Value>,
    shape: String,
    paths: Map<String, Value>,
    #[serde(default)]
    parameters: Map<String, Value>,
    schemas: Option<Map<String, Value>>,
}

/// An operation as it is written.
#[derive(Deserialize)]
struct Operation {
    caller: String,
    shape: Option<String>,
    #[serde(default)]
    refuses: Refuses,
    responses: BTreeMap<String, Value>,
    #[serde(flatten)]
    openapi: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct Refuses {
    /// Sets of refusals.
    #[serde(default)]
    all: Vec<String>,
    #[serde(flatten)]
    own: Refusals,
}

/// What the operations have in common, gathered while they are read.
#[derive(Default)]
struct Gathered {
    /// The names of what can be wrong.
    codes: BTreeSet<String>,
    /// Refusals for one reason alone, which many operations share.
    responses: Map<String, Value>,
}

impl Gathered {
    /// A response itself, where it is a shared one.
    fn resolved(&self, response: Value) -> Value {
        let name = response["$ref"].as_str().and_then(|it| it.strip_prefix("#/components/responses/"));
        name.and_then(|name| self.responses.get(name)).cloned().unwrap_or(response)
    }
}

/// The whole description, as JSON.
pub(crate) fn description() -> Result<String, Failure> {
    let mut base: Base = read("base")?;
    let mut openapi = Value::Object(std::mem::take(&mut base.openapi));
    openapi["tags"] = json!([]);
    openapi["paths"] = json!({});
    let mut gathered = Gathered::default();
    for function in FUNCTIONS {
        let source: Source = read(function)?;
        for (path, methods) in source.paths {
            for (method, operation) in object(methods)? {
                let written = from_value(operation).map_err(|error| format!("{method} {path}: {error}"))?;
                let tag = &source.tag["name"];
                let whole = base.whole(tag, &path, &source.shape, written, &mut gathered);
                let whole = whole.map_err(|error| format!("{method} {path}: {error}"))?;
                add(&mut openapi["paths"][&path], method, whole)?;
            }
        }
        if let Value::Array(tags) = &mut openapi["tags"] {
            tags.push(Value::Object(source.tag));
        }
        for (kind, parts) in
            [("parameters", source.parameters), ("schemas", source.schemas.unwrap_or_default())]
        {
            for (name, part) in parts {
                add(&mut openapi["components"][kind], name, part)?;
            }
        }
    }
    openapi["components"]["responses"] = gathered.responses.into();
    match base.codes.keys().find(|code| !gathered.codes.contains(*code)) {
        Some(unused) => Err(format!("no operation answers the code {unused}").into()),
        None => Ok(openapi.to_string()),
    }
}

impl Base {
    /// An operation without short forms.
    fn whole(
        &self,
        tag: &Value,
        path: &str,
        shape: &str,
        written: Operation,
        gathered: &mut Gathered,
    ) -> Result<Value, Failure> {
        let caller = named(&self.callers, &written.caller)?;
        let shape = named(&self.shapes, shape)?;
        let own = written.shape.as_ref().map(|own| named(&self.shapes, own)).transpose()?;
        let mut responses = written.responses.clone();
        let all = self.refusals(path, caller, &written)?;
        self.refuse(&mut responses, own.unwrap_or(shape), all, gathered)?;
        if own.is_some() {
            // What is refused before the route is found has the function's shape.
            self.refuse(&mut responses, shape, named(&self.refusals, "always")?.clone(), gathered)?;
        }
        let mut whole = Map::from_iter([("tags".to_owned(), json!([tag]))]);
        whole.extend(written.openapi);
        whole.insert("security".to_owned(), caller.security.clone());
        whole.insert("responses".to_owned(), serde_json::to_value(responses)?);
        Ok(Value::Object(whole))
    }

    /// Adds refusals in a contract's shape.
    fn refuse(
        &self,
        responses: &mut BTreeMap<String, Value>,
        shape: &Shape,
        refusals: Refusals,
        gathered: &mut Gathered,
    ) -> Result<(), Failure> {
        for (status, codes) in refusals {
            let word = |code: String| shape.words.get(&code).cloned().unwrap_or(code);
            let codes = codes.into_iter().filter(|code| !shape.without.contains(code)).map(word);
            let codes: BTreeSet<String> = codes.collect();
            let refusal = self.refusal(shape, &status, &codes)?;
            let response = match (responses.remove(&status), codes.iter().next()) {
                (before, None) => before,
                (None, Some(code)) if codes.len() == 1 => {
                    let name = format!("{}.{status}.{code}", shape.schema);
                    let shared = json!({ "$ref": format!("#/components/responses/{name}") });
                    gathered.responses.insert(name, refusal);
                    Some(shared)
                }
                (Some(before), Some(_)) => Some(either(gathered.resolved(before), &refusal)),
                (None, Some(_)) => Some(refusal),
            };
            responses.extend(response.map(|response| (status, response)));
            gathered.codes.extend(codes);
        }
        Ok(())
    }

    /// All that an operation refuses: what every call refuses, what its caller, its body and its path bring with them,
    /// and what it names.
    fn refusals(&self, path: &str, caller: &Caller, written: &Operation) -> Result<Refusals, Failure> {
        let mut sets = vec![named(&self.refusals, "always")?, &caller.refuses, &written.refuses.own];
        if written.openapi.contains_key("requestBody") {
            sets.push(named(&self.refusals, "with_body")?);
        }
        if path.contains('{') {
            sets.push(named(&self.refusals, "with_path_parameter")?);
        }
        for set in &written.refuses.all {
            sets.push(named(&self.refusals, set)?);
        }
        let mut all = Refusals::new();
        for (status, codes) in sets.into_iter().flatten() {
            all.entry(status.clone()).or_default().extend(codes.iter().cloned());
        }
        Ok(all)
    }

    fn refusal(&self, shape: &Shape, status: &str, codes: &BTreeSet<String>) -> Result<Value, Failure> {
        let mut description = "Refused:\n".to_owned();
        for code in codes {
            writeln!(description, "* `{code}`: {}", named(&self.codes, code)?)?;
        }
        let mut properties = Map::from_iter([(shape.field.clone(), json!({ "enum": codes }))]);
        if let Some(field) = &shape.status {
            properties.insert(field.clone(), json!({ "const": status.parse::<u16>()? }));
        }
        let schema =
            json!({ "$ref": format!("#/components/schemas/{}", shape.schema), "properties": properties });
        let mut refusal = json!({ "description": description.trim_end(), "content": { &shape.r#type: { "schema": schema } } });
        let challenges =
            ["fresh_proof_required", "insufficient_scope"].iter().any(|code| codes.contains(*code));
        let header = match status {
            "429" | "503" => Some(("Retry-After", "RetryAfter")),
            _ if codes.contains("authorization_pending") => Some(("Retry-After", "RetryAfter")),
            "401" => Some(("WWW-Authenticate", "WwwAuthenticate")),
            _ => challenges.then_some(("WWW-Authenticate", "WwwAuthenticate")),
        };
        if let Some((name, component)) = header {
            refusal["headers"] = json!({ name: { "$ref": format!("#/components/headers/{component}") } });
        }
        Ok(refusal)
    }
}

/// A response that is one of two. Where both are of one type, either schema may hold.
fn either(mut both: Value, refusal: &Value) -> Value {
    let description =
        [&both["description"], &refusal["description"]].map(|it| it.as_str().unwrap_or_default());
    both["description"] = description.join("\n\n").into();
    for part in ["headers", "content"] {
        let Value::Object(added) = &refusal[part] else { continue };
        for (name, it) in added {
            let place = &mut both[part][name];
            *place = match place.get("schema") {
                Some(schema) if part == "content" => json!({ "schema": { "anyOf": [schema, it["schema"]] } }),
                _ => it.clone(),
            };
        }
    }
    both
}

fn named<'a, T>(all: &'a BTreeMap<String, T>, name: &str) -> Result<&'a T, Failure> {
    all.get(name).ok_or_else(|| format!("base.yaml has no {name}").into())
}

/// Puts a part where there is none of its name.
fn add(parts: &mut Value, name: String, part: Value) -> Result<(), Failure> {
    if parts.get(&name).is_some() {
        return Err(format!("{name} stands in two files").into());
    }
    parts[name] = part;
    Ok(())
}

fn object(value: Value) -> Result<Map<String, Value>, Failure> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(format!("no mapping: {other}").into()),
    }
}

/// Reads a source. Cargo runs this in the package's folder.
fn read<T: DeserializeOwned>(name: &str) -> Result<T, Failure> {
    let path = Path::new("openapi").join(format!("{name}.yaml"));
    let failed = |error: &dyn Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let source: Value = serde_saphyr::from_str(&text).map_err(|error| failed(&error))?;
    match key_without_value(&source) {
        Some(key) => {
            Err(format!("{}: `{key}` has no value: a comma ends a text without quotes", path.display())
                .into())
        }
        None => Ok(from_value(source).map_err(|error| failed(&error))?),
    }
}

/// A key that has no value. Between braces a text without quotes ends at a comma, and what follows reads as a key.
fn key_without_value(value: &Value) -> Option<&str> {
    match value {
        Value::Object(object) => object.iter().find_map(|(key, value)| {
            if value.is_null() { Some(key.as_str()) } else { key_without_value(value) }
        }),
        Value::Array(items) => items.iter().find_map(key_without_value),
        _ => None,
    }
}
