//! A program's own word: the lines that `tests/programs/own.h` describes.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// What a program said of itself.
#[derive(Debug)]
pub struct Own {
    /// Its facts, in the order in which it wrote them.
    facts: Vec<Value>,
    /// What did not hold.
    pub failed: Vec<Value>,
    /// Its totals; `None` if it did not come to its end.
    end: Option<Value>,
}

/// A process and a thread of it.
pub type Task = (u64, u64);

/// A connection: the client's port, and how many had it before. The system may give a port
/// again within a second (`net.ipv4.tcp_tw_reuse`).
pub type Connection = (u64, usize);

/// The connections whose ports these are, one after the other.
pub fn connections(ports: impl Iterator<Item = u64>) -> impl Iterator<Item = Connection> {
    let mut had: HashMap<u64, usize> = HashMap::new();
    ports.map(move |port| {
        let before = had.entry(port).or_default();
        *before += 1;
        (port, *before - 1)
    })
}

impl Own {
    pub fn read(text: &str) -> Self {
        let lines: Vec<Value> = text
            .lines()
            .filter(|line| line.starts_with('{'))
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let with = |name: &str| -> Vec<Value> {
            let all = lines.iter().filter(|line| line.get(name).is_some());
            all.cloned().collect()
        };
        Self {
            facts: with("fact"),
            failed: lines
                .iter()
                .filter(|l| l["failed"].is_string())
                .cloned()
                .collect(),
            end: with("program").pop(),
        }
    }

    /// Its totals.
    #[track_caller]
    pub fn end(&self) -> &Value {
        self.end.as_ref().expect("it says its totals at its end")
    }

    pub fn came_to_its_end(&self) -> bool {
        self.end.is_some()
    }

    /// A number of its last line.
    pub fn total(&self, name: &str) -> Option<u64> {
        self.end.as_ref()?.get(name)?.as_u64()
    }

    /// Threads and processes that it made.
    pub fn made(&self) -> (u64, u64) {
        let total = |name| self.total(name).unwrap_or_else(|| panic!("{name}"));
        (total("threads"), total("processes"))
    }

    pub fn of(&self, kind: &str) -> Vec<&Value> {
        self.facts.iter().filter(|f| f["fact"] == kind).collect()
    }

    /// Who did this, by connection.
    pub fn by_connection(&self, kind: &str) -> BTreeMap<Connection, Task> {
        let number = |fact: &Value, name: &str| fact[name].as_u64().unwrap();
        let facts = self.of(kind);
        let tasks = facts.iter().map(|f| (number(f, "pid"), number(f, "tid")));
        connections(facts.iter().map(|f| number(f, "port")))
            .zip(tasks)
            .collect()
    }
}
