// Holds capture.pcapng and the Lua plugin to a run's own records in a second version of
// Wireshark: the one that npm's @goodtools/wiregasm has as WebAssembly.
//
//   npm install @goodtools/wiregasm@1.9.1
//   threadtap run -n 50 --port 45000 --out my-run
//   node contrib/wireshark/wiregasm.js my-run
//
// Each worker and each thread is looked for by a filter of its own: a run of 1,000 takes long.
// Exit status 1 where something differs. It needs a run of the built-in client and server on
// port 45000, which the dissector takes without being told.

const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const from = createRequire(path.join(process.cwd(), "package.json"));
const dist = path.dirname(from.resolve("@goodtools/wiregasm/dist/main.js"));
const load = require(path.join(dist, "wiregasm.js"));
const { Wiregasm } = require(path.join(dist, "main.js"));

let differences = 0;

function same(what, found, wanted) {
  if (found !== wanted) differences += 1;
  console.log(`${found === wanted ? "ok " : "NOT"} ${what}: ${found} of ${wanted}`);
}

async function main(run) {
  const lines = fs.readFileSync(path.join(run, "flows.jsonl"), "utf8").trim().split("\n");
  const flows = lines.map((line) => JSON.parse(line));
  const captured = JSON.parse(fs.readFileSync(path.join(run, "run.json"), "utf8")).capture.frames;
  const frames = new Map();
  for (const flow of flows) {
    const worker = flow.client_owner.worker;
    const all = flow.client_frames + flow.server_frames;
    frames.set(worker, (frames.get(worker) ?? 0) + all);
  }
  const exchanges = flows.flatMap((flow) => flow.exchanges);
  const valid = exchanges.filter((exchange) => exchange.valid).length;

  const shark = new Wiregasm();
  const quiet = { print() {}, printErr() {} };
  await shark.init(load, { locateFile: (file) => path.join(dist, file), ...quiet });
  console.log(`Wireshark ${shark.lib.wiresharkVersion()}`);
  const count = (filter) => shark.frames(filter, 0, 0).matched;
  const data = fs.readFileSync(path.join(run, "capture.pcapng"));

  const read = shark.load("capture.pcapng", data);
  same("frames", read.summary.packet_count, captured);
  for (const [worker, wanted] of frames) {
    same(`comments of worker ${worker}`, count(`frame.comment contains "worker:${worker},"`), wanted);
  }

  shark.add_plugin("threadtap.lua", fs.readFileSync(path.join(__dirname, "threadtap.lua")));
  shark.reload_lua_plugins();
  shark.load("capture.pcapng", data);
  for (const [worker, wanted] of frames) {
    same(`threadtap.worker == ${worker}`, count(`threadtap.worker == ${worker}`), wanted);
  }
  same("time_lab.request", count("time_lab.request"), exchanges.length);
  same("time_lab.valid == 1", count("time_lab.valid == 1"), valid);
  same("time_lab.response_time", count("time_lab.response_time"), valid);
  same("answers without a request", count("time_lab.unasked"), 0);
}

main(process.argv[2] ?? "my-run").then(
  () => process.exit(differences > 0 ? 1 : 0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
