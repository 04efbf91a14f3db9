// What the page says, in its language. Texts only ever go into textContent.

/** The language, by its code of ISO 639-1. */
const LANGUAGE = document.documentElement.lang;

/**
 * Each text by its name, with gaps `{gap}`; of a noun, the words for one and for several
 * (page_texts/ has them).
 * @type {Record<string, string | string[]>}
 */
const TEXTS = JSON.parse(
  /** @type {HTMLTemplateElement} */ (byId("texts")).content.textContent || "{}",
);

/** A text. @param {string} name @param {Record<string, string | number>} [gaps] what fills them */
function say(name, gaps = {}) {
  const text = /** @type {string} */ (TEXTS[name]);
  if (!text.includes("{")) return text;
  return text.replace(/\{(\w+)\}/g, (_, gap) => String(gaps[gap]));
}

/**
 * A decimal number, with the marks of the language. (Intl.NumberFormat does the same, and takes
 * a tenth of the time in which a page is ready to load what it knows of languages.)
 * @param {number} n @param {number} digits after its mark
 */
function decimal(n, digits) {
  const [whole, part] = n.toFixed(digits).split(".");
  const marked = whole.length > 3 ? whole.replace(/\B(?=(\d{3})+$)/g, say("thousands_mark")) : whole;
  return part === undefined ? marked : marked + say("decimal_mark") + part;
}

/** A count with a mark between thousands. @param {number} n */
function count(n) {
  return Number.isNaN(n) ? ABSENT : decimal(Math.round(n), 0);
}

/** So many of a noun. @param {string} noun @param {number} n */
function counted(noun, n) {
  return `${count(n)} ${TEXTS[noun][n === 1 ? 0 : 1]}`;
}

/** @param {number} value */
function threeDigits(value) {
  const size = Math.abs(value);
  return decimal(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** A duration in nanoseconds as the tables write it: 850 ns, 1.20 ms. @param {number} ns */
function span(ns) {
  if (Number.isNaN(ns)) return ABSENT;
  const size = Math.abs(ns);
  if (size < 999.5) return `${Math.round(ns)} ns`;
  if (size < 999.5e3) return `${threeDigits(ns / 1e3)} \u00b5s`;
  if (size < 999.5e6) return `${threeDigits(ns / 1e6)} ms`;
  if (size < 59.95e9) return `${threeDigits(ns / 1e9)} s`;
  const seconds = Math.round(size / 1e9);
  const sign = ns < 0 ? "-" : "";
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return sign + say("minutes", { minutes, seconds: two(seconds % 60) });
  return sign + say("hours", { hours: count(Math.floor(minutes / 60)), minutes: two(minutes % 60) });
}

/** A moment, in nanoseconds after the zero. @param {number} ns */
function moment(ns) {
  if (Number.isNaN(ns)) return ABSENT;
  return `${ns < 0 ? "\u2212" : "+"}${decimal(Math.abs(ns) / 1e6, 3)} ms`;
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
  for (const key in attributes) made.setAttribute(key, String(attributes[key]));
  if (text !== undefined) made.textContent = text;
  return made;
}
