//! Following a path through a JSON Schema and, where there is one, through the
//! record that it describes.
//!
//! The schema says which names exist, so that a path can be judged without a
//! record; the record says what is there. What a schema leaves open (a finding's
//! evidence) only the record can tell.

use std::fmt;

use serde_json::{Map, Value};

use super::Expectation;
use super::parse::units_of;

/// Why an expectation does not fit the record that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is no such path; these are the nearest that there are.
    Unknown {
        /// The path as it was given.
        path: String,
        /// Paths that exist, the nearest first.
        nearest: Vec<String>,
    },
    /// The path exists, but what is there cannot be compared with the value.
    Mismatch {
        /// The path as it was given.
        path: String,
        /// What is there.
        reason: String,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { path, nearest } if nearest.is_empty() => {
                write!(f, "there is no field {path}")
            }
            Self::Unknown { path, nearest } => write!(
                f,
                "there is no field {path}; similar fields are {}",
                nearest.join(", ")
            ),
            Self::Mismatch { path, reason } => write!(f, "{path} {reason}"),
        }
    }
}

impl std::error::Error for Unfit {}

/// A place that a path leads to.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    /// Its full path.
    pub(super) at: String,
    /// What the schema says of it; `None` where it leaves that open.
    pub(super) schema: Option<&'a Value>,
    /// What is there: `null` where the record has nothing; `None` without a record.
    pub(super) value: Option<Value>,
    /// Why there is nothing there: a list on the way is too short.
    pub(super) absent: Option<String>,
}

/// What the elements of some lists are called, where that is known without a
/// record: a list's path, and for each element the names that it goes by.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists(pub(super) Vec<(&'static str, Vec<Vec<String>>)>);

impl Lists {
    /// The elements of the list with this path.
    pub(super) fn elements(&self, list: &str) -> Option<&[Vec<String>]> {
        let mut known = self.0.iter();
        let (_, elements) = known.find(|(path, _)| *path == list)?;
        Some(elements)
    }

    /// The places that a path leads to from here; `None` when it leads nowhere.
    pub(super) fn walk<'s>(&self, from: Place<'s>, path: &[String]) -> Option<Vec<Place<'s>>> {
        let [name, rest @ ..] = path else {
            return Some(vec![from]);
        };
        match from.schema {
            Some(schema) if schema.get("items").is_some() => self.below_list(&from, name, path),
            Some(schema) if is_object(schema) => self.below_object(&from, schema, path),
            Some(schema) if *schema != Value::Bool(true) => None,
            _ => {
                // Left open: the record alone can tell.
                let value = match &from.value {
                    None | Some(Value::Null) => from.value.clone(),
                    Some(Value::Array(items)) if name == "length" => Some(items.len().into()),
                    Some(Value::Array(items)) => Some(items.get(index(name)?)?.clone()),
                    Some(Value::Object(fields)) => Some(fields.get(name)?.clone()),
                    Some(_) => return None,
                };
                self.walk(from.below(name, None, value), rest)
            }
        }
    }

    fn below_object<'s>(
        &self,
        from: &Place<'s>,
        schema: &'s Value,
        path: &[String],
    ) -> Option<Vec<Place<'s>>> {
        let fields = schema["properties"].as_object();
        if let Some(fields) = fields {
            if let Some(of) = fields.get(&path[0]) {
                let value = from.value.as_ref().map(|v| field(v, &path[0]));
                return self.walk(from.below(&path[0], Some(of), value), &path[1..]);
            }
            // `client.threads.peak` is `census.client.threads.peak`.
            if let Some(of) = fields.get("census") {
                let value = from.value.as_ref().map(|v| field(v, "census"));
                return self.walk(from.below("census", Some(of), value), path);
            }
        }
        let of = schema.get("additionalProperties")?;
        let known = schema["propertyNames"]["enum"].as_array();
        // A name may have dots of its own: kernel.pid_max.
        (1..=path.len()).rev().find_map(|n| {
            let name = path[..n].join(".");
            let there = from.value.as_ref().and_then(|v| v.get(&name));
            let value = match (there, known) {
                (Some(there), _) => Some(there.clone()),
                (None, Some(known)) if !known.contains(&name.as_str().into()) => return None,
                (None, Some(_)) => from.value.as_ref().map(|v| match v {
                    // A reason that is not named did not occur; of what can be
                    // unknown nothing is said.
                    Value::Object(_) if of["type"] == "integer" => 0.into(),
                    _ => Value::Null,
                }),
                (None, None) => match from.value {
                    Some(Value::Object(_)) => return None,
                    _ => from.value.clone(),
                },
            };
            self.walk(from.below(&name, Some(of), value), &path[n..])
        })
    }

    fn below_list<'s>(
        &self,
        from: &Place<'s>,
        name: &String,
        path: &[String],
    ) -> Option<Vec<Place<'s>>> {
        let of = from.schema?.get("items");
        let items = from.value.as_ref().and_then(Value::as_array);
        let rest = &path[1..];
        let element = |called: &str, value: Option<Value>, rest: &[String]| {
            self.walk(from.below(called, of, value), rest)
        };
        if name == "length" && rest.is_empty() {
            let length = match (&from.value, items) {
                (_, Some(items)) => Some(items.len().into()),
                (Some(_), None) => Some(Value::Null),
                (None, None) => None,
            };
            return Some(vec![from.below(name, Some(&LENGTH), length)]);
        }
        if name == "*" {
            let Some(items) = items else {
                return element("*", from.value.clone(), rest);
            };
            let mut places = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let called = called(item).into_iter().next();
                let called = called.unwrap_or_else(|| at.to_string());
                places.extend(element(&called, Some(item.clone()), rest)?);
            }
            return Some(places);
        }
        let known = self.elements(&from.at);
        // A row may be called 7.
        let called_so = |all: &[Vec<String>]| all.iter().any(|names| names.contains(name));
        if let Some(at) = index(name).filter(|_| !known.is_some_and(called_so)) {
            let none = from.value.as_ref().map(|_| Value::Null);
            let value = items.and_then(|items| items.get(at).cloned()).or(none);
            let mut place = from.below(name, of, value);
            let length = match &from.value {
                Some(_) => items.map(Vec::len),
                None => known.map(<[_]>::len),
            };
            if let Some(length) = length.filter(|length| at >= *length) {
                place.absent = Some(elements(&from.at, length));
            }
            return self.walk(place, rest);
        }
        if known.is_some_and(<[_]>::is_empty) && from.value.is_none() {
            let mut place = from.below(name, of, None);
            place.absent = Some(elements(&from.at, 0));
            return self.walk(place, rest);
        }
        // By its name, which may have dots of its own.
        (1..=path.len()).rev().find_map(|n| {
            let wanted = path[..n].join(".");
            let named = |item: &&Value| called(item).contains(&wanted);
            let there = items.and_then(|items| items.iter().find(named));
            let value = match there {
                Some(there) => Some(there.clone()),
                // One that was to come, and did not.
                None if known.is_some_and(|all| all.iter().any(|e| e.contains(&wanted))) => {
                    from.value.as_ref().map(|_| Value::Null)
                }
                None => return None,
            };
            element(&wanted, value, &path[n..])
        })
    }
}

