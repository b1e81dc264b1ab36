//! The OpenAPI document: kept current, and sound.

use crate::support::Town;
use dauys_router::api::openapi;
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&openapi()).unwrap()
}

#[test]
fn the_committed_document_is_current() {
    let kept = include_str!("../../openapi.json");
    assert!(kept == openapi(), "write it anew: cargo run -p dauys-router --example openapi > router/openapi.json");
}

/// Walks through all values.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Object(map) => map.values().for_each(|value| walk(value, visit)),
        Value::Array(list) => list.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = 0;
    walk(&document, &mut |value| {
        if let Some(Value::String(reference)) = value.get("$ref") {
            references += 1;
            let pointer = reference.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    });
    assert!(references > 20);
}

#[test]
fn every_operation_is_described_with_its_parameters_and_answers() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} stands twice");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{method} {path}");
            let in_path: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let none = Vec::new();
            let described = operation["parameters"].as_array().unwrap_or(&none);
            let described: Vec<&str> =
                described.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
            assert_eq!(in_path, described, "{method} {path}");
        }
    }
    assert_eq!(names.len(), 30);
}

#[tokio::test]
async fn the_document_is_served() {
    let town = Town::start().await;
    let served: Value = town.client.get(town.at("/api/openapi.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(served, document());
}
