//! Imports point one way (DESIGN section 3): read from the manifests and the sources.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What only a function's `main.rs` names.
const ADAPTERS: [&str; 4] = ["saoma-aws", "saoma-dynamo", "saoma-memory", "saoma-notify"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Each package under a folder, with the names in its `[dependencies]`: what it is built with, and
/// not what only its tests need.
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
fn what_is_shared_needs_no_adapter_and_no_function() {
    let functions = packages("functions");
    for (name, needs) in packages("shared") {
        for need in needs {
            assert!(!ADAPTERS.contains(&need.as_str()), "{name} needs {need}");
            assert!(!functions.contains_key(&need), "{name} needs {need}");
        }
    }
}

#[test]
fn no_function_needs_another_or_the_memory() {
    let functions = packages("functions");
    assert_eq!(
        functions.keys().collect::<Vec<_>>(),
        ["accounts", "devices", "kiosk", "notify", "oauth", "pages", "remembered", "shop", "web"]
    );
    for (name, needs) in &functions {
        for need in needs {
            assert!(!functions.contains_key(need) && need != "saoma-memory", "{name} needs {need}");
        }
    }
}

#[test]
fn in_a_function_only_main_names_an_adapter() {
    for function in packages("functions").keys() {
        for file in fs::read_dir(root().join("functions").join(function).join("src")).unwrap() {
            let path = file.unwrap().path();
            if path.file_name().unwrap() == "main.rs" {
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            for adapter in ADAPTERS {
                assert!(!source.contains(&adapter.replace('-', "_")), "{} names {adapter}", path.display());
            }
        }
    }
}

// J7 C9: what a function cannot start without is named in the template.
#[test]
fn every_required_variable_is_set_by_the_template() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    for function in packages("functions").keys() {
        let main = fs::read_to_string(root().join("functions").join(function).join("src/main.rs")).unwrap();
        let required: Vec<_> =
            main.split("required(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(required.contains(&"SIGNING_SECRET_ARN"), "{function}: {required:?}");
        for name in required {
            assert!(template.contains(&format!(" {name}:")), "{function} requires {name}");
        }
    }
}
