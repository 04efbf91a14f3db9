// The ladder of one flow: client's thread, wire, server's thread, in the order of time.

/**
 * @typedef {{at: number, where: "client" | "forth" | "back" | "server", text: string, bad?: boolean}} Rung
 */

/** The most rungs that are shown. */
const MOST_RUNGS = 400;

/** A flow's rungs, and what was not seen of it. @param {Model} model @param {number} i */
function rungsOf(model, i) {
  const f = model.flows;
  /** @type {Rung[]} */
  const rungs = [];
  /** @type {string[]} */
  const unseen = [];
  const add = (
    /** @type {number} */ at,
    /** @type {Rung["where"]} */ where,
    /** @type {string} */ text,
    bad = false,
  ) => {
    if (Number.isNaN(at)) unseen.push(text);
    else rungs.push({ at, where, text, bad });
  };
  const { client, server } = model.head.moments;
  add(f.c_started[i], "client", client[0]);
  const again = f.syn_count[i] > 1;
  add(f.syn[i], "forth", again ? say("syn_again", { n: count(f.syn_count[i]) }) : "SYN");
  add(f.syn_ack[i], "back", "SYN-ACK");
  add(f.ack[i], "forth", "ACK");
  add(f.c_connected[i], "client", client[1]);
  // Whose accept(2) it was; the column is that of the thread that served.
  const by = f.accept_tid[i] === f.serve_tid[i] ? "" : ` (${say("thread_is", { tid: id(f.accept_tid[i]) })})`;
  add(f.s_accepted[i], "server", server[1] + by);
  add(f.s_started[i], "server", server[0]);
  addExchanges(model, i, add);
  const said = (/** @type {string} */ fin, /** @type {string} */ rst) => {
    const history = model.text(f.history[i]);
    const [first] = [...history].filter((letter) => letter === fin || letter === rst);
    return first === rst ? "RST" : "FIN";
  };
  add(f.server_closed[i], "back", said("f", "r"), said("f", "r") === "RST");
  add(f.client_closed[i], "forth", said("F", "R"), said("F", "R") === "RST");
  add(f.s_ended[i], "server", server[2]);
  add(f.c_ended[i], "client", client[2]);
  rungs.sort((a, b) => a.at - b.at);
  return { rungs, unseen };
}

/**
 * @param {Model} model @param {number} i
 * @param {(at: number, where: Rung["where"], text: string, bad?: boolean) => void} add
 */
function addExchanges(model, i, add) {
  const f = model.flows;
  const e = model.exchanges;
  const all = f.exchanges_seen[i];
  const most = Number.isNaN(f.exchanges[i]) ? `${count(all)} ${say("or_more")}` : count(all);
  if (Number.isNaN(f.request[i])) {
    add(NaN, "forth", say("request"));
    return;
  }
  const answer = (/** @type {number} */ text, /** @type {number} */ valid) => {
    const what = Number.isNaN(text) ? say("answer") : say("answer_is", { answer: model.text(text) });
    if (valid === 1) return say("is_valid", { what });
    return valid === 0 ? say("is_not_valid", { what }) : what;
  };
  const number = (/** @type {number} */ n) => (all > 1 ? ` ${say("one_of", { n, all: most })}` : "");
  add(f.request[i], "forth", say("request") + number(1));
  add(f.response[i], "back", answer(f.answer[i], f.valid[i]) + number(1), f.valid[i] === 0);
  (model.more.get(i) ?? []).slice(0, MOST_RUNGS / 2).forEach((row, n) => {
    add(e.request[row], "forth", say("request") + number(n + 2));
    const bad = e.valid[row] === 0;
    add(e.response[row], "back", answer(e.answer[row], e.valid[row]) + number(n + 2), bad);
  });
}

