//! Which requests want an answer: a client's last word may want none (QUIT, `PostgreSQL`'s
//! Terminate, HTTP/2's GOAWAY).

use super::{Exchange, FlowRecord, Nanos};

/// How long a client waits at least that waits for an answer. One that closes
/// earlier has not waited: programs' timeouts are longer, and between its last two
/// calls it may have lost the CPU for a while.
const WAITS: Nanos = Nanos::new(100_000_000);

impl FlowRecord {
    /// Whether a request had no answer although its client was there to wait for one.
    pub(crate) fn is_unanswered(&self) -> bool {
        // An answer may be in what was cut or lost.
        if !self.incomplete.is_empty() {
            return false;
        }
        let missing = |e: &&Exchange| e.response_ns.is_none();
        // Of the TIME protocol it is known what wants an answer; of others only that
        // nothing came after the last word.
        let last = self
            .exchanges
            .last()
            .filter(|_| self.exchanges_omitted == 0);
        let mut of_time = self.exchanges.iter().filter(|e| e.valid.is_some());
        let is_time = of_time.clone().next().is_some();
        let Some(asked) = of_time.find(missing).or(last.filter(missing)) else {
            return false;
        };
        let closed = self.client_closed_ns;
        let waited = closed.is_none_or(|closed| closed.since(asked.request_ns) >= WAITS);
        let answered_before = self.exchanges.iter().any(|e| e.response_ns.is_some());
        // In Zeek's history the server's letters are small ones.
        match self.history.chars().find(|c| "fFrR".contains(*c)) {
            Some('r') => true,
            // Closing can be the answer to a last word.
            Some('f') => is_time || !answered_before,
            _ => waited,
        }
    }

    /// Whether the last thing that its client said had no answer, and wanted none as far
    /// as can be seen. Of the TIME protocol every request wants one.
    pub(crate) fn has_last_word(&self) -> bool {
        let is_time = self.exchanges.iter().any(|e| e.valid.is_some());
        let last = self.exchanges.last();
        !is_time
            && self.exchanges_omitted == 0
            && self.incomplete.is_empty()
            && last.is_some_and(|e| e.response_ns.is_none())
            && !self.is_unanswered()
    }
}
