//! Imports point one way (`docs/architecture.md`). The test reads the manifests and the sources.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The adapters. Only `saoma-start` brings them together with the functions.
const ADAPTERS: [&str; 4] = ["saoma-aws", "saoma-dynamo", "saoma-memory", "saoma-notify"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Each package under a folder, with the names in its `[dependencies]`. Dependencies of tests alone do not count.
fn packages(folder: &str) -> BTreeMap<String, Vec<String>> {
    let folders = fs::read_dir(root().join(folder)).unwrap().map(|folder| folder.unwrap().path());
    folders
        .filter_map(|folder| fs::read_to_string(folder.join("Cargo.toml")).ok())
        .map(|manifest| {
            let (mut section, mut name, mut needs) = ("", "", Vec::new());
            for line in manifest.lines().map(str::trim) {
                let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
                match section {
                    _ if line.starts_with('[') => section = line,
                    "[package]" if key == "name" => name = line.split('"').nth(1).unwrap(),
                    "[dependencies]" if !key.is_empty() && !key.starts_with('#') => {
                        needs.push(key.to_owned());
                    }
                    _ => {}
                }
                assert!(
                    !section.starts_with("[dependencies.") && !section.starts_with("[target"),
                    "{section}"
                );
            }
            (name.to_owned(), needs)
        })
        .collect()
}

#[test]
fn the_domain_knows_no_runtime_cloud_http_clock_or_generator() {
    let domain = &packages("shared")["saoma-domain"];
    assert!(domain.contains(&"thiserror".to_owned()), "{domain:?}");
    for need in domain {
        let foreign = [
            "tokio",
            "aws",
            "axum",
            "lambda",
            "reqwest",
            "getrandom",
            "rand",
            "hyper",
            "http",
            "tower",
            "jiff",
            "saoma",
        ];
        assert!(!foreign.iter().any(|name| need.starts_with(name)), "saoma-domain needs {need}");
    }
}

#[test]
fn adapters_see_the_domain_and_never_each_other() {
    let shared = packages("shared");
    for adapter in ADAPTERS {
        let ours = shared[adapter].iter().filter(|need| need.starts_with("saoma-"));
        assert_eq!(ours.collect::<Vec<_>>(), ["saoma-domain"], "{adapter}");
    }
}

#[test]
fn what_is_shared_needs_no_function_and_only_the_start_needs_adapters() {
    let functions = packages("functions");
    for (name, needs) in packages("shared") {
        for need in needs {
            let adapter = ADAPTERS.contains(&need.as_str());
            assert!(!adapter || (name == "saoma-start" && need != "saoma-memory"), "{name} needs {need}");
            assert_ne!(need, "saoma-start", "{name}");
            assert!(!functions.contains_key(&need), "{name} needs {need}");
        }
    }
}

#[test]
fn no_function_needs_another_or_an_adapter() {
    let functions = packages("functions");
    assert_eq!(
        functions.keys().collect::<Vec<_>>(),
        [
            "accounts",
            "admin",
            "deliver",
            "devices",
            "kiosk",
            "notify",
            "oauth",
            "pages",
            "people",
            "remembered",
            "shop",
            "socket",
            "web"
        ]
    );
    for (name, needs) in &functions {
        for need in needs {
            assert!(
                !functions.contains_key(need) && !ADAPTERS.contains(&need.as_str()),
                "{name} needs {need}"
            );
        }
    }
}

#[test]
fn in_a_function_only_main_names_the_start() {
    for function in packages("functions").keys() {
        for file in fs::read_dir(root().join("functions").join(function).join("src")).unwrap() {
            let path = file.unwrap().path();
            let source = fs::read_to_string(&path).unwrap();
            let is_main = path.file_name().unwrap() == "main.rs";
            assert_eq!(source.contains("saoma_start"), is_main, "{}", path.display());
        }
    }
}

// J7 C9: the template names every variable that a function needs to start.
#[test]
fn every_required_variable_is_set_by_the_template() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let mains = packages("functions");
    let mains = mains.keys().map(|function| format!("functions/{function}/src/main.rs"));
    let start = ["deployment", "process"].map(|file| format!("shared/start/src/{file}.rs"));
    let sources = mains.chain(start).map(|file| fs::read_to_string(root().join(file)).unwrap());
    let required: Vec<_> = sources.flat_map(|source| named_after(&source, "required(\"")).collect();
    assert!(required.len() >= 6 && required.contains(&"SIGNING_SECRET_ARN".to_owned()), "{required:?}");
    for name in required {
        assert!(template.contains(&format!(" {name}:")), "a function requires {name}");
    }
}

/// The text between each `before` and the next quote.
fn named_after(source: &str, before: &str) -> Vec<String> {
    let rest = source.split(before).skip(1);
    rest.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}
