// The run as the drawings and the table want it.

/** The columns that are times. */
const TIMES = new Set(
  ("first syn syn_ack ack request response server_closed client_closed last " +
    "c_started c_connected c_ended s_accepted s_started s_ended started connected ended at").split(" "),
);

/** The first of these that is there. @param {number} a @param {number} b */
function firstOf(a, b) {
  return Number.isNaN(a) ? b : a;
}

/** The greater of these, or the one that is there. @param {number} a @param {number} b */
function latest(a, b) {
  return b > a || Number.isNaN(a) ? b : a;
}

/** The greatest of these; NaN where there is none. @param {ArrayLike<number>} values */
function greatest(values) {
  let most = NaN;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] > most || Number.isNaN(most)) most = values[i];
  }
  return most;
}

class Model {
  /** @param {any} head @param {Record<string, Columns>} tables */
  constructor(head, tables) {
    this.head = head;
    for (const columns of Object.values(tables)) {
      for (const [name, values] of Object.entries(columns)) {
        if (!TIMES.has(name) || head.unit_ns === 1) continue;
        for (let i = 0; i < values.length; i += 1) values[i] *= head.unit_ns;
      }
    }
    this.flows = tables.flows;
    this.others = tables.others;
    this.exchanges = tables.exchanges;
    this.changes = { client: tables.client, server: tables.server };
    /** How many flows are in this page. */
    this.count = this.flows.flow.length;
    this.clientText = head.texts.indexOf("client");
    /** The lines of others that are a client's requests. @type {number[]} */
    this.requests = [];
    for (let i = 0; i < this.others.side.length; i += 1) {
      if (this.others.side[i] === this.clientText) this.requests.push(i);
    }
    /** Rows of the table: flows first, then requests without one. */
    this.rows = this.count + this.requests.length;
    this.strip = new Strip(this.flows.first, this.flows.last);
    /** For each flow, from when to when a thread of each side worked on it. */
    this.work = { client: this.made(), server: this.served() };
    this.threadOf = { client: new Int32Array(this.count), server: new Int32Array(this.count) };
    this.threads = { client: this.clientThreads(), server: this.serverThreads() };
    this.lanes = { client: this.threads.client.strip(), server: this.threads.server.strip() };
    const extent = this.extent();
    /** The view that shows all that the client did. */
    this.all = extent.all;
    this.least = extent.least;
    this.most = extent.most;
    /** For each flow the rows of its further exchanges. @type {Map<number, number[]>} */
    this.more = new Map();
    this.exchanges.row.forEach((flow, row) => {
      const rows = this.more.get(flow);
      if (rows) rows.push(row);
      else this.more.set(flow, [row]);
    });
  }

  /** A text by its number. @param {number} number */
  text(number) {
    return Number.isNaN(number) ? ABSENT : this.head.texts[number];
  }

  /** Whether a side's lines tell of threads' whole lives. @param {"client" | "server"} side */
  tellsLives(side) {
    return this.head.whole_lives.includes(side);
  }

  /**
   * What tells threads of the same numbers apart: where each request has a thread of its own,
   * the request; where a line tells of a thread's life, when it began.
   * @param {"client" | "server"} side
   * @returns {(request: number, started: number) => number}
   */
  marks(side) {
    if (this.head.one_each.includes(side)) return (request) => request;
    return this.tellsLives(side) ? (_, started) => started : () => 0;
  }

  /** None yet, with room for all. */
  noThreads() {
    return new Threads(this.count + this.others.side.length, this.count);
  }

  clientThreads() {
    const { client_pid, client_tid, worker, first, last, c_started, c_ended } = this.flows;
    const threads = this.noThreads();
    const mark = this.marks("client");
    const threadOf = this.threadOf.client;
    for (let i = 0; i < this.count; i += 1) {
      const known = !Number.isNaN(client_tid[i]);
      const start = c_started[i] < first[i] ? c_started[i] : first[i];
      const end = firstOf(c_ended[i], last[i]);
      threadOf[i] = known ? threads.add(client_pid[i], client_tid[i], mark(worker[i], c_started[i]), start, end, i) : -1;
    }
    this.addOthers(threads, true);
    return threads;
  }

  serverThreads() {
    const { server_pid, serve_tid, s_started, s_ended } = this.flows;
    const { from, to } = this.work.server;
    const threads = this.noThreads();
    const mark = this.marks("server");
    const threadOf = this.threadOf.server;
    for (let i = 0; i < this.count; i += 1) {
      const known = !Number.isNaN(serve_tid[i]);
      const start = s_started[i] < from[i] ? s_started[i] : from[i];
      const end = latest(s_ended[i], to[i]);
      threadOf[i] = known ? threads.add(server_pid[i], serve_tid[i], mark(i, s_started[i]), start, end, i) : -1;
    }
    this.addOthers(threads, false);
    return threads;
  }

  /** @param {Threads} threads @param {boolean} client */
  addOthers(threads, client) {
    const o = this.others;
    const mark = this.marks(client ? "client" : "server");
    for (let i = 0; i < o.side.length; i += 1) {
      const start = firstOf(o.started[i], o.connected[i]);
      if ((o.side[i] === this.clientText) !== client || Number.isNaN(o.tid[i] + start)) continue;
      const end = latest(start, latest(o.connected[i], o.ended[i]));
      const thread = threads.add(o.pid[i], o.tid[i], mark(client ? o.worker[i] : -1 - i, o.started[i]), start, end, -1);
      // A server numbers its workers by itself: they have no colour of their own.
      if (client && !this.tellsLives("client") && !Number.isNaN(o.worker[i])) {
        const requests = threads.requests.get(thread) ?? [];
        requests.push([start, end, o.worker[i] % Model.COLOURS]);
        threads.requests.set(thread, requests);
      }
    }
  }

