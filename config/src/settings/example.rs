//! The example settings file: every key with its meaning and its default, generated from the types.

use super::Settings;
use schemars::schema_for;
use serde_json::Value;
use std::fmt::Write;

/// Writes the example: every key is there, commented out, with its default.
pub fn example() -> String {
    let schema = schema_for!(Settings).to_value();
    let defaults = toml::Value::try_from(Settings::default()).unwrap_or(toml::Value::Table(toml::Table::new()));
    let mut out = String::from(
        "# Settings of dauys. Every key is shown with its default; uncomment what you change.\n\
         # A key can also be set by the environment: DAUYS__HTTP__LISTEN=0.0.0.0:8109 sets [http] listen.\n\
         # `dauys check FILE` explains mistakes. Generated from the code by `make generate`.\n",
    );
    section(&mut out, &schema, &schema, &defaults, "");
    out
}

fn section(out: &mut String, root: &Value, schema: &Value, defaults: &toml::Value, path: &str) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let mut nested = Vec::new();
    for (key, property) in properties {
        let target = resolve(root, property);
        let value = defaults.get(key);
        let is_section = target.get("properties").is_some() && !is_secret(target);
        if is_section {
            nested.push((key, target, property, value));
            continue;
        }
        out.push('\n');
        comment(out, description(property).or_else(|| description(target)));
        match value {
            Some(value) => {
                let _ = writeln!(out, "#{key} = {}", inline(value));
            }
            None => {
                let _ = writeln!(out, "#{key} =");
            }
        }
    }
    for (key, target, property, value) in nested {
        let name = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        out.push('\n');
        comment(out, description(property).or_else(|| description(target)));
        let _ = writeln!(out, "[{name}]");
        let empty = toml::Value::Table(toml::Table::new());
        section(out, root, target, value.unwrap_or(&empty), &name);
    }
}

fn is_secret(schema: &Value) -> bool {
    schema.pointer("/properties/env").is_some() && schema.pointer("/properties/file").is_some()
}

/// Follows a reference to the definition that holds the shape.
fn resolve<'a>(root: &'a Value, property: &'a Value) -> &'a Value {
    let reference = property
        .get("$ref")
        .or_else(|| property.pointer("/allOf/0/$ref"))
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| root.pointer(pointer)).unwrap_or(property)
}

fn description(schema: &Value) -> Option<&str> {
    schema.get("description").and_then(Value::as_str)
}

fn comment(out: &mut String, text: Option<&str>) {
    for line in text.unwrap_or_default().lines() {
        let _ = writeln!(out, "# {line}");
    }
}

/// Writes a value on one line; a table becomes an inline table.
fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(table) => {
            let entries: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::check_text;

    #[test]
    fn the_example_is_accepted_as_it_is_and_with_every_default_uncommented() {
        let text = example();
        check_text("example", &text, std::iter::empty()).unwrap();
        let uncommented: String = text
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') && !rest.ends_with('=') => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        check_text("example", &uncommented, std::iter::empty()).unwrap();
    }

    #[test]
    fn every_key_is_documented() {
        let text = example();
        let mut above = "";
        for line in text.lines() {
            let is_key = line.starts_with('#') && !line.starts_with("# ") && line.contains(" =");
            assert!(!is_key || above.starts_with("# "), "no meaning above: {line}");
            above = line;
        }
        assert!(text.contains("[bus.kafka]") && text.contains("#listen = \"127.0.0.1:8109\""), "{text}");
    }
}
