//! The JSON Schemas of `docs/schemas` describe what is really written.
//!
//! The records beside this file are of a real run. Each is read into the
//! model's type and written again, so that every field that the type has now is
//! there; then it is held against its schema, and a field that the schema does
//! not name is a failure.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use threadtap::analysis::AnalysisSummary;
use threadtap::decode::Skip;
use threadtap::model::{
    CeilingRecord, CompareRecord, FlowRecord, Outcome, RunRecord, WorkerRecord,
};

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
fn the_schema_of_an_analysis_knows_every_name() {
    let schema: Value = serde_json::from_str(ANALYSIS).unwrap();
    let names = |of: &str| schema["properties"][of]["propertyNames"]["enum"].clone();
    let skips: Vec<&str> = Skip::ALL.iter().map(|s| s.name()).collect();
    assert_eq!(names("skipped"), Value::from(skips));
    let flow: Value = serde_json::from_str(FLOW).unwrap();
    assert_eq!(names("states"), flow["properties"]["state"]["enum"]);
    assert_eq!(names("closes"), flow["properties"]["close"]["enum"]);
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
fn the_schema_knows_every_outcome() {
    let schema: Value = serde_json::from_str(WORKER).unwrap();
    let known = schema["properties"]["outcome"]["enum"].as_array().unwrap();
    for outcome in Outcome::ALL {
        assert!(known.contains(&outcome.name().into()), "{outcome:?}");
    }
    let run: Value = serde_json::from_str(RUN).unwrap();
    let failed = &run["properties"]["requests"]["properties"]["failed"];
    let reasons: Vec<&str> = Outcome::ALL.iter().skip(1).map(|o| o.name()).collect();
    assert_eq!(failed["propertyNames"]["enum"], Value::from(reasons));
}

#[test]
fn what_does_not_fit_is_found() {
    let schema: Value = serde_json::from_str(WORKER).unwrap();
    let workers: Vec<Value> = serde_json::from_str(include_str!("schemas/workers.json")).unwrap();
    let wrong = |change: fn(&mut Value)| {
        let mut worker = workers[0].clone();
        change(&mut worker);
        let mut problems = Vec::new();
        check(&worker, &schema, "", &mut problems);
        problems.len()
    };
    assert_eq!(wrong(|_| {}), 0);
    assert_eq!(wrong(|w| w["new"] = 1.into()), 1);
    assert_eq!(wrong(|w| w["pid"] = "1".into()), 1);
    assert_eq!(wrong(|w| w["outcome"] = "fine".into()), 1);
    assert_eq!(wrong(|w| drop(w.as_object_mut().unwrap().remove("tid"))), 1);
}

fn hold<T: DeserializeOwned + Serialize>(record: &str, schema: &str) {
    let typed: T = serde_json::from_str(record).expect("a record");
    let written = serde_json::to_value(typed).expect("serialisable");
    let schema: Value = serde_json::from_str(schema).expect("a schema");
    let mut problems = Vec::new();
    check(&written, &schema, "", &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The part of JSON Schema that these schemas use.
fn check(value: &Value, schema: &Value, at: &str, problems: &mut Vec<String>) {
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        problems.push(format!("{at}: {value} is not {constant}"));
    }
    if let Some(known) = schema["enum"].as_array()
        && !known.contains(value)
    {
        problems.push(format!("{at}: {value} is not among {known:?}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|t| is(value, t)) {
        problems.push(format!("{at}: {value} is none of {types:?}"));
    }
    if let Some(fields) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap_or_default()) {
                problems.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, field) in fields {
            let at = format!("{at}.{name}");
            match (
                schema["properties"].get(name),
                schema.get("additionalProperties"),
            ) {
                (Some(of), _) | (None, Some(of)) => check(field, of, &at, problems),
                (None, None) => problems.push(format!("{at} is not described")),
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        check(item, &schema["items"], &format!("{at}[]"), problems);
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