class LadderView {
  /** @param {Model} model @param {(flow: number) => void} moved */
  constructor(model, moved) {
    this.model = model;
    this.moved = moved;
    this.dialog = /** @type {HTMLDialogElement} */ (byId("ladder"));
    this.flow = -1;
    byId("ladder-close").addEventListener("click", () => this.dialog.close());
    byId("ladder-back").addEventListener("click", () => this.step(-1));
    byId("ladder-on").addEventListener("click", () => this.step(1));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  /** @param {number} by */
  step(by) {
    const { order } = this.model.strip;
    const at = order.indexOf(this.flow) + by;
    if (at < 0 || at >= order.length) return;
    this.open(order[at]);
    this.moved(order[at]);
  }

  /** @param {number} flow */
  open(flow) {
    const { model } = this;
    this.flow = flow;
    byId("ladder-title").textContent = say("flow_title", { flow: model.flows.flow[flow] });
    const { rungs, unseen } = rungsOf(model, flow);
    const parts = [this.facts(flow), this.table(flow, rungs)];
    const further = model.more.get(flow)?.length ?? 0;
    if (rungs.length > MOST_RUNGS || further > MOST_RUNGS / 2) {
      parts.push(element("p", say("not_all_rungs", { lines: count(MOST_RUNGS), requests: count(MOST_RUNGS / 2 + 1) }), "quiet"));
    }
    if (model.head.unit_ns > 1) {
      parts.push(element("p", say("rounded_here", { unit: span(model.head.unit_ns) }), "quiet"));
    }
    if (unseen.length > 0) {
      parts.push(element("p", say("not_seen", { what: unseen.join(", ") }), "quiet"));
    }
    if (!model.head.all_exchanges && model.flows.exchanges_seen[flow] > 1) {
      parts.push(element("p", say("first_requests"), "quiet"));
    }
    byId("ladder-body").replaceChildren(...parts);
    const { order } = model.strip;
    const place = order.indexOf(flow);
    /** @type {HTMLButtonElement} */ (byId("ladder-back")).disabled = place <= 0;
    /** @type {HTMLButtonElement} */ (byId("ladder-on")).disabled = place === order.length - 1;
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** @param {number} i */
  facts(i) {
    const { model } = this;
    const f = model.flows;
    const state = model.state(i);
    const list = element("dl", undefined, "facts");
    const who = (/** @type {number} */ pid, /** @type {number} */ how) =>
      Number.isNaN(pid) ? "" : `, ${say("process_is", { pid: id(pid) })} (${model.text(how)})`;
    const sent = (/** @type {number} */ frames, /** @type {number} */ bytes) =>
      say("was_sent", { frames: counted("frames", frames), bytes: counted("bytes", bytes) });
    /** @type {[string, string, string?][]} */
    const facts = [
      [say("client"), say("client_is", { end: model.client(i), worker: id(f.worker[i]), tid: id(f.client_tid[i]) }) + who(f.client_pid[i], f.client_how[i])],
      [
        say("server"),
        say("server_is", {
          end: model.text(f.server[i]),
          accepted: id(f.accept_tid[i]),
          served: id(f.serve_tid[i]),
          sent: id(f.send_tid[i]),
        }) + who(f.server_pid[i], f.server_how[i]),
      ],
      [say("handshake"), span(model.handshake(i))],
      [say("first_answer"), say("answer_after", { time: span(model.answer(i)), answer: model.answered(i) })],
      [say("whole_flow"), span(f.last[i] - f.first[i])],
      [say("state"), say("state_is", { state, meaning: model.head.states[state] ?? ABSENT, history: model.text(f.history[i]) })],
      [say("client_sent"), sent(f.client_frames[i], f.client_bytes[i])],
      [say("server_sent"), sent(f.server_frames[i], f.server_bytes[i])],
      [say("sent_again"), counted("segments", f.resent[i])],
    ];
    const problem = model.problem(i);
    if (problem) facts.push([say("note"), problem, "careful"]);
    if (!Number.isNaN(f.incomplete[i])) facts.push([say("seen_in_part"), model.text(f.incomplete[i])]);
    for (const [name, value, kind] of facts) {
      const row = element("div");
      row.append(element("dt", name), element("dd", value, kind));
      list.append(row);
    }
    return list;
  }

  /** @param {number} i @param {Rung[]} rungs */
  table(i, rungs) {
    const f = this.model.flows;
    const table = element("table", undefined, "rungs");
    const head = element("tr");
    for (const [title, kind] of [
      [say("time")],
      [say("since"), "since"],
      [say("client_thread_is", { tid: id(f.client_tid[i]) })],
      [say("wire")],
      [say("server_thread_is", { tid: id(f.serve_tid[i]) })],
    ]) {
      const cell = element("th", title, kind);
      cell.setAttribute("scope", "col");
      head.append(cell);
    }
    const body = element("tbody");
    let before = NaN;
    for (const rung of rungs.slice(0, MOST_RUNGS)) {
      body.append(this.row(rung, rung.at - before));
      before = rung.at;
    }
    const top = element("thead");
    top.append(head);
    table.append(top, body);
    return table;
  }

  /** @param {Rung} rung @param {number} since */
  row(rung, since) {
    const row = element("tr");
    const on = (/** @type {string} */ where) => (rung.where === where ? rung.text : "");
    const wire = element("td", undefined, "wire");
    if (rung.where === "forth" || rung.where === "back") {
      const arrow = element("span", rung.text, `arrow ${rung.where}${rung.bad ? " failed" : ""}`);
      wire.append(arrow);
    }
    row.append(
      element("td", moment(rung.at), "when"),
      element("td", Number.isNaN(since) ? "" : span(since), "when since"),
      element("td", on("client"), "here"),
      wire,
      element("td", on("server"), "there"),
    );
    return row;
  }
}
