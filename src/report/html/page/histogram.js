// How durations are distributed, on a logarithmic scale.

/** Columns for each power of ten. */
const PER_POWER = 10;
/** How wide a letter of a label is, about. */
const LETTER = 6.5;

/**
 * @param {string} title @param {Float64Array} sorted durations in nanoseconds @param {string} kind
 * @param {boolean} captured
 */
function histogram(title, sorted, kind, captured) {
  const figure = element("figure");
  figure.append(element("h3", title));
  if (sorted.length === 0) {
    figure.append(element("figcaption", captured ? say("none_seen") : say("not_on_wire")));
    return figure;
  }
  const quantile = (/** @type {number} */ q) => sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)];
  const place = (/** @type {number} */ ns) => Math.floor(Math.log10(Math.max(1, ns)) * PER_POWER + 1e-9);
  const first = Math.floor(place(sorted[0]) / PER_POWER) * PER_POWER;
  const last = Math.max(first + PER_POWER, Math.ceil((place(sorted[sorted.length - 1]) + 1) / PER_POWER) * PER_POWER);
  const columns = new Array(last - first).fill(0);
  for (const ns of sorted) columns[place(ns) - first] += 1;
  const marks = [["p50", quantile(0.5)], ["p95", quantile(0.95)], ["p99", quantile(0.99)]];
  const words = say("values_are", {
    values: counted("values", sorted.length),
    least: span(sorted[0]),
    quantiles: marks.map(([name, ns]) => `${name} ${span(/** @type {number} */ (ns))}`).join(", "),
    greatest: span(sorted[sorted.length - 1]),
  });
  figure.append(columnsOf(columns, first, marks.map(([, ns]) => /** @type {number} */ (ns)), say("histogram_of", { title, words }), kind));
  figure.append(element("figcaption", say("on_log_scale", { words })));
  return figure;
}

/**
 * @param {number[]} columns @param {number} first the first column's place
 * @param {number[]} marks @param {string} words @param {string} kind
 */
function columnsOf(columns, first, marks, words, kind) {
  const [width, height, left, bottom, top] = [520, 190, 44, 22, 16];
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  const most = Math.max(...columns);
  const wide = (width - left - 8) / columns.length;
  const x = (/** @type {number} */ place) => left + (place - first) * wide;
  const high = (/** @type {number} */ n) => (n / most) * (height - bottom - top);
  for (const n of [most, Math.round(most / 2)].filter((n, i) => n > 0 && (i === 0 || most > 1))) {
    const y = height - bottom - high(n);
    svg.append(drawing("line", { x1: left, x2: width - 8, y1: y, y2: y, class: "rule" }));
    svg.append(drawing("text", { x: left - 5, y: y + 4, "text-anchor": "end" }, count(n)));
  }
  columns.forEach((n, i) => {
    if (n === 0) return;
    const tall = Math.max(1, high(n));
    const column = drawing("rect", {
      x: x(first + i) + 0.5,
      y: height - bottom - tall,
      width: Math.max(1, wide - 1),
      height: tall,
      class: `column ${kind}`,
    });
    const from = 10 ** ((first + i) / PER_POWER);
    const to = 10 ** ((first + i + 1) / PER_POWER);
    column.append(drawing("title", {}, say("column_is", { from: span(from), to: span(to), n: count(n) })));
    svg.append(column);
  });
  for (let place = first; place <= first + columns.length; place += PER_POWER) {
    svg.append(drawing("line", { x1: x(place), x2: x(place), y1: height - bottom, y2: height - bottom + 4, class: "rule" }));
    const anchor = place === first + columns.length ? "end" : "middle";
    const label = span(10 ** (place / PER_POWER)).replace(/[.,]00? /, " ");
    // The last one ends at its line, and has to leave the one before it alone.
    if (anchor === "end" && (label.length + 3) * LETTER > wide * PER_POWER) continue;
    svg.append(drawing("text", { x: x(place), y: height - 6, "text-anchor": anchor }, label));
  }
  marks.forEach((ns, i) => {
    const at = x(Math.log10(Math.max(1, ns)) * PER_POWER);
    svg.append(drawing("line", { x1: at, x2: at, y1: top, y2: height - bottom, class: "mark" }));
    const near = i > 0 && Math.abs(at - x(Math.log10(Math.max(1, marks[i - 1])) * PER_POWER)) < 24;
    if (!near) svg.append(drawing("text", { x: at, y: 11, "text-anchor": "middle" }, ["p50", "p95", "p99"][i]));
  });
  return svg;
}
