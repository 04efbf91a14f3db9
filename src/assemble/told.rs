//! What the two sides tell themselves of the client's connections, where nothing was
//! captured: how long each took to make, which requests were answered and when, and
//! which threads of the server took it.

use super::open_loop::DueTimes;
use super::sides::{ClientSide, ServerSide};
use crate::activity::outcomes::Terms;
use crate::activity::{Activity, Connection};
use crate::correlate::pairs::{Attempt, of_told};
use crate::model::observation::{Observation, RequestNote, SideObservation};
use crate::model::{
    Durations, FlowRecord, Latencies, Nanos, Outcome, Packed, Provenance, Quantiles, Requests,
    ServerOwner, Timestamp, ToldConnection, WorkerRecord,
};

/// What the client tells of one connection.
struct Account {
    attempt: Attempt,
    /// Since when it was to be connected, and when that was known.
    handshake: Option<(Timestamp, Timestamp)>,
    /// Whether it was connected; `None` where that is not known.
    connected: Option<bool>,
    /// Its requests, each with its answer; `None` where that was not looked at.
    exchanges: Option<Exchanges>,
}

/// A request, and its answer.
type Asked = (Timestamp, Option<Timestamp>);

/// The requests of one connection. Nearly all have one: there may be millions.
#[derive(Default)]
struct Exchanges {
    first: Option<Asked>,
    later: Vec<Asked>,
}

impl Exchanges {
    fn of(mut all: impl Iterator<Item = Asked>) -> Self {
        Self {
            first: all.next(),
            later: all.collect(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Asked> {
        self.first.iter().chain(&self.later)
    }

    fn requests(&self) -> u64 {
        self.iter().count() as u64
    }

    fn answered(&self) -> u64 {
        self.iter().filter(|(_, answer)| answer.is_some()).count() as u64
    }
}

impl Account {
    /// From connect(2) to when the client knew.
    fn handshake(&self) -> Option<Nanos> {
        self.handshake.map(|(from, to)| to.since(from))
    }

    /// How long its answers took, in the order of its requests.
    fn answers(&self) -> impl Iterator<Item = Option<Nanos>> {
        let all = self.exchanges.iter().flat_map(Exchanges::iter);
        all.map(|(from, answered)| answered.map(|at| at.since(*from)))
    }

    fn told(&self, owner: Option<(Timestamp, ServerOwner)>) -> ToldConnection {
        let exchanges = self.exchanges.as_ref();
        ToldConnection {
            handshake_ns: self.handshake(),
            exchange_ns: self.answers().next().flatten(),
            requests: exchanges.map(Exchanges::requests),
            answered: exchanges.map(Exchanges::answered),
            accepted_after_ns: owner.map(|(at, _)| at.since(self.attempt.from)),
            server_owner: owner.map(|(_, owner)| owner),
        }
    }
}

/// What a client tells of each of its connections. There may be millions: each account
/// is made when it is asked for.
enum Teller<'a> {
    BuiltIn {
        seen: &'a SideObservation,
        ended: Timestamp,
    },
    Program {
        side: &'a Activity,
        looked_at: bool,
        ended: Timestamp,
    },
}

impl Teller<'_> {
    /// Of each record of the client, in their order; `None`: of a request that came to
    /// no connect(2).
    fn accounts(&self) -> Box<dyn Iterator<Item = Option<Account>> + '_> {
        match *self {
            Self::BuiltIn { seen, ended } => {
                Box::new(seen.requests.iter().map(move |note| noted(&note, ended)))
            }
            Self::Program {
                side,
                looked_at,
                ended,
            } => Box::new(side.sockets.made.iter().map(move |c| {
                let gone = side.tasks.get(c.task).ended;
                Some(traced(c, looked_at, gone.unwrap_or(ended)))
            })),
        }
    }
}

/// All that the sides tell of a run that was not captured.
pub(super) struct Told<'a> {
    teller: Teller<'a>,
    /// Who took each of them.
    owners: Vec<Option<(Timestamp, ServerOwner)>>,
    /// Whether every connection of the client is among them.
    whole: bool,
    provenance: Provenance,
}

impl<'a> Told<'a> {
    /// `None` where there was a capture, or the client tells nothing.
    pub fn of(
        observation: &Observation,
        client: &ClientSide<'a>,
        server: &ServerSide<'_>,
        ended: Timestamp,
    ) -> Option<Self> {
        let asked = &observation.header.asked;
        if asked.capture.is_some() {
            return None;
        }
        let (teller, whole) = match client {
            ClientSide::BuiltIn { seen, .. } => {
                (Teller::BuiltIn { seen, ended }, client.has_noted_all())
            }
            ClientSide::Program { watched, .. } => {
                let side = watched.activity?;
                let looked_at = asked.client_exchanges;
                let teller = Teller::Program {
                    side,
                    looked_at,
                    ended,
                };
                (teller, !side.has_blind_spots())
            }
        };
        let owners = owners(&teller, server);
        Some(Self {
            teller,
            owners,
            whole,
            provenance: client.provenance(),
        })
    }

