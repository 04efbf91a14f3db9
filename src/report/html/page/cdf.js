// How long it took: which share of each method was done after how long, on one axis.

const CDF = { width: 620, height: 300, left: 48, right: 12, top: 10, bottom: 24 };

/** So many places has the slider. */
const PLACES = 400;

/** A share as the tables write it. @param {number} share of 1 */
function percent(share) {
  const hundredths = share * 100;
  return `${decimal(hundredths, Number.isInteger(hundredths) ? 0 : 1)}%`;
}

/** The share that was done after so long. @param {Curve} curve @param {number} ns */
function shareAt(curve, ns) {
  let i = 0;
  let end = curve.at_most_ns.length;
  while (i < end) {
    const middle = (i + end) >> 1;
    if (curve.at_most_ns[middle] <= ns) i = middle + 1;
    else end = middle;
  }
  return i > 0 ? curve.share[i - 1] : 0;
}

class Cdf {
  /** @param {string} title @param {Member[]} members @param {"handshake" | "answer"} what */
  constructor(title, members, what) {
    this.members = members;
    this.what = what;
    this.title = title;
    this.from = 0;
    this.to = 1;
    this.figure = element("figure");
    this.figure.append(element("h3", title));
    const all = members.map((member) => member[what]).filter((curve) => curve.count > 0);
    if (all.length === 0) {
      this.figure.append(element("figcaption", say("none_seen")));
      return;
    }
    const log = (/** @type {number} */ ns) => Math.log10(Math.max(1, ns));
    this.from = log(Math.min(...all.map((curve) => curve.at_most_ns[0]))) - 0.05;
    const greatest = Math.max(...all.map((curve) => curve.at_most_ns[curve.at_most_ns.length - 1]));
    this.to = Math.max(log(greatest), this.from + 0.1) + 0.05;
    const svg = this.draw();
    this.figure.append(svg, this.key(), ...this.slider(svg));
  }

  /** @param {number} ns */
  x(ns) {
    const share = (Math.log10(Math.max(1, ns)) - this.from) / (this.to - this.from);
    return CDF.left + share * (CDF.width - CDF.left - CDF.right);
  }

  /** @param {number} share */
  y(share) {
    return CDF.height - CDF.bottom - share * (CDF.height - CDF.bottom - CDF.top);
  }

  draw() {
    const { width, height, left, right, top, bottom } = CDF;
    const words = say("cdf_of", { title: this.title });
    const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const y = this.y(share);
      svg.append(drawing("line", { x1: left, x2: width - right, y1: y, y2: y, class: "rule" }));
      svg.append(drawing("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, percent(share)));
    }
    for (const ns of this.marks()) {
      const at = this.x(ns);
      svg.append(drawing("line", { x1: at, x2: at, y1: top, y2: height - bottom, class: "rule" }));
      svg.append(drawing("text", { x: at, y: height - 7, "text-anchor": "middle" }, mark(ns)));
    }
    this.members.forEach((member, n) => {
      const curve = member[this.what];
      if (curve.count === 0) return;
      const line = drawing("path", { d: this.path(curve), class: `line dash${n % 4}` });
      line.append(drawing("title", {}, `${member.name}: ${counted("values", curve.count)}`));
      svg.append(coloured(line, n));
    });
    return svg;
  }

  /** Where the axis has its marks: at 1, 2 and 5 where there are few powers of ten. */
  marks() {
    const steps = this.to - this.from < 2.2 ? [1, 2, 5] : [1];
    const marks = [];
    for (let power = Math.floor(this.from); power <= this.to; power += 1) {
      for (const step of steps) {
        const place = Math.log10(step) + power;
        if (place >= this.from && place <= this.to) marks.push(step * 10 ** power);
      }
    }
    return marks;
  }

  /** Each duration is a step up. @param {Curve} curve */
  path(curve) {
    let d = `M${this.x(curve.at_most_ns[0]).toFixed(1)} ${this.y(0).toFixed(1)}`;
    curve.at_most_ns.forEach((ns, i) => {
      d += `H${this.x(ns).toFixed(1)}V${this.y(curve.share[i]).toFixed(1)}`;
    });
    return `${d}H${CDF.width - CDF.right}`;
  }

  key() {
    const list = element("ul", undefined, "key");
    this.members.forEach((member, n) => {
      const item = element("li");
      item.append(swatchOf(n), member.name);
      if (member[this.what].count === 0) item.append(` ${ABSENT}`);
      list.append(item);
    });
    return list;
  }

  /** Moves a line over the chart, and reads the shares there. @param {SVGElement} svg */
  slider(svg) {
    const guide = drawing("line", { y1: CDF.top, y2: CDF.height - CDF.bottom, class: "guide" });
    svg.append(guide);
    const label = element("label", say("read_at"), "reading");
    const slider = /** @type {HTMLInputElement} */ (element("input"));
    slider.type = "range";
    slider.max = String(PLACES);
    slider.value = String(PLACES / 2);
    label.append(" ", slider);
    const read = element("output", undefined, "reading quiet");
    const move = () => {
      const place = this.from + (Number(slider.value) / PLACES) * (this.to - this.from);
      const ns = 10 ** place;
      for (const end of ["x1", "x2"]) guide.setAttribute(end, String(this.x(ns)));
      const there = this.members.filter((member) => member[this.what].count > 0);
      const shares = there.map((member) =>
        say("share_is", { name: member.name, share: percent(shareAt(member[this.what], ns)) }),
      );
      read.textContent = say("done_after", { time: span(ns), shares: shares.join(", ") });
      slider.setAttribute("aria-valuetext", span(ns));
    };
    slider.addEventListener("input", move);
    svg.addEventListener("pointermove", (event) => {
      const edge = svg.getBoundingClientRect();
      const at = ((event.clientX - edge.left) / edge.width) * CDF.width;
      const share = (at - CDF.left) / (CDF.width - CDF.left - CDF.right);
      slider.value = String(Math.round(Math.max(0, Math.min(1, share)) * PLACES));
      move();
    });
    move();
    return [label, read];
  }
}
