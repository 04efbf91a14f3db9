//! Who takes part in a comparison: each client with each server, in each size.

use std::str::FromStr;

use crate::model::{ServerModel, Strategy};

/// A program of somebody else's as a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it is called in tables, paths and folders.
    pub name: String,
    /// Its words; `{n}`, `{host}` and `{port}` stand for the number of requests
    /// and the server's address.
    pub words: Vec<String>,
}

impl FromStr for Program {
    type Err = String;

    /// Reads `name=command`, its words parted as a shell would part them.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            "a program is given as NAME=COMMAND, for example 'mine=python3 client.py {port} {n}'"
                .to_owned()
        };
        let (name, command) = text.split_once('=').ok_or_else(form)?;
        let letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(letter) {
            return Err(format!(
                "{} names a folder: use letters, digits, - and _",
                name.escape_debug()
            ));
        }
        let words = shlex::split(command)
            .ok_or_else(|| "the program's command has a quote that does not end".to_owned())?;
        if words.is_empty() {
            return Err(form());
        }
        Ok(Self {
            name: name.to_owned(),
            words,
        })
    }
}

/// Who makes the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// A strategy of the built-in client.
    Strategy(Strategy),
    /// Somebody else's program.
    Program(Program),
}

impl Client {
    fn name(&self) -> String {
        match self {
            Self::Strategy(strategy) => strategy.to_string(),
            Self::Program(program) => program.name.clone(),
        }
    }
}

/// One row of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contender {
    /// The row's name.
    pub name: String,
    /// The row's name without its size.
    pub stem: String,
    /// Who makes the requests.
    pub client: Client,
    /// How the server handles them.
    pub model: ServerModel,
    /// How many there are.
    pub requests: u32,
}

impl Contender {
    /// Its name as a folder's.
    #[must_use]
    pub fn folder(&self) -> String {
        self.name.replace('/', "-")
    }
}

/// Each client with each model in each size, sizes first. A part of the name
/// that all have in common is left out.
#[must_use]
pub fn contenders(clients: &[Client], models: &[ServerModel], sizes: &[u32]) -> Vec<Contender> {
    let mut all = Vec::with_capacity(clients.len() * models.len() * sizes.len());
    for &requests in sizes {
        for &model in models {
            for client in clients {
                let mut stem = client.name();
                if models.len() > 1 {
                    stem = format!("{stem}/{model}");
                }
                let name = if sizes.len() > 1 {
                    format!("{stem}@{requests}")
                } else {
                    stem.clone()
                };
                all.push(Contender {
                    name,
                    stem,
                    client: client.clone(),
                    model,
                    requests,
                });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_a_name_and_words() {
        let program: Program = "mine=python3 'my client.py' {port} \"{n}\""
            .parse()
            .unwrap();
        assert_eq!(program.name, "mine");
        assert_eq!(program.words, ["python3", "my client.py", "{port}", "{n}"]);
        // Nothing is expanded: no shell is there.
        let program: Program = "b=./x $HOME *.c a=b;ls".parse().unwrap();
        assert_eq!(program.words, ["./x", "$HOME", "*.c", "a=b;ls"]);
        for wrong in [
            "", "x", "=x", "a=", "a b=c", "../a=b", "a/b=c", ".=x", "a='x",
        ] {
            assert!(wrong.parse::<Program>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_say_what_differs() {
        let clients = [Strategy::Thread, Strategy::Async].map(Client::Strategy);
        let names = |models: &[ServerModel], sizes: &[u32]| {
            let all = contenders(&clients, models, sizes);
            all.into_iter().map(|c| c.name).collect::<Vec<_>>()
        };
        let (pool, process) = (ServerModel::Pool, ServerModel::Process);
        assert_eq!(names(&[pool], &[10]), ["thread", "async"]);
        assert_eq!(
            names(&[pool, process], &[10]),
            [
                "thread/pool",
                "async/pool",
                "thread/process",
                "async/process"
            ]
        );
        assert_eq!(
            names(&[pool], &[10, 100]),
            ["thread@10", "async@10", "thread@100", "async@100"]
        );
        let all = contenders(&clients, &[pool, process], &[10, 20]);
        assert_eq!(all[0].name, "thread/pool@10");
        assert_eq!(all[0].stem, "thread/pool");
        assert_eq!(all[0].folder(), "thread-pool@10");
    }
}
