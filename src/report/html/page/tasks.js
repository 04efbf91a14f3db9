// Threads over time: a row for each method, a panel for each side, all on the same axes.

/**
 * @typedef {{at_ns: number[], threads: number[], processes: number[]}} Counts
 * @typedef {{count: number, at_most_ns: number[], share: number[]}} Curve
 * @typedef {{name: string, end_ns: number, client: Counts, server: Counts, handshake: Curve, answer: Curve}} Member
 * @typedef {"client" | "server"} SideName
 */

/** @type {SideName[]} */
const SIDES = ["client", "server"];

/** The measures of a panel, in units of its drawing. */
const PANEL = { width: 560, height: 112, left: 44, right: 8, top: 16, bottom: 20 };

/** Gives it the colour of a method. @param {SVGElement} made @param {number} n */
function coloured(made, n) {
  made.style.setProperty("--hue", String((n * 137.508 + 210) % 360));
  return made;
}

/** A piece of a method's line, for legends. @param {number} n */
function swatchOf(n) {
  const svg = drawing("svg", { viewBox: "0 0 26 8", class: "sample", "aria-hidden": "true" });
  svg.append(drawing("path", { d: "M0 4H26", class: `line dash${n % 4}` }));
  return coloured(svg, n);
}

/** Some five places of a scale. @param {number} from @param {number} to */
function ticksOf(from, to) {
  const about = Math.max(to - from, 1) / 5;
  const power = 10 ** Math.floor(Math.log10(about));
  const step = power * (about / power < 2 ? 2 : about / power < 5 ? 5 : 10);
  const ticks = [];
  for (let n = Math.ceil(from / step); n * step <= to; n += 1) ticks.push(n * step);
  return ticks;
}

/** A duration as a mark of an axis: without noughts behind its point. @param {number} ns */
function mark(ns) {
  return ns === 0 ? "0" : span(ns).replace(/([.,]\d*?)0+ /, "$1 ").replace(/[.,] /, " ");
}

class Tasks {
  /** @param {Member[]} members */
  constructor(members) {
    this.members = members;
    this.most = { client: this.peak("client"), server: this.peak("server") };
    this.end = Math.max(1000, ...members.map((member) => member.end_ns));
    this.from = 0;
    this.to = this.end;
    this.box = byId("tasks");
    /** @type {(() => void)[]} */
    this.panels = [];
    this.build();
    this.listen();
  }

  /** The most threads of a side in all methods. @param {SideName} side */
  peak(side) {
    let most = 1;
    for (const member of this.members) {
      for (const n of member[side].threads) most = Math.max(most, n);
    }
    return most;
  }

  build() {
    this.members.forEach((member, n) => {
      const row = element("div", undefined, "pair");
      const title = element("h3");
      title.append(swatchOf(n), member.name);
      row.append(title);
      for (const side of SIDES) {
        const figure = element("figure");
        row.append(figure);
        this.panels.push(() => figure.replaceChildren(this.panel(member, side, n)));
      }
      this.box.append(row);
    });
    this.draw();
  }

  draw() {
    for (const panel of this.panels) panel();
    byId("shown").textContent = say("axis_from_to", { from: mark(this.from), to: span(this.to) });
  }

  /** @param {number} ns */
  x(ns) {
    const { width, left, right } = PANEL;
    return left + ((ns - this.from) / (this.to - this.from)) * (width - left - right);
  }

  /** @param {Member} member @param {SideName} side @param {number} n */
  panel(member, side, n) {
    const { width, height, left, right, top, bottom } = PANEL;
    const counts = member[side];
    const text = this.words(counts, side);
    const svg = drawing("svg", {
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `${member.name}, ${text}`,
    });
    coloured(svg, n);
    const base = height - bottom;
    const most = this.most[side];
    const high = (/** @type {number} */ value) => base - (value / most) * (base - top);
    for (const tick of ticksOf(this.from, this.to)) {
      const at = this.x(tick);
      svg.append(drawing("line", { x1: at, x2: at, y1: top, y2: base, class: "rule" }));
      const anchor = at > width - 30 ? "end" : "middle";
      svg.append(drawing("text", { x: at, y: height - 6, "text-anchor": anchor }, mark(tick)));
    }
    for (const value of [0, most]) {
      const y = high(value);
      svg.append(drawing("line", { x1: left, x2: width - right, y1: y, y2: y, class: "rule" }));
      svg.append(drawing("text", { x: left - 5, y: y + 4, "text-anchor": "end" }, count(value)));
    }
    const line = this.steps(counts.at_ns, counts.threads, member.end_ns, high);
    if (line.d) {
      const under = `${line.d}L${line.last} ${base}L${line.first} ${base}Z`;
      svg.append(drawing("path", { d: under, class: "area" }));
      svg.append(drawing("path", { d: line.d, class: "line" }));
    }
    if (Math.max(...counts.processes) > 1) {
      const { d } = this.steps(counts.at_ns, counts.processes, member.end_ns, high);
      svg.append(drawing("path", { d, class: "processes" }));
    }
    svg.append(drawing("text", { x: left + 4, y: 11, class: "title" }, text));
    return svg;
  }

  /** @param {Counts} counts @param {SideName} side */
  words(counts, side) {
    if (counts.at_ns.length === 0) {
      return side === "client" ? say("client_not_counted") : say("server_not_counted");
    }
    const processes = Math.max(...counts.processes);
    const more = processes > 1 ? ` (${counted("processes", processes)})` : "";
    const threads = counted("threads", Math.max(...counts.threads)) + more;
    return side === "client" ? say("client_up_to", { threads }) : say("server_up_to", { threads });
  }

  /**
   * A line of steps from the beginning of what is shown until the method ends; of each
   * half unit the greatest count.
   * @param {number[]} at @param {number[]} values @param {number} end
   * @param {(n: number) => number} high
   */
  steps(at, values, end, high) {
    const { width, left, right } = PANEL;
    const scale = (this.to - this.from) / (width - left - right);
    let i = 0;
    let now = NaN;
    for (; i < at.length && at[i] <= this.from; i += 1) now = values[i];
    let d = "";
    let [first, last] = [NaN, NaN];
    for (let x = left; x <= width - right; x += 0.5) {
      const begins = this.from + (x - left) * scale;
      if (begins > end) break;
      let most = now;
      for (; i < at.length && at[i] < begins + scale / 2; i += 1) {
        now = values[i];
        if (!(most >= now)) most = now;
      }
      if (Number.isNaN(most)) continue;
      if (d === "") first = x;
      d += `${d === "" ? "M" : "L"}${x} ${high(most).toFixed(1)}`;
      last = x;
    }
    return { d, first, last };
  }

  /** @param {number} factor below 1: closer */
  zoom(factor) {
    const size = Math.min(this.end, Math.max(1000, (this.to - this.from) * factor));
    this.show((this.from + this.to) / 2, size);
  }

  /** @param {number} middle @param {number} size */
  show(middle, size) {
    this.from = Math.max(0, Math.min(this.end - size, middle - size / 2));
    this.to = this.from + size;
    this.draw();
  }

  /** @param {number} part of what is shown */
  pan(part) {
    const size = this.to - this.from;
    this.show((this.from + this.to) / 2 + part * size, size);
  }

  listen() {
    const press = (/** @type {string} */ button, /** @type {() => void} */ act) =>
      byId(button).addEventListener("click", act);
    press("zoom-in", () => this.zoom(0.5));
    press("zoom-out", () => this.zoom(2));
    press("go-left", () => this.pan(-0.3));
    press("go-right", () => this.pan(0.3));
    press("whole", () => this.show(this.end / 2, this.end));
  }
}
