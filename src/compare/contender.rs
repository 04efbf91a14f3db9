//! Who takes part in a comparison: each client with each server, in each size.

use std::str::FromStr;

use super::Round;
use crate::model::{ServerModel, Strategy};
use crate::text::command;

/// What stands for the number of requests in a program's words.
pub(super) const NUMBER: &str = "{n}";

/// What stands for the server's port.
pub(super) const PORT: &str = "{port}";

/// A program of somebody else's as a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it is called in tables, paths and folders.
    pub name: String,
    /// Its words; `{n}`, `{host}` and `{port}` stand for the number of requests
    /// and the server's address.
    pub words: Vec<String>,
}

impl Program {
    /// Whether it is told how many requests to make: then it is to make them all.
    #[must_use]
    pub fn is_told_the_number(&self) -> bool {
        self.words.iter().any(|word| word.contains(NUMBER))
    }

    /// Whether it is told the server's port; else it has one of its own in mind.
    #[must_use]
    pub fn is_told_the_port(&self) -> bool {
        self.words.iter().any(|word| word.contains(PORT))
    }
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
                "{} is also the name of a folder: use only letters, digits, -, _ and . (not as the first character)",
                name.escape_debug()
            ));
        }
        let words = command::words(command)?;
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
    /// The folder of its run in this round, below the comparison's.
    #[must_use]
    pub fn folder(&self, round: Round) -> String {
        let name = self.name.replace('/', "-");
        match round {
            Round::Warmup(k) => format!("{name}-warmup-{k}"),
            Round::Repeat(k) => format!("{name}-{k}"),
        }
    }
}

/// A folder that the runs of two of them would be saved in, the one over the
/// other; `None` where each has folders of its own.
#[must_use]
pub fn shared_folder(contenders: &[Contender], warmup: bool) -> Option<String> {
    let rounds = [Round::Repeat(1), Round::Warmup(1)];
    let rounds = &rounds[..=usize::from(warmup)];
    let all = contenders.iter();
    let mut folders: Vec<String> = all
        .flat_map(|c| rounds.iter().map(|round| c.folder(*round)))
        .collect();
    folders.sort();
    let mut twice = folders.windows(2).filter(|two| two[0] == two[1]);
    twice.next().map(|two| two[0].clone())
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
    fn a_program_is_told_what_stands_in_its_words() {
        let told = |text: &str| {
            let program: Program = text.parse().unwrap();
            (program.is_told_the_number(), program.is_told_the_port())
        };
        assert_eq!(told("a=./x {n} http://{host}:{port}/"), (true, true));
        assert_eq!(told("a=./x -n{n}"), (true, false));
        assert_eq!(told("a=./x {port}"), (false, true));
        assert_eq!(told("a=./x {host} n port"), (false, false));
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
        assert_eq!(all[0].folder(Round::Repeat(3)), "thread-pool@10-3");
        assert_eq!(all[0].folder(Round::Warmup(1)), "thread-pool@10-warmup-1");
    }

    #[test]
    fn no_two_runs_share_a_folder() {
        let of = |names: &[&str], models: &[ServerModel], warmup: bool| {
            let program = |name: &&str| Client::Program(format!("{name}=./x").parse().unwrap());
            let clients: Vec<Client> = names.iter().map(program).collect();
            shared_folder(&contenders(&clients, models, &[5]), warmup)
        };
        let one = &[ServerModel::Thread][..];
        assert_eq!(of(&["a", "b", "a-1", "a-warm"], one, true), None);
        assert_eq!(of(&["a", "a"], one, false).as_deref(), Some("a-1"));
        let shared = of(&["a", "a-warmup"], one, true);
        assert_eq!(shared.as_deref(), Some("a-warmup-1"));
        assert_eq!(of(&["a", "a-warmup"], one, false), None);
        let two = &[ServerModel::Thread, ServerModel::Pool];
        let shared = of(&["a", "a-pool"], two, true);
        assert_eq!(shared, None);
    }
}
