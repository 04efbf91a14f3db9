//! Figures of a finding's evidence, as people read them.

use serde_json::Value;

use super::sheet::ABSENT;

/// A figure without the signs of JSON: `a, b` for a list, `a: 1, b: 2` for an object.
pub(super) fn figure_of(value: &Value) -> String {
    match value {
        Value::Null => ABSENT.to_owned(),
        Value::Array(items) if items.is_empty() => ABSENT.to_owned(),
        Value::Object(items) if items.is_empty() => ABSENT.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(figure_of).collect::<Vec<_>>().join(", "),
        Value::Object(items) => {
            let items = items
                .iter()
                .map(|(name, n)| format!("{name}: {}", figure_of(n)));
            items.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
