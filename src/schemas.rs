//! The JSON Schemas of `docs/schemas`, made of the types that are written.
//!
//! A record's type comes in, the text of its schema goes out; the names, the
//! order and the documentation of the fields are the type's. This is a test: the
//! files are part of the program (`expect` reads them), and when they are not
//! what the types say it fails and tells how to write them again.

use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::transform_subschemas;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::analysis::{AnalysisSummary, SCHEMA_ANALYSIS};
use crate::doctor::{DoctorRecord, SCHEMA_DOCTOR};
use crate::model::{
    CeilingRecord, CompareRecord, FlowRecord, RunRecord, SCHEMA_CEILING, SCHEMA_COMPARE,
    SCHEMA_RUN, WorkerRecord,
};

const WRITE: &str = "THREADTAP_WRITE_SCHEMAS";

/// Fields of a record that its first writers did not know, and which a reader is
/// not to insist on.
const YOUNGER: [&str; 1] = ["sides"];

/// The keywords in the order in which a person reads them; others come last.
const KEYWORDS: [&str; 10] = [
    "$schema",
    "$comment",
    "title",
    "description",
    "type",
    "const",
    "enum",
    "required",
    "properties",
    "propertyNames",
];

/// Each file's name and what is to stand in it.
fn schemas() -> [(&'static str, String); 7] {
    [
        ("run", schema::<RunRecord>(SCHEMA_RUN)),
        ("compare", schema::<CompareRecord>(SCHEMA_COMPARE)),
        ("analysis", schema::<AnalysisSummary>(SCHEMA_ANALYSIS)),
        ("ceiling", schema::<CeilingRecord>(SCHEMA_CEILING)),
        ("doctor", schema::<DoctorRecord>(SCHEMA_DOCTOR)),
        ("flow", schema::<FlowRecord>("threadtap flow")),
        ("worker", schema::<WorkerRecord>("threadtap worker")),
    ]
}

#[test]
fn the_schemas_are_what_the_types_say() {
    let mut stale = Vec::new();
    for (name, schema) in schemas() {
        let file = format!("docs/schemas/{name}.schema.json");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &schema).unwrap();
        } else if std::fs::read_to_string(&path).ok() != Some(schema) {
            stale.push(file);
        }
    }
    assert!(
        stale.is_empty(),
        "{} not as the types say; write anew with: {WRITE}=1 cargo test --lib schemas",
        stale.join(", "),
    );
}

/// What people and programs read has no link that only rustdoc can follow.
#[test]
fn the_descriptions_stand_alone() {
    for schema in schemas().map(|(_, schema)| schema) {
        let link = schema.lines().find(|line| line.contains("[`"));
        assert_eq!(link, None);
    }
}

/// The text of a type's schema.
fn schema<T: JsonSchema>(title: &str) -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        // What is written, not what can be read: every field is there.
        settings.contract = Contract::Serialize;
        // A path of an expectation is followed without looking anything up.
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    tidy(&mut schema);
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !YOUNGER.contains(&name.as_str().unwrap_or_default()));
    }
    schema.insert("title".to_owned(), title.into());
    let comment = "Generated from the types in src; do not edit.";
    schema.insert("$comment".to_owned(), comment.into());
    let ordered = Ordered {
        value: schema.as_value(),
        first: &KEYWORDS,
    };
    serde_json::to_string_pretty(&ordered).unwrap() + "\n"
}

/// Takes out what is Rust's (the widths of numbers, what stands in for a field that
/// an earlier version did not write, the line breaks of comments), and says in what
/// unit a time is, which its type knows.
fn tidy(schema: &mut schemars::Schema) {
    if schema.get("type") != Some(&"string".into()) {
        schema.remove("format");
    }
    schema.remove("default");
    let unit = schema.remove("x-unit");
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs = text.split("\n\n").map(|part| part.replace('\n', " "));
        *text = paragraphs.collect::<Vec<_>>().join("\n\n");
        if let Some(Value::String(unit)) = unit {
            *text = format!("{text} {unit}");
        }
    }
    transform_subschemas(&mut tidy, schema);
}

/// A value whose names come in an order of our own.
struct Ordered<'a> {
    value: &'a Value,
    /// The names that come first.
    first: &'a [&'a str],
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(map) => {
                let place = |name: &str| self.first.iter().position(|first| *first == name);
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
                // A type's fields are all required, and named in their order.
                let fields = map.get("required").and_then(Value::as_array);
                let fields: Vec<&str> = fields
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (name, value) in entries {
                    let first = if name == "properties" {
                        &fields[..]
                    } else {
                        &KEYWORDS
                    };
                    out.serialize_entry(name, &Ordered { value, first })?;
                }
                out.end()
            }
            Value::Array(items) => {
                let ordered = |value| Ordered {
                    value,
                    first: &KEYWORDS,
                };
                serializer.collect_seq(items.iter().map(ordered))
            }
            other => other.serialize(serializer),
        }
    }
}
