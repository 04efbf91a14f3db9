"use strict";
// What both pages begin with: the data's bytes, gzipped, in base64 (pack.rs writes them).

/** What is not there. */
const ABSENT = "—";

/** @param {string} text @returns {Uint8Array} */
function fromBase64(text) {
  const letters = atob(text.trim());
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** @param {Uint8Array} bytes @returns {Promise<Uint8Array>} */
async function unzipped(bytes) {
  if (typeof DecompressionStream !== "function") {
    throw new Error(say("too_old"));
  }
  const unzip = new DecompressionStream("gzip");
  const stream = new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(unzip);
  return new Uint8Array(await new Response(stream).arrayBuffer());
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
