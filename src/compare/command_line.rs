//! The command line of one run: `threadtap run …` with its arguments.

use super::contender::{NUMBER, PORT};
use super::{Client, Contender};
use crate::model::Strategy;

/// What runs are given besides their strategy, their model and their size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Options for every run.
    pub common: Vec<String>,
    /// Options for the built-in client.
    pub client: Vec<String>,
    /// Options for the strategy `pool`.
    pub pool: Vec<String>,
}

/// Where one run takes place.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The folder that it is saved in.
    pub folder: &'a str,
    /// The server's port; 0 takes a free one.
    pub port: u16,
}

/// The arguments of a run, `run` itself not among them.
#[must_use]
pub fn run_arguments(contender: &Contender, options: &Options, place: Place<'_>) -> Vec<String> {
    let port = place.port.to_string();
    let mut arguments: Vec<String> = ["--format", "json", "--out", place.folder, "--port", &port]
        .map(str::to_owned)
        .to_vec();
    arguments.extend(["--model".to_owned(), contender.model.to_string()]);
    arguments.extend_from_slice(&options.common);
    match &contender.client {
        Client::Strategy(strategy) => {
            let requests = contender.requests.to_string();
            let own = ["--strategy", &strategy.to_string(), "-n", &requests].map(str::to_owned);
            arguments.extend(own);
            arguments.extend_from_slice(&options.client);
            if *strategy == Strategy::Pool {
                arguments.extend_from_slice(&options.pool);
            }
        }
        Client::Program(program) => {
            // Who is told the number is to make as many: what is missing failed.
            if program.is_told_the_number() {
                arguments.extend(["-n".to_owned(), contender.requests.to_string()]);
            }
            arguments.push("--".to_owned());
            let words = program.words.iter();
            arguments.extend(words.map(|word| fill(word, contender.requests, place.port)));
        }
    }
    arguments
}

/// A word of a program with its places filled in. The embedded server listens
/// on 127.0.0.1.
fn fill(word: &str, requests: u32, port: u16) -> String {
    word.replace(NUMBER, &requests.to_string())
        .replace("{host}", "127.0.0.1")
        .replace(PORT, &port.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::contenders;
    use crate::model::ServerModel;

    fn line(client: Client, options: &Options, port: u16) -> String {
        let all = contenders(&[client], &[ServerModel::Async], &[50]);
        let place = Place {
            folder: "runs/x-1",
            port,
        };
        run_arguments(&all[0], options, place).join(" ")
    }

    #[test]
    fn of_a_strategy() {
        let options = Options {
            common: vec!["--backlog".to_owned(), "8".to_owned()],
            client: vec!["--gate".to_owned()],
            pool: vec!["--workers".to_owned(), "3".to_owned()],
        };
        assert_eq!(
            line(Client::Strategy(Strategy::Thread), &options, 0),
            "--format json --out runs/x-1 --port 0 --model async --backlog 8 --strategy thread -n 50 --gate"
        );
        let pool = line(Client::Strategy(Strategy::Pool), &options, 0);
        assert!(
            pool.ends_with("--strategy pool -n 50 --gate --workers 3"),
            "{pool}"
        );
    }

    #[test]
    fn of_a_program() {
        let options = Options {
            common: vec!["--no-capture".to_owned()],
            client: vec!["--gate".to_owned()],
            ..Options::default()
        };
        let program = "mine=python3 c.py {host}:{port} -n{n} {m}".parse().unwrap();
        assert_eq!(
            line(Client::Program(program), &options, 4711),
            "--format json --out runs/x-1 --port 4711 --model async --no-capture -n 50 -- python3 c.py 127.0.0.1:4711 -n50 {m}"
        );
        // Of one that is not told how many, nothing is assumed.
        let program = "mine=./client {port}".parse().unwrap();
        assert_eq!(
            line(Client::Program(program), &Options::default(), 4711),
            "--format json --out runs/x-1 --port 4711 --model async -- ./client 4711"
        );
    }
}
