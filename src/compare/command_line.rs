//! The command line of one run: `threadtap run …` with its arguments.

use super::contender::{NUMBER, PORT};
use super::{Client, Contender, Program, Server};
use crate::model::Strategy;
use crate::text::command;

/// What runs are given besides their strategy, their model and their size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Options for every run.
    pub common: Vec<String>,
    /// Options for the embedded server.
    pub server: Vec<String>,
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
    /// The server's port, 0 takes a free one; `None`: the one that the server listens
    /// on.
    pub port: Option<u16>,
}

/// The arguments of a run, `run` itself not among them.
#[must_use]
pub fn run_arguments(contender: &Contender, options: &Options, place: Place<'_>) -> Vec<String> {
    let mut arguments: Vec<String> = ["--format", "json", "--out", place.folder]
        .map(str::to_owned)
        .to_vec();
    let mut give = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
    if let Some(port) = place.port {
        give("--port", port.to_string());
    }
    match &contender.server {
        Server::Model(model) => {
            give("--model", model.to_string());
            arguments.extend_from_slice(&options.server);
        }
        Server::Program(program) => {
            give("--server-cmd", one_text(&filled(program, contender, place)));
            if let Some(folder) = &program.folder {
                give("--server-cwd", folder.clone());
            }
        }
    }
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
            if let Some(folder) = &program.folder {
                arguments.extend(["--client-cwd".to_owned(), folder.clone()]);
            }
            arguments.push("--".to_owned());
            arguments.extend(filled(program, contender, place));
        }
    }
    arguments
}

/// The words of a program with their places filled in. Without a port that is known
/// beforehand no word has a place for one.
fn filled(program: &Program, contender: &Contender, place: Place<'_>) -> Vec<String> {
    let port = place.port.map_or_else(String::new, |port| port.to_string());
    let words = program.words.iter();
    let fill = |word: &String| {
        word.replace(NUMBER, &contender.requests.to_string())
            .replace("{host}", "127.0.0.1")
            .replace(PORT, &port)
    };
    words.map(fill).collect()
}

/// Words as one text, in which sh(1) would find them again.
fn one_text(words: &[String]) -> String {
    let quoted = words.iter().map(|word| command::in_quotes(word));
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::contenders;
    use crate::model::ServerModel;

    fn line(client: Client, options: &Options, port: u16) -> String {
        arguments(
            client,
            Server::Model(ServerModel::Async),
            options,
            Some(port),
        )
        .join(" ")
    }

    fn arguments(
        client: Client,
        server: Server,
        options: &Options,
        port: Option<u16>,
    ) -> Vec<String> {
        let all = contenders(&[client], &[server], &[50]);
        let place = Place {
            folder: "runs/x-1",
            port,
        };
        run_arguments(&all[0], options, place)
    }

    #[test]
    fn of_a_server_of_one_s_own() {
        let options = Options {
            common: vec!["--no-capture".to_owned()],
            server: vec!["--backlog".to_owned(), "8".to_owned()],
            ..Options::default()
        };
        let mut mine = Program::server("mine=./s '&&' \"it's\" -p {port}").unwrap();
        mine.folder = Some("s01".to_owned());
        let client = Client::Strategy(Strategy::Thread);
        let given = arguments(client, Server::Program(mine), &options, Some(7));
        let at = |option: &str| {
            let mut all = given.iter();
            all.find(|word| *word == option).and(all.next()).unwrap()
        };
        assert_eq!(at("--port"), "7");
        assert_eq!(at("--server-cwd"), "s01");
        // As `run` reads it, these are the words again.
        let words = command::words(at("--server-cmd"), "").unwrap();
        assert_eq!(words, ["./s", "&&", "it's", "-p", "7"]);
        for other in ["--model", "--backlog"] {
            assert!(!given.contains(&other.to_owned()), "{given:?}");
        }
        let knows = Program::server("mine=./s").unwrap();
        let client = Client::Strategy(Strategy::Thread);
        let given = arguments(client, Server::Program(knows), &options, None);
        assert!(!given.contains(&"--port".to_owned()), "{given:?}");
    }

    #[test]
    fn of_a_strategy() {
        let options = Options {
            common: Vec::new(),
            server: vec!["--backlog".to_owned(), "8".to_owned()],
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
        let program = Program::client("mine=python3 c.py {host}:{port} -n{n} {m}").unwrap();
        assert_eq!(
            line(Client::Program(program), &options, 4711),
            "--format json --out runs/x-1 --port 4711 --model async --no-capture -n 50 -- python3 c.py 127.0.0.1:4711 -n50 {m}"
        );
        // Of one that is not told how many, nothing is assumed.
        let program = Program::client("mine=./client {port}").unwrap();
        assert_eq!(
            line(Client::Program(program), &Options::default(), 4711),
            "--format json --out runs/x-1 --port 4711 --model async -- ./client 4711"
        );
    }
}
