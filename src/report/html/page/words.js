// Figures as words, and elements with texts. Texts only ever go into textContent.

/** A count with a comma between thousands. @param {number} n */
function count(n) {
  return Number.isNaN(n) ? ABSENT : Math.round(n).toLocaleString("en-US");
}

/** @param {number} n @param {string} one @param {string} many */
function counted(n, one, many) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** @param {number} value */
function threeDigits(value) {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** A duration in nanoseconds as the tables write it: 850 ns, 1.20 ms. @param {number} ns */
function span(ns) {
  if (Number.isNaN(ns)) return ABSENT;
  const size = Math.abs(ns);
  if (size < 999.5) return `${Math.round(ns)} ns`;
  if (size < 999.5e3) return `${threeDigits(ns / 1e3)} µs`;
  if (size < 999.5e6) return `${threeDigits(ns / 1e6)} ms`;
  if (size < 59.95e9) return `${threeDigits(ns / 1e9)} s`;
  const seconds = Math.round(size / 1e9);
  const sign = ns < 0 ? "-" : "";
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${sign}${count(Math.floor(seconds / 3600))} h ${two(Math.floor(seconds / 60) % 60)} min`;
}

/** A moment, in nanoseconds after the zero. @param {number} ns */
function moment(ns) {
  if (Number.isNaN(ns)) return ABSENT;
  return `${ns < 0 ? "−" : "+"}${(Math.abs(ns) / 1e6).toLocaleString("en-US", {
    minimumFractionDigits: 3,
    maximumFractionDigits: 3,
  })} ms`;
}

/** A number as it is: an id. @param {number} n */
function id(n) {
  return Number.isNaN(n) ? ABSENT : String(n);
}

/**
 * An element with a text.
 * @param {string} name @param {string} [text] @param {string} [kind] its class
 * @returns {HTMLElement}
 */
function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/**
 * An element of a drawing.
 * @param {string} name @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function drawing(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}