  /** From when to when the client's thread worked on each flow. */
  made() {
    const { first, last, c_started, c_ended } = this.flows;
    if (this.tellsLives("client")) return { from: first, to: last };
    const from = new Float64Array(this.count);
    const to = new Float64Array(this.count);
    for (let i = 0; i < this.count; i += 1) {
      from[i] = firstOf(c_started[i], first[i]);
      to[i] = firstOf(c_ended[i], last[i]);
    }
    return { from, to };
  }

  /** The same of the server's thread. */
  served() {
    const { first, last, s_accepted, s_started, s_ended } = this.flows;
    const lives = this.tellsLives("server");
    const from = new Float64Array(this.count);
    const to = new Float64Array(this.count);
    for (let i = 0; i < this.count; i += 1) {
      from[i] = firstOf(latest(s_accepted[i], s_started[i]), first[i]);
      to[i] = Math.max(from[i], lives ? last[i] : firstOf(s_ended[i], last[i]));
    }
    return { from, to };
  }

  /** What the axis begins with, and how far it goes. */
  extent() {
    const f = this.flows;
    const o = this.others;
    let to = NaN;
    for (let i = 0; i < this.count; i += 1) to = latest(to, latest(f.last[i], f.c_ended[i]));
    for (const i of this.requests) to = latest(to, latest(o.started[i], o.ended[i]));
    let least = 0;
    let most = to;
    for (const changes of Object.values(this.changes)) {
      const { at } = changes;
      if (at.length === 0) continue;
      least = Math.min(least, at[0]);
      most = latest(most, at[at.length - 1]);
    }
    if (Number.isNaN(to)) to = most;
    const span = Math.max(to, 1000) || 1e6;
    const all = { from: -0.02 * span, to: 1.02 * span };
    return {
      all,
      least: Math.min(all.from, least - 0.02 * span),
      most: Math.max(all.to, (Number.isNaN(most) ? to : most) + 0.02 * span) || all.to,
    };
  }

  // A row of the table, which is a flow or a request without one.

  /** @param {number} row @returns {number} the line of others, or NaN */
  other(row) {
    return row < this.count ? NaN : this.requests[row - this.count];
  }

  /**
   * A figure of a row.
   * @param {number} row @param {string} ofFlow @param {string} [ofOther]
   */
  figure(row, ofFlow, ofOther) {
    if (row < this.count) return this.flows[ofFlow][row];
    return ofOther ? this.others[ofOther][this.other(row)] : NaN;
  }

  /** @param {number} row */
  handshake(row) {
    const { syn, ack } = this.flows;
    // A capture from several queues is not always in the order of the wire.
    return row < this.count && ack[row] >= syn[row] ? ack[row] - syn[row] : NaN;
  }

  /** @param {number} row */
  answer(row) {
    const { request, response } = this.flows;
    return row < this.count && response[row] >= request[row] ? response[row] - request[row] : NaN;
  }

  /** All handshakes, or all answers, that there are, the shortest first. @param {"handshake" | "answer"} what */
  durations(what) {
    const { request, response } = this.exchanges;
    const found = new Float64Array(this.count + request.length);
    let end = 0;
    for (let i = 0; i < this.count; i += 1) {
      const took = what === "handshake" ? this.handshake(i) : this.answer(i);
      if (!Number.isNaN(took)) found[end++] = took;
    }
    for (let i = 0; what === "answer" && i < request.length; i += 1) {
      if (response[i] >= request[i]) found[end++] = response[i] - request[i];
    }
    return found.subarray(0, end).sort();
  }

  /** @param {number} row */
  failed(row) {
    return this.figure(row, "failed", "failed") === 1;
  }

  /** The client's end. @param {number} row */
  client(row) {
    if (row >= this.count) return this.text(this.others.client[this.other(row)]);
    const ip = this.text(this.flows.client_ip[row]);
    const port = this.flows.client_port[row];
    return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  }

  /** What was answered, in a word. @param {number} row */
  answered(row) {
    if (row >= this.count) {
      const outcome = this.text(this.others.outcome[this.other(row)]);
      // Why there is none, the note tells.
      /** @type {Record<string, string>} */
      const words = { [ABSENT]: ABSENT, valid: say("valid"), bad_answer: say("bad_answer") };
      return words[outcome] ?? say("no_answer");
    }
    const f = this.flows;
    const seen = f.exchanges_seen[row];
    const more = Number.isNaN(f.exchanges[row]) ? ` ${say("or_more")}` : "";
    const further = seen > 1 ? ` +${count(seen - 1)}${more}` : "";
    if (!Number.isNaN(f.answer[row])) return this.text(f.answer[row]) + further;
    if (Number.isNaN(f.request[row])) return ABSENT;
    if (Number.isNaN(f.response[row])) return say("no_answer") + further;
    return (f.valid[row] === 0 ? say("bad_answer") : say("answered")) + further;
  }

  /** @param {number} row */
  state(row) {
    if (row < this.count) return this.text(this.flows.state[row]);
    return this.head.captured ? say("no_flow") : ABSENT;
  }

  /** What has to be said of it, or nothing. @param {number} row */
  problem(row) {
    const number = this.figure(row, "problem", "problem");
    return Number.isNaN(number) ? "" : this.text(number);
  }

  /** How often a colour comes again. */
  static get COLOURS() {
    return 36;
  }

  /** The colour of a row: its worker's. -1 where that is not known. @param {number} row */
  colour(row) {
    const worker = row < this.count ? this.flows.worker[row] : this.others.worker[this.other(row)];
    return Number.isNaN(worker) ? -1 : worker % Model.COLOURS;
  }
}
