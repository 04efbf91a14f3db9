// Drawing the axis: areas of counts, lanes of threads, bars of flows.

/**
 * @typedef {{from: number, to: number, hover: number, chosen: number, mouse: number}} View
 * @typedef {"client" | "server"} SideName
 * @typedef {{kind: "area" | "lanes" | "flows", side: SideName, y: number, h: number}} Panel
 */

/** @type {SideName[]} */
const SIDES = ["client", "server"];
const TICKS = 22;
/** The highest bar, in pixels. */
const HIGHEST = 26;

class Painter {
  /** @param {Model} model @param {HTMLCanvasElement} canvas */
  constructor(model, canvas) {
    this.model = model;
    this.canvas = canvas;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.printing = false;
    /** @type {View} */
    this.view = { from: 0, to: 1, hover: -1, chosen: -1, mouse: NaN };
    this.peaks = { client: this.peak("client"), server: this.peak("server") };
    /** @type {Record<SideName, Seen>} */
    this.lanes = { client: model.lanes.client.visible(0, 0), server: model.lanes.server.visible(0, 0) };
    this.flows = model.strip.visible(0, 0);
    this.width = 1;
    this.height = 1;
    this.took = 0;
    this.dust = new Dust();
    this.colours = this.palette();
    /** @type {string[]} */
    this.workers = [];
    /** The workers' colours as pixels, and that of each flow. @type {number[]} */
    this.pixels = [];
    this.unknown = 0;
    this.flowPixels = new Uint32Array(model.count);
  }

  /** Takes its colours from the page. */
  dress() {
    const dark = !this.printing && matchMedia("(prefers-color-scheme: dark)").matches;
    this.colours = this.palette();
    this.workers = Array.from({ length: Model.COLOURS }, (_, n) => workerColour(n, dark));
    this.pixels = this.workers.map(pixelOf);
    this.unknown = pixelOf(this.colours.quiet);
    const { worker } = this.model.flows;
    for (let i = 0; i < this.flowPixels.length; i += 1) {
      this.flowPixels[i] = Number.isNaN(worker[i]) ? this.unknown : this.pixels[worker[i] % Model.COLOURS];
    }
  }

  palette() {
    const style = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
    return {
      paper: this.printing ? "#ffffff" : colour("paper"),
      ink: this.printing ? "#000000" : colour("ink"),
      quiet: this.printing ? "#444444" : colour("quiet"),
      line: this.printing ? "#c9ced6" : colour("line"),
      life: this.printing ? "#c3cad4" : colour("life"),
      shake: this.printing ? "#6b7684" : colour("shake"),
      bad: this.printing ? "#b3261e" : colour("bad"),
      accent: this.printing ? "#0b5cad" : colour("accent"),
      client: this.printing ? "#2f6fb7" : colour("client"),
      server: this.printing ? "#97591a" : colour("server"),
    };
  }

  /** @param {number} n -1: not known */
  worker(n) {
    return n < 0 ? this.colours.quiet : this.workers[n];
  }

  /** @param {SideName} side */
  peak(side) {
    const { threads, processes } = this.model.changes[side];
    return { threads: greatest(threads), processes: greatest(processes) };
  }

  /** @returns {Panel[]} */
  panels() {
    const rest = this.height - TICKS;
    const area = Math.min(72, rest * 0.14);
    const lanes = rest * 0.17;
    const gap = 7;
    /** @type {Panel[]} */
    const panels = [];
    let y = TICKS;
    const add = (/** @type {Panel["kind"]} */ kind, /** @type {SideName} */ side, /** @type {number} */ h) => {
      panels.push({ kind, side, y, h: h - gap });
      y += h;
    };
    add("area", "client", area);
    add("lanes", "client", lanes);
    add("flows", "client", rest - 2 * (area + lanes));
    add("lanes", "server", lanes);
    add("area", "server", area);
    return panels;
  }

