//! Who takes part in a comparison: each client with each server, in each size.

use super::Round;
use crate::model::{ServerModel, Strategy};
use crate::text::command;

/// What stands for the number of requests in a program's words.
pub(super) const NUMBER: &str = "{n}";

/// What stands for the server's port.
pub(super) const PORT: &str = "{port}";

/// A program of somebody else's, as a client or as a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it is called in tables, paths and folders.
    pub name: String,
    /// Its words; `{n}`, `{host}` and `{port}` stand for the number of requests
    /// and the server's address.
    pub words: Vec<String>,
    /// The folder that it runs in; `None`: the present one.
    pub folder: Option<String>,
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

    /// Reads a client, `name=command`, its words parted as a shell would part them.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn client(text: &str) -> Result<Self, String> {
        Self::read(text, "'mine=python3 client.py {port} {n}'", "--client-cwd")
    }

    /// Reads a server likewise.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn server(text: &str) -> Result<Self, String> {
        Self::read(text, "'mine=python3 server.py {port}'", "--server-cwd")
    }

    fn read(text: &str, example: &str, folder: &str) -> Result<Self, String> {
        let form = || format!("a program is given as NAME=COMMAND, for example {example}");
        let (name, command) = text.split_once('=').ok_or_else(form)?;
        let letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(letter) {
            return Err(format!(
                "{} is also the name of a folder: use only letters, digits, -, _ and . (not as the first character)",
                name.escape_debug()
            ));
        }
        let words = command::words(command, &format!("{folder} {name}=DIR"))?;
        if words.is_empty() {
            return Err(form());
        }
        Ok(Self {
            name: name.to_owned(),
            words,
            folder: None,
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

/// Who serves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// The embedded server, which handles connections in this way.
    Model(ServerModel),
    /// Somebody else's program.
    Program(Program),
}

impl From<ServerModel> for Server {
    fn from(model: ServerModel) -> Self {
        Self::Model(model)
    }
}

impl Server {
    fn name(&self) -> String {
        match self {
            Self::Model(model) => model.to_string(),
            Self::Program(program) => program.name.clone(),
        }
    }

    /// The model of the embedded server.
    #[must_use]
    pub fn model(&self) -> Option<ServerModel> {
        match self {
            Self::Model(model) => Some(*model),
            Self::Program(_) => None,
        }
    }

    /// The program that it is.
    #[must_use]
    pub fn program(&self) -> Option<&Program> {
        match self {
            Self::Model(_) => None,
            Self::Program(program) => Some(program),
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
    /// Who serves them.
    pub server: Server,
    /// How many there are.
    pub requests: u32,
}

impl Contender {
    /// The port of its runs, where `given` is the one that was asked for, 0 for any,
    /// and `known` the one that a program knows which is not told any.
    #[must_use]
    pub fn port(&self, given: u16, known: u16) -> Port {
        let client = match &self.client {
            Client::Strategy(_) => None,
            Client::Program(program) => Some(program.is_told_the_port()),
        };
        let server = self.server.program().map(Program::is_told_the_port);
        match (given, client, server) {
            (1.., ..) => Port::This(given),
            // Where no side has to be told, the server says where it listens.
            (0, None | Some(false), Some(false)) => Port::Servers,
            // One that is not told has the lab's port in mind.
            (0, Some(true), Some(false)) | (0, Some(false), _) => Port::This(known),
            (0, None | Some(true), None | Some(true)) => Port::Free,
        }
    }

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

/// On which port a run takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// On this one, of which both sides know.
    This(u16),
    /// On any free one, of which both sides are told.
    Free,
    /// On the one that the server listens on.
    Servers,
}

/// Each client with each server in each size, sizes first. A part of the name
/// that all have in common is left out.
#[must_use]
pub fn contenders<S: Clone + Into<Server>>(
    clients: &[Client],
    servers: &[S],
    sizes: &[u32],
) -> Vec<Contender> {
    let mut all = Vec::with_capacity(clients.len() * servers.len() * sizes.len());
    for &requests in sizes {
        for server in servers {
            let server: Server = server.clone().into();
            for client in clients {
                let mut stem = client.name();
                if servers.len() > 1 {
                    stem = format!("{stem}/{}", server.name());
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
                    server: server.clone(),
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
        let program = Program::client("mine=python3 'my client.py' {port} \"{n}\"").unwrap();
        assert_eq!(program.name, "mine");
        assert_eq!(program.words, ["python3", "my client.py", "{port}", "{n}"]);
        // Nothing is expanded: no shell is there.
        let program = Program::client("b=./x $HOME *.c a=b;ls").unwrap();
        assert_eq!(program.words, ["./x", "$HOME", "*.c", "a=b;ls"]);
        for wrong in [
            "", "x", "=x", "a=", "a b=c", "../a=b", "a/b=c", ".=x", "a='x",
        ] {
            assert!(Program::client(wrong).is_err(), "{wrong}");
            let told = Program::server(wrong).unwrap_err();
            assert!(!told.contains("client.py"), "{told}");
        }
    }

    #[test]
    fn a_program_is_told_what_stands_in_its_words() {
        let told = |text: &str| {
            let program = Program::client(text).unwrap();
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
    fn servers_of_one_s_own_stand_beside_models() {
        let mine = Server::Program(Program::server("mine=./s {port}").unwrap());
        let servers = [mine, Server::Model(ServerModel::Async)];
        let all = contenders(&[Client::Strategy(Strategy::Pool)], &servers, &[10]);
        let names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["pool/mine", "pool/async"]);
        assert_eq!(all[0].server.model(), None);
        assert_eq!(all[1].server.program(), None);
    }

    #[test]
    fn a_side_that_is_not_told_the_port_decides_it() {
        let strategy = Client::Strategy(Strategy::Pool);
        let client = |text: &str| Client::Program(Program::client(text).unwrap());
        let server = |text: &str| Server::Program(Program::server(text).unwrap());
        let (told, deaf) = (client("c=./c {port}"), client("c=./c"));
        let (told_server, deaf_server) = (server("s=./s {port}"), server("s=./s"));
        let embedded = Server::Model(ServerModel::Thread);
        for (client, server, port) in [
            (&strategy, &embedded, Port::Free),
            (&strategy, &told_server, Port::Free),
            (&strategy, &deaf_server, Port::Servers),
            (&told, &embedded, Port::Free),
            (&told, &told_server, Port::Free),
            (&told, &deaf_server, Port::This(45000)),
            (&deaf, &embedded, Port::This(45000)),
            (&deaf, &told_server, Port::This(45000)),
            (&deaf, &deaf_server, Port::Servers),
        ] {
            let all = contenders(
                std::slice::from_ref(client),
                std::slice::from_ref(server),
                &[5],
            );
            assert_eq!(all[0].port(0, 45000), port, "{:?}", all[0]);
            assert_eq!(all[0].port(7000, 45000), Port::This(7000));
        }
    }

    #[test]
    fn no_two_runs_share_a_folder() {
        let of = |names: &[&str], models: &[ServerModel], warmup: bool| {
            let program =
                |name: &&str| Client::Program(Program::client(&format!("{name}=./x")).unwrap());
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