static LENGTH: std::sync::LazyLock<Value> =
    std::sync::LazyLock::new(|| serde_json::json!({"type": "integer"}));

impl<'s> Place<'s> {
    fn below(&self, name: &str, schema: Option<&'s Value>, value: Option<Value>) -> Self {
        Self {
            at: if self.at.is_empty() {
                name.to_owned()
            } else {
                format!("{}.{name}", self.at)
            },
            schema,
            value,
            absent: self.absent.clone(),
        }
    }

    /// Whether `null` is not only what was not measured here.
    pub(super) fn may_be_unlimited(&self) -> bool {
        let description = self.schema.and_then(|s| s["description"].as_str());
        description.is_some_and(|text| text.contains("null: unlimited"))
    }

    /// Whether it is no single value, but has fields.
    pub(super) fn has_fields(&self) -> bool {
        self.schema.is_some_and(is_object)
    }

    /// Whether what is there can be compared with the wanted value at all.
    pub(super) fn fits(&self, expectation: &Expectation) -> Result<(), String> {
        self.is_of_its_kind(expectation)?;
        let (comparison, wanted) = (expectation.comparison, &expectation.wanted);
        if comparison.orders() && !wanted.is_number() {
            return Err(format!(
                "cannot be compared so: {comparison} is for numbers, and {wanted} is not a number; use == or !="
            ));
        }
        Ok(())
    }

    fn is_of_its_kind(&self, expectation: &Expectation) -> Result<(), String> {
        let (Some(schema), wanted) = (self.schema, &expectation.wanted) else {
            return Ok(());
        };
        if wanted.is_null() {
            return Ok(());
        }
        if let Some(names) = schema["properties"].as_object() {
            return Err(format!(
                "is not a single value; choose one of its fields: {}",
                keys(names).join(", ")
            ));
        }
        if is_object(schema) {
            return Err("is not a single value; choose one of its fields".to_owned());
        }
        if schema.get("items").is_some() {
            return Err("is a list; choose one element by its number, or the length".to_owned());
        }
        if let Some(known) = schema["enum"].as_array() {
            let texts: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            return match wanted.as_str() {
                Some(text) if texts.contains(&text) => Ok(()),
                _ => Err(format!("must be one of {}", texts.join(", "))),
            };
        }
        let is = |kind: &str| match &schema["type"] {
            Value::String(one) => one == kind,
            Value::Array(several) => several.iter().any(|k| k == kind),
            _ => true,
        };
        let number = is("integer") || is("number");
        match wanted {
            Value::Number(_) if number => Ok(()),
            Value::String(_) if is("string") => Ok(()),
            Value::Bool(_) if is("boolean") => Ok(()),
            _ if number => Err(format!(
                "is a number, and {wanted} is not a number{}",
                units_of(&self.at)
            )),
            _ if is("string") => Err("is a text; compare it with a text, with == or !=".to_owned()),
            _ => Err("is true or false; compare it with true or false, with == or !=".to_owned()),
        }
    }
}

pub(super) fn is_object(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema.get("additionalProperties").is_some()
}

pub(super) fn keys(names: &Map<String, Value>) -> Vec<&str> {
    names.keys().map(String::as_str).collect()
}

/// The names that an element goes by: its own, or those of a pair.
fn called(item: &Value) -> Vec<String> {
    let text = |field: &str| item.get(field).and_then(Value::as_str);
    match (text("name"), text("a"), text("b")) {
        (Some(name), ..) => vec![name.to_owned()],
        (None, Some(a), Some(b)) => vec![format!("{a}.{b}"), format!("{b}.{a}")],
        _ => Vec::new(),
    }
}

/// How many elements a list has, in words.
fn elements(list: &str, length: usize) -> String {
    match length {
        0 => format!("{list} is empty"),
        1 => format!("{list} has one element, {list}.0"),
        n => format!("{list} has {n} elements, {list}.0 to {list}.{}", n - 1),
    }
}

fn index(name: &str) -> Option<usize> {
    name.parse().ok()
}

/// A field of an object; what is below nothing is nothing.
fn field(value: &Value, name: &str) -> Value {
    value.get(name).cloned().unwrap_or(Value::Null)
}