  /** @param {number} time */
  x(time) {
    return ((time - this.view.from) / (this.view.to - this.view.from)) * this.width;
  }

  /** Whether what is drawn has the size of its place. */
  fits() {
    const { width, height } = this.canvas.getBoundingClientRect();
    return width === this.width && height === this.height;
  }

  /** @param {View} view */
  paint(view) {
    const began = performance.now();
    this.view = view;
    const scale = this.printing ? 2 : Math.min(3, devicePixelRatio || 1);
    const edge = this.canvas.getBoundingClientRect();
    if (edge.width < 1 || edge.height < 1) return;
    this.width = edge.width;
    this.height = edge.height;
    this.resize(Math.max(1, Math.round(edge.width * scale)), Math.max(1, Math.round(edge.height * scale)));
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.flows = this.model.strip.visible(view.from, view.to);
    for (const side of SIDES) {
      this.lanes[side] = this.model.lanes[side].visible(view.from, view.to);
    }
    const panels = this.panels();
    const ticks = this.ticks();
    this.dust.begin(this.pen, pixelOf(this.colours.paper), view.from, view.to, scale);
    const line = pixelOf(this.colours.line);
    for (const { x } of ticks) this.dust.upright(line, x, TICKS - 5);
    for (const panel of panels) {
      if (panel.kind === "lanes") this.lives(panel);
      else if (panel.kind === "flows") this.small(panel);
    }
    this.dust.settle(this.pen, this.printing);
    for (const { x, text } of ticks) {
      if (x > 18 && x < this.width - 30) this.write(text, x, 3, "center");
    }
    for (const panel of panels) {
      if (panel.kind === "area") this.area(panel);
      else if (panel.kind === "lanes") this.names(panel);
      else this.bars(panel);
    }
    this.links(panels);
    this.pointer();
    this.took = performance.now() - began;
  }

  /** A canvas of another size forgets how it writes. @param {number} width @param {number} height in dots */
  resize(width, height) {
    const { canvas, pen } = this;
    if (canvas.width === width && canvas.height === height && this.took > 0 && !this.printing) return;
    canvas.width = width;
    canvas.height = height;
    pen.font = '11.5px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
    pen.textBaseline = "top";
    pen.lineJoin = "round";
  }

  /** @param {string} text @param {number} x @param {number} y @param {CanvasTextAlign} [align] */
  write(text, x, y, align = "left", colour = this.colours.quiet) {
    const { pen } = this;
    pen.textAlign = align;
    pen.lineWidth = 4;
    pen.strokeStyle = this.colours.paper;
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  }

