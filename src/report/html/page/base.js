//# allFunctionsCalledOnLoad
"use strict";
// With the first line Chromium compiles all of this while it reads it, not each function twice.
// What both pages begin with: the data's bytes, gzipped, in base64 (pack.rs writes them).

/** What is not there. */
const ABSENT = "\u2014";

/** @param {string} text @returns {Uint8Array} */
function fromBase64(text) {
  const known = /** @type {any} */ (Uint8Array).fromBase64;
  if (known) return known.call(Uint8Array, text);
  const letters = atob(text.trim());
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/**
 * A browser unzips what is written to a stream at once, in no other process: what is asked for
 * when the page is read is there before its first frame.
 * @param {Uint8Array} bytes @returns {Promise<Uint8Array>}
 */
async function unzipped(bytes) {
  if (typeof DecompressionStream !== "function") {
    throw new Error(say("too_old"));
  }
  const unzip = new DecompressionStream("gzip");
  const writer = unzip.writable.getWriter();
  // What goes wrong is told by what reads.
  writer.write(/** @type {BufferSource} */ (bytes)).catch(() => {});
  writer.close().catch(() => {});
  const reader = unzip.readable.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes in the page's data. @returns {Promise<Uint8Array>} */
async function dataBytes() {
  const template = /** @type {HTMLTemplateElement} */ (byId("data"));
  return unzipped(fromBase64(template.content.textContent || ""));
}

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`there is no #${id}`);
  return found;
}
