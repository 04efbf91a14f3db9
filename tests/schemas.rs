//! The JSON Schemas of `docs/schemas` describe what is really written.
//!
//! The records beside this file are of a real run. Each is read into the
//! model's type and written again, so that every field that the type has now is
//! there; then it is held against its schema, and a field that the schema does
//! not name is a failure.

use jsonschema::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use threadtap::analysis::AnalysisSummary;
use threadtap::model::{CeilingRecord, CompareRecord, FlowRecord, RunRecord, WorkerRecord};

const RUN: &str = include_str!("../docs/schemas/run.schema.json");
const ANALYSIS: &str = include_str!("../docs/schemas/analysis.schema.json");
const COMPARE: &str = include_str!("../docs/schemas/compare.schema.json");
const FLOW: &str = include_str!("../docs/schemas/flow.schema.json");
const CEILING: &str = include_str!("../docs/schemas/ceiling.schema.json");
const WORKER: &str = include_str!("../docs/schemas/worker.schema.json");

#[test]
fn a_run_is_as_its_schema_says() {
    hold::<RunRecord>(include_str!("schemas/run.json"), RUN);
}

#[test]
fn a_flow_is_as_its_schema_says() {
    hold::<FlowRecord>(include_str!("schemas/flow.json"), FLOW);
}

#[test]
fn a_comparison_is_as_its_schema_says() {
    hold::<CompareRecord>(include_str!("schemas/compare.json"), COMPARE);
}

#[test]
fn an_analysis_is_as_its_schema_says() {
    hold::<AnalysisSummary>(include_str!("schemas/analysis.json"), ANALYSIS);
}

#[test]
fn workers_are_as_their_schema_says() {
    let workers: Vec<Value> = serde_json::from_str(include_str!("schemas/workers.json")).unwrap();
    for worker in workers {
        hold::<WorkerRecord>(&worker.to_string(), WORKER);
    }
}

/// One that was tried, of all kinds, and one that was only predicted.
#[test]
fn a_ceiling_is_as_its_schema_says() {
    let records: Vec<Value> = serde_json::from_str(include_str!("schemas/ceilings.json")).unwrap();
    for record in records {
        hold::<CeilingRecord>(&record.to_string(), CEILING);
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let strict = strict(WORKER);
    let workers: Vec<Value> = serde_json::from_str(include_str!("schemas/workers.json")).unwrap();
    let wrong = |change: fn(&mut Value)| {
        let mut worker = workers[0].clone();
        change(&mut worker);
        let errors = strict.iter_errors(&worker);
        let mut places: Vec<String> = errors.map(|e| e.instance_path().to_string()).collect();
        places.dedup();
        places
    };
    assert!(wrong(|_| {}).is_empty());
    assert_eq!(wrong(|w| w["new"] = 1.into()), [""]);
    assert_eq!(wrong(|w| w["client"]["new"] = 1.into()), ["/client"]);
    assert_eq!(wrong(|w| w["pid"] = "1".into()), ["/pid"]);
    assert_eq!(wrong(|w| w["pid"] = (-1).into()), ["/pid"]);
    assert_eq!(wrong(|w| w["side"] = Value::Null), ["/side"]);
    assert_eq!(wrong(|w| w["outcome"] = "fine".into()), ["/outcome"]);
    assert_eq!(
        wrong(|w| drop(w.as_object_mut().unwrap().remove("tid"))),
        [""]
    );
}

/// Who reads a record of a later version with these schemas is not refused.
#[test]
fn a_field_of_a_later_version_fits() {
    let schema: Value = serde_json::from_str(WORKER).unwrap();
    let workers: Vec<Value> = serde_json::from_str(include_str!("schemas/workers.json")).unwrap();
    let mut worker = workers[0].clone();
    worker["new"] = 1.into();
    assert!(jsonschema::is_valid(&schema, &worker));
}

fn hold<T: DeserializeOwned + Serialize>(record: &str, schema: &str) {
    let typed: T = serde_json::from_str(record).expect("a record");
    let written = serde_json::to_value(typed).expect("serialisable");
    let problems: Vec<String> = strict(schema)
        .iter_errors(&written)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What holds a record against a schema, fields that are not named refused.
fn strict(schema: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(schema).expect("a schema");
    jsonschema::meta::validate(&schema).expect("a valid schema");
    close(&mut schema);
    jsonschema::validator_for(&schema).expect("a schema")
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            keywords.values_mut().for_each(close);
            if keywords.get("properties").is_some_and(Value::is_object) {
                let open = keywords.entry("additionalProperties");
                open.or_insert(false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