  /** Where the scale has a line, and what stands on it. */
  ticks() {
    const { view } = this;
    const about = (view.to - view.from) / Math.max(2, this.width / 110);
    const power = 10 ** Math.floor(Math.log10(about));
    const step = power * (about / power < 2 ? 2 : about / power < 5 ? 5 : 10);
    const seconds = view.to - view.from > 2e10;
    const unit = seconds ? 1e9 : 1e6;
    const digits = Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9));
    const ticks = [];
    for (let n = Math.ceil(view.from / step); n <= Math.floor(view.to / step); n += 1) {
      const value = decimal((n * step) / unit + 0, digits);
      ticks.push({ x: Math.round(this.x(n * step)), text: `${value.replace("-", "\u2212")} ${seconds ? "s" : "ms"}` });
    }
    return ticks;
  }

  /** The counts of a side; the server's grow downwards. @param {Panel} panel */
  area({ side, y, h }) {
    const { pen, model } = this;
    const { at, threads, processes } = model.changes[side];
    const peak = this.peaks[side];
    const down = side === "server";
    if (at.length === 0) {
      this.write(side === "client" ? say("client_not_counted") : say("server_not_counted"), 6, y + 2);
      return;
    }
    const base = down ? y : y + h;
    const sign = down ? 1 : -1;
    const high = (/** @type {number} */ n) => base + sign * (n / Math.max(1, peak.threads)) * (h - 4);
    const line = this.steps(at, threads, high);
    const under = new Path2D(line);
    under.lineTo(this.width + 1, base);
    under.lineTo(0, base);
    pen.fillStyle = this.colours[side];
    pen.globalAlpha = 0.3;
    pen.fill(under);
    pen.globalAlpha = 1;
    pen.strokeStyle = this.colours[side];
    pen.lineWidth = 1.25;
    pen.stroke(line);
    if (peak.processes > 1) {
      pen.strokeStyle = this.colours.ink;
      pen.lineWidth = 1;
      pen.stroke(this.steps(at, processes, high));
    }
    pen.fillStyle = this.colours[side];
    pen.fillRect(0, down ? y - 1 : base, this.width, 1);
    const most = peak.processes > 1 ? ` (${counted("processes", peak.processes)})` : "";
    const up = { threads: counted("threads", peak.threads) + most };
    const text = side === "client" ? say("client_up_to", up) : say("server_up_to", up);
    this.write(text, 6, down ? y + h - 14 : y + 1, "left", this.colours[side]);
  }

  /**
   * A line of steps. Of each pixel the greatest count.
   * @param {Float64Array} at @param {Float64Array} values
   * @param {(n: number) => number} high
   */
  steps(at, values, high) {
    const { view, width } = this;
    const scale = (view.to - view.from) / width;
    let i = 0;
    let end = at.length;
    while (i < end) {
      const middle = (i + end) >> 1;
      if (at[middle] <= view.from) i = middle + 1;
      else end = middle;
    }
    let now = i > 0 ? values[i - 1] : 0;
    const line = new Path2D();
    let shown = NaN;
    for (let x = 0; x <= width; x += 1) {
      const until = view.from + (x + 1) * scale;
      let most = now;
      for (; i < at.length && at[i] < until; i += 1) {
        now = values[i];
        if (now > most) most = now;
      }
      if (most === shown) continue;
      if (x === 0) line.moveTo(x, high(most));
      else line.lineTo(x, high(shown));
      line.lineTo(x, high(most));
      shown = most;
    }
    line.lineTo(width + 1, high(shown));
    return line;
  }

  /**
   * Where the row of a span is.
   * @param {Seen} seen @param {number} h of the panel
   */
  rowHeight(seen, h) {
    return Math.min(HIGHEST, h / Math.max(1, seen.rows));
  }

  /** @param {number} row */
  barHeight(row) {
    return Math.max(1, row >= 4 ? row - Math.min(3, row * 0.2) : row);
  }

  /** The lives of a side's threads, and what they worked on. @param {Panel} panel */
  lives({ side, y, h }) {
    const { model, dust, flowPixels } = this;
    const seen = this.lanes[side];
    const threads = model.threads[side];
    const { starts, ends } = model.lanes[side];
    const row = this.rowHeight(seen, h);
    const bar = this.barHeight(row);
    const edge = y + 1;
    const thin = bar > 5 ? bar * 0.4 : bar;
    const life = pixelOf(this.colours.life);
    const { from, to } = model.work[side];
    const { spans } = seen;
    for (let n = 0; n < spans.length; n += 1) {
      const i = spans[n];
      const flow = threads.first[i];
      const hidden = thin === bar && flow >= 0 && from[flow] <= starts[i] && to[flow] >= ends[i];
      if (!hidden) dust.add(life, starts[i], ends[i], edge + seen.rank(i) * row + (bar - thin) / 2, thin);
    }
    for (let n = 0; n < spans.length; n += 1) {
      const i = spans[n];
      const top = edge + seen.rank(i) * row;
      for (let flow = threads.first[i]; flow >= 0; flow = threads.next[flow]) {
        dust.add(flowPixels[flow], from[flow], to[flow], top, bar);
      }
      if (threads.requests.size === 0) continue;
      for (const [start, end, colour] of threads.requests.get(i) ?? []) {
        dust.add(this.pixels[colour], start, end, top, bar);
      }
    }
  }

  /** @param {Panel} panel */
  names({ side, y, h }) {
    const seen = this.lanes[side];
    const threads = this.model.threads[side];
    const { starts, ends } = this.model.lanes[side];
    const row = this.rowHeight(seen, h);
    const bar = this.barHeight(row);
    const edge = y + 1;
    if (bar >= 10) {
      for (const i of seen.spans) {
        this.nameThread(threads, i, starts[i], ends[i], edge + seen.rank(i) * row, bar);
      }
    }
    if (threads.count === 0) {
      this.write(side === "client" ? say("client_not_known") : say("server_not_known"), 6, edge + 2);
    }
  }

  /**
   * @param {Threads} threads @param {number} i
   * @param {number} start @param {number} end @param {number} top @param {number} bar
   */
  nameThread(threads, i, start, end, top, bar) {
    const from = Math.max(0, this.x(start));
    const to = Math.min(this.width, this.x(end));
    const name = say("thread_is", { tid: threads.tids[i] });
    if (to - from > 8 * name.length) {
      this.write(name, from + 4, top + (bar - 11) / 2, "left", this.colours.ink);
    }
  }

  /** Whether a flow has room for its parts. @param {number} i @param {number} bar its height */
  large(i, bar) {
    const { first, last } = this.model.flows;
    return bar >= 3 && last[i] - first[i] >= (12 * (this.view.to - this.view.from)) / this.width;
  }

  /** The flows that have no room for their parts. @param {Panel} panel */
  small({ y, h }) {
    const { model, flows: seen, dust, flowPixels } = this;
    const { spans } = seen;
    const row = this.rowHeight(seen, h);
    const bar = this.barHeight(row);
    const { first, last, failed } = model.flows;
    const bad = pixelOf(this.colours.bad);
    for (let n = 0; n < spans.length; n += 1) {
      const i = spans[n];
      if (this.large(i, bar)) continue;
      const top = y + seen.rank(i) * row;
      if (failed[i] === 1) dust.addAbove(bad, first[i], last[i], top, bar);
      else dust.add(flowPixels[i], first[i], last[i], top, bar);
    }
  }

  /** The others. @param {Panel} panel */
  bars({ y, h }) {
    const { model, flows: seen } = this;
    const { spans } = seen;
    const row = this.rowHeight(seen, h);
    const bar = this.barHeight(row);
    for (let n = 0; n < spans.length; n += 1) {
      const i = spans[n];
      if (this.large(i, bar)) this.bar(i, y + seen.rank(i) * row, bar);
    }
    if (model.count === 0) {
      this.write(model.head.captured ? say("no_flow_seen") : say("not_captured"), 6, y + 2);
    }
  }

  /** One flow. @param {number} i @param {number} top @param {number} bar its height */
  bar(i, top, bar) {
    const { pen, model } = this;
    const f = model.flows;
    const from = Math.max(-2, this.x(f.first[i]));
    const to = Math.min(this.width + 2, this.x(f.last[i]));
    const colour = this.worker(model.colour(i));
    const failed = f.failed[i] === 1;
    pen.fillStyle = colour;
    pen.globalAlpha = 0.32;
    pen.fillRect(from, top, to - from, bar);
    pen.globalAlpha = 1;
    this.part(f.request[i], f.response[i], top, bar, colour);
    for (const row of model.more.get(i) ?? []) {
      this.part(model.exchanges.request[row], model.exchanges.response[row], top, bar, colour);
    }
    this.part(f.syn[i], f.ack[i], top, bar, this.colours.shake);
    if (bar >= 7) {
      this.mark(f.request[i], top, bar, 1);
      this.mark(f.response[i], top, bar, -1);
      for (const row of model.more.get(i) ?? []) {
        this.mark(model.exchanges.request[row], top, bar, 1);
        this.mark(model.exchanges.response[row], top, bar, -1);
      }
    }
    if (failed) {
      pen.strokeStyle = this.colours.bad;
      pen.lineWidth = 1.5;
      pen.strokeRect(from + 0.75, top + 0.75, Math.max(1, to - from - 1.5), Math.max(1, bar - 1.5));
    }
    if (bar >= 13 && to - from > 90) this.nameFlow(i, Math.max(0, from), top, bar);
  }

  /** @param {number} i @param {number} from @param {number} top @param {number} bar */
  nameFlow(i, from, top, bar) {
    const worker = this.model.flows.worker[i];
    const name = Number.isNaN(worker) ? say("flow_is", { flow: this.model.flows.flow[i] }) : say("worker_is", { worker });
    this.write(name, from + 5, top + (bar - 11) / 2, "left", this.colours.ink);
  }

  /** @param {number} start @param {number} end @param {number} top @param {number} bar @param {string} colour */
  part(start, end, top, bar, colour) {
    if (!(end >= start) || end < this.view.from || start > this.view.to) return;
    const from = Math.max(-2, this.x(start));
    const to = Math.min(this.width + 2, this.x(end));
    this.pen.fillStyle = colour;
    this.pen.fillRect(from, top, Math.max(1, to - from), bar);
  }

  /** A moment on a bar: a triangle that points the way the data goes. @param {number} time @param {number} top @param {number} bar @param {1 | -1} way */
  mark(time, top, bar, way) {
    if (!(time >= this.view.from && time <= this.view.to)) return;
    const { pen } = this;
    const x = this.x(time);
    const size = Math.min(5, bar / 2);
    pen.fillStyle = this.colours.ink;
    pen.beginPath();
    if (way > 0) {
      pen.moveTo(x - size, top);
      pen.lineTo(x + size, top);
      pen.lineTo(x, top + size * 1.4);
    } else {
      pen.moveTo(x - size, top + bar);
      pen.lineTo(x + size, top + bar);
      pen.lineTo(x, top + bar - size * 1.4);
    }
    pen.fill();
  }

  /** From the client's thread over the flow to the server's thread. @param {Panel[]} panels */
  links(panels) {
    const { pen, view } = this;
    const wanted = new Set([view.chosen, view.hover].filter((flow) => flow >= 0));
    for (const flow of wanted) {
      const at = this.place(panels[2], this.flows, flow);
      if (!at) continue;
      const f = this.model.flows;
      pen.strokeStyle = flow === view.hover ? this.colours.ink : this.colours.accent;
      pen.lineWidth = 1.5;
      const from = Math.max(1, this.x(f.first[flow]));
      const to = Math.min(this.width - 1, this.x(f.last[flow]));
      pen.strokeRect(from - 1, at.top - 1, Math.max(3, to - from + 2), at.bar + 2);
      pen.setLineDash([4, 3]);
      const up = this.place(panels[1], this.lanes.client, this.model.threadOf.client[flow]);
      if (up) this.line(this.x(f.first[flow]), up.top + up.bar, at.top);
      const down = this.place(panels[3], this.lanes.server, this.model.threadOf.server[flow]);
      if (down) this.line(this.x(this.model.work.server.from[flow]), at.top + at.bar, down.top);
      pen.setLineDash([]);
    }
  }

  /** @param {number} x @param {number} from @param {number} to */
  line(x, from, to) {
    this.pen.beginPath();
    this.pen.moveTo(x, from);
    this.pen.lineTo(x, to);
    this.pen.stroke();
  }

  /** @param {Panel} panel @param {Seen} seen @param {number} span */
  place(panel, seen, span) {
    if (span < 0 || seen.rank(span) < 0) return null;
    const row = this.rowHeight(seen, panel.h);
    const top = panel.y + (panel.kind === "lanes" ? 1 : 0) + seen.rank(span) * row;
    return { top, bar: this.barHeight(row) };
  }

  pointer() {
    if (Number.isNaN(this.view.mouse)) return;
    this.pen.fillStyle = this.colours.quiet;
    this.pen.fillRect(Math.round(this.view.mouse), TICKS, 0.75, this.height);
  }

  /**
   * What is at a place: the flow, if any, and what to say of it.
   * @param {number} x @param {number} y @param {number} time
   * @returns {{flow: number, lines: string[]}}
   */
  under(x, y, time) {
    const panel = this.panels().find((p) => y >= p.y && y < p.y + p.h);
    if (!panel) return { flow: -1, lines: [] };
    if (panel.kind === "area") return { flow: -1, lines: this.sayCounts(panel.side, time) };
    if (panel.kind === "flows") {
      const { first, last } = this.model.flows;
      const flow = this.nearest(panel, this.flows, first, last, x, y);
      return { flow, lines: flow < 0 ? [] : sayFlow(this.model, flow) };
    }
    const { starts, ends } = this.model.lanes[panel.side];
    const thread = this.nearest(panel, this.lanes[panel.side], starts, ends, x, y);
    if (thread < 0) return { flow: -1, lines: [] };
    return this.sayThread(panel.side, thread, time);
  }

  /**
   * The span nearest to a place; -1 where there is none.
   * @param {Panel} panel @param {Seen} seen
   * @param {ArrayLike<number>} starts @param {ArrayLike<number>} ends
   * @param {number} x @param {number} y
   */
  nearest(panel, seen, starts, ends, x, y) {
    const row = this.rowHeight(seen, panel.h);
    let best = -1;
    let least = Math.max(4, row / 2 + 1);
    for (const i of seen.spans) {
      const middle = panel.y + (seen.rank(i) + 0.5) * row;
      const off = Math.max(0, this.x(starts[i]) - x, x - this.x(ends[i]));
      if (off > 4) continue;
      const distance = Math.abs(middle - y) + off / 4;
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  /** @param {SideName} side @param {number} time */
  sayCounts(side, time) {
    const { at, threads, processes } = this.model.changes[side];
    let i = -1;
    while (i + 1 < at.length && at[i + 1] <= time) i += 1;
    const when = { time: moment(time) };
    const title = side === "client" ? say("client_at", when) : say("server_at", when);
    if (i < 0) return [`${title}: ${ABSENT}`];
    return [title, counted("threads", threads[i]), counted("processes", processes[i])];
  }

  /** @param {SideName} side @param {number} thread @param {number} time */
  sayThread(side, thread, time) {
    const threads = this.model.threads[side];
    const flows = threads.flowsOf(thread);
    const { from, to } = this.model.work[side];
    const at = flows.find((flow) => from[flow] <= time && time <= to[flow]);
    const who = { tid: threads.tids[thread] };
    const lines = [
      `${side === "client" ? say("client_thread_is", who) : say("server_thread_is", who)}, ${say("process_is", { pid: id(threads.pids[thread]) })}`,
      say("thread_known", {
        flows: counted("flows", flows.length),
        from: moment(threads.starts[thread]),
        to: moment(threads.ends[thread]),
      }),
    ];
    const flow = at ?? (flows.length === 1 ? flows[0] : -1);
    if (at !== undefined) lines.push(say("works_on", { flow: this.model.flows.flow[at] }));
    return { flow, lines };
  }
}

/** What is said of a flow in a few lines. @param {Model} model @param {number} i */
function sayFlow(model, i) {
  const f = model.flows;
  const state = model.state(i);
  const lines = [
    `${say("flow_title", { flow: f.flow[i] })}, ${say("worker_is", { worker: id(f.worker[i]) })}`,
    say("flow_threads", { tid: id(f.client_tid[i]), accepted: id(f.accept_tid[i]), served: id(f.serve_tid[i]) }),
    say("flow_times", { begins: moment(f.first[i]), handshake: span(model.handshake(i)), answer: span(model.answer(i)) }),
    say("flow_became", { answer: model.answered(i), state, meaning: model.head.states[state] ?? ABSENT }),
  ];
  const problem = model.problem(i);
  if (problem) lines.push(problem);
  return lines;
}
