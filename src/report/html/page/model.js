// The run as the drawings and the table want it.

/** The columns that are times. */
const TIMES = new Set(
  ("first syn syn_ack ack request response server_closed client_closed last " +
    "c_started c_connected c_ended s_accepted s_started s_ended started connected ended at").split(" "),
);

/** The first of these that is there. @param {number[]} values */
function firstOf(...values) {
  return values.find((value) => !Number.isNaN(value)) ?? NaN;
}

/** The greatest of those that are there. @param {number[]} values */
function latest(...values) {
  return values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most), NaN);
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
    this.work = { client: this.working((i) => this.made(i)), server: this.working((i) => this.served(i)) };
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

  /** @param {(flow: number) => number[]} of */
  working(of) {
    const from = new Float64Array(this.count);
    const to = new Float64Array(this.count);
    for (let i = 0; i < this.count; i += 1) [from[i], to[i]] = of(i);
    return { from, to };
  }

  clientThreads() {
    const f = this.flows;
    const threads = new Threads();
    for (let i = 0; i < this.count; i += 1) {
      const known = !Number.isNaN(f.client_tid[i]);
      const start = Math.min(firstOf(f.c_started[i], f.first[i]), f.first[i]);
      const end = firstOf(f.c_ended[i], f.last[i]);
      this.threadOf.client[i] = known
        ? threads.add(f.client_pid[i], f.client_tid[i], start, end, i)
        : -1;
    }
    this.addOthers(threads, true);
    return threads;
  }

  serverThreads() {
    const f = this.flows;
    const threads = new Threads();
    for (let i = 0; i < this.count; i += 1) {
      const known = !Number.isNaN(f.serve_tid[i]);
      const [start, end] = [this.work.server.from[i], this.work.server.to[i]];
      const from = firstOf(f.s_started[i], start);
      this.threadOf.server[i] = known
        ? threads.add(f.server_pid[i], f.serve_tid[i], Math.min(from, start), latest(f.s_ended[i], end), i)
        : -1;
    }
    this.addOthers(threads, false);
    return threads;
  }

  /** @param {Threads} threads @param {boolean} client */
  addOthers(threads, client) {
    const o = this.others;
    for (let i = 0; i < o.side.length; i += 1) {
      const start = firstOf(o.started[i], o.connected[i]);
      if ((o.side[i] === this.clientText) !== client || Number.isNaN(o.tid[i] + start)) continue;
      const end = latest(start, o.connected[i], o.ended[i]);
      const thread = threads.add(o.pid[i], o.tid[i], start, end, NaN);
      // A server numbers its workers by itself: they have no colour of their own.
      if (client && !this.tellsLives("client") && !Number.isNaN(o.worker[i])) {
        threads.requests[thread].push([start, end, o.worker[i] % Model.COLOURS]);
      }
    }
  }

  /** From when to when the client's thread worked on a flow. @param {number} i */
  made(i) {
    const f = this.flows;
    if (this.tellsLives("client")) return [f.first[i], f.last[i]];
    return [firstOf(f.c_started[i], f.first[i]), firstOf(f.c_ended[i], f.last[i])];
  }

  /** The same of the server's thread. @param {number} i */
  served(i) {
    const f = this.flows;
    const start = firstOf(latest(f.s_accepted[i], f.s_started[i]), f.first[i]);
    if (this.tellsLives("server")) return [start, Math.max(start, f.last[i])];
    return [start, Math.max(start, firstOf(f.s_ended[i], f.last[i]))];
  }

  /** What the axis begins with, and how far it goes. */
  extent() {
    const f = this.flows;
    const o = this.others;
    let to = NaN;
    for (let i = 0; i < this.count; i += 1) to = latest(to, f.last[i], f.c_ended[i]);
    for (const i of this.requests) to = latest(to, o.started[i], o.ended[i]);
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

  /** All handshakes, or all answers, that there are. @param {"handshake" | "answer"} what */
  durations(what) {
    const found = [];
    for (let i = 0; i < this.count; i += 1) {
      const took = what === "handshake" ? this.handshake(i) : this.answer(i);
      if (!Number.isNaN(took)) found.push(took);
    }
    if (what === "answer") {
      const { request, response } = this.exchanges;
      for (let i = 0; i < request.length; i += 1) {
        if (response[i] >= request[i]) found.push(response[i] - request[i]);
      }
    }
    return found;
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

  /** The colour of a flow: its worker's. -1 where that is not known. @param {number} row */
  colour(row) {
    const worker = this.figure(row, "worker", "worker");
    return Number.isNaN(worker) ? -1 : worker % Model.COLOURS;
  }
}