    fn all(&self) -> impl Iterator<Item = Account> {
        self.teller.accounts().flatten()
    }

    /// How long things took.
    pub fn latencies(&self) -> Latencies {
        let handshake = Quantiles::of(self.all().filter_map(|a| a.handshake()));
        let mut exchanges = Durations::default();
        for account in self.all() {
            account
                .answers()
                .flatten()
                .for_each(|took| exchanges.add(took));
        }
        let exchange = exchanges.quantiles();
        Latencies::known_by(self.provenance, handshake, exchange)
    }

    /// What was counted of the requests, with what the client tells in the place of the
    /// wire.
    pub fn counted(&self, requests: Requests) -> Requests {
        let connected = self.all().map(|a| a.connected.map(u64::from));
        let handshakes: Option<u64> = connected.sum();
        let answered = |a: &Account| Some(a.exchanges.as_ref()?.answered());
        let answered: Option<u64> = self.all().map(|a| answered(&a)).sum();
        // Of none there is nothing to know, unless there were some that are not seen.
        let of_all = |n: Option<u64>| n.filter(|_| self.whole);
        let requests = Requests {
            handshakes: requests.handshakes.or_else(|| of_all(handshakes)),
            answered: requests.answered.or_else(|| of_all(answered)),
            ..requests
        };
        let any = requests.handshakes.is_some() || requests.answered.is_some();
        Requests {
            provenance: any.then_some(self.provenance),
            ..requests
        }
        .with_total()
    }

    /// Puts into the records of the client what is told of their connections; they were
    /// made of the same ones, in the same order.
    fn fill(&self, workers: &mut Packed<WorkerRecord>) {
        let all = self.teller.accounts().zip(&self.owners);
        let filled = workers
            .iter()
            .zip(all)
            .map(|(mut worker, (account, owner))| {
                worker.told = account.map(|account| account.told(*owner));
                worker
            });
        *workers = filled.collect();
    }
}

/// The records of the client, with what is told of their connections where that is all
/// that is known.
pub(super) fn workers(
    told: Option<&Told<'_>>,
    client: &ClientSide<'_>,
    wire: Option<&[FlowRecord]>,
    terms: Terms,
    due: Option<DueTimes>,
) -> Packed<WorkerRecord> {
    let mut workers = client.workers(wire, terms, due);
    if let Some(told) = told {
        told.fill(&mut workers);
    }
    workers
}

/// By the note of a built-in client; `None` where it came to no connect(2).
fn noted(note: &RequestNote, ended: Timestamp) -> Option<Account> {
    let from = note.connect?;
    let over = note.ended;
    let read = matches!(note.outcome, Outcome::Valid | Outcome::BadAnswer);
    Some(Account {
        attempt: Attempt {
            local: note.client,
            from,
            until: note.connected.or(over).unwrap_or(ended),
        },
        handshake: note.connected.map(|at| (from, at)),
        // Its process may have ended before it could note more.
        connected: match note.connected {
            Some(_) => Some(true),
            None => over.map(|_| false),
        },
        // It asks as soon as it is connected, and is done when it has its answer.
        exchanges: over.map(|over| {
            let asked = note.connected.into_iter();
            Exchanges::of(asked.map(|at| (at, read.then_some(over))))
        }),
    })
}

/// By what a program's calls returned.
fn traced(connection: &Connection, looked_at: bool, ended: Timestamp) -> Account {
    let talk = connection.talk.asked.iter();
    let exchanges = Exchanges::of(talk.map(|asked| (asked.from, asked.answered)));
    let connected = connection.was_connected();
    // On none that was never made anything was said.
    let known = looked_at || connected == Some(false);
    Account {
        attempt: Attempt {
            local: connection.local,
            from: connection.from,
            until: connection.until.unwrap_or(ended),
        },
        handshake: connection.handshake(),
        connected,
        exchanges: known.then_some(exchanges),
    }
}

/// Who took each connection of the client, and when.
fn owners(teller: &Teller<'_>, server: &ServerSide<'_>) -> Vec<Option<(Timestamp, ServerOwner)>> {
    let mut all = 0;
    let attempts = teller.accounts().map(|account| {
        all += 1;
        // One that was never made was never accepted.
        let made = account.filter(|a| a.connected != Some(false));
        Some(made?.attempt)
    });
    // Of a socket no more is kept than is asked for.
    let mut acceptances = Vec::new();
    server.each_socket(&mut |socket| acceptances.push(socket.acceptance()));
    let of_sockets = of_told(attempts, &acceptances, |one| *one);
    drop(acceptances);
    let provenance = server.provenance();
    let mut owners = vec![None; all];
    let mut of_sockets = of_sockets.into_iter();
    server.each_socket(&mut |socket| {
        if let Some(attempt) = of_sockets.next().flatten() {
            owners[attempt] = Some((socket.accepted, socket.owner(provenance)));
        }
    });
    owners
}
