// Reads the page's data: columns of numbers, gzipped, in base64 (columns.rs writes them).

/**
 * @typedef {Record<string, Float64Array>} Columns A table: NaN is what is not there.
 * @typedef {{name: string, base: string, width: number}} ColumnHead
 * @typedef {{rows: number, columns: ColumnHead[]}} TableHead
 */

/** Codes of at most this many bytes are whole numbers that a bitwise operator takes. */
const NARROW = 4;

/**
 * The codes of one column, which `kept` is used for: 0 is what is not there.
 * @param {Uint8Array} bytes @param {number} from @param {number} width @param {Uint32Array} kept
 * @returns {Uint32Array | Float64Array}
 */
function codesOf(bytes, from, width, kept) {
  const rows = kept.length;
  if (width > NARROW) {
    const wide = new Float64Array(rows);
    for (let plane = 0, at = from, scale = 1; plane < width; plane += 1, at += rows, scale *= 256) {
      for (let row = 0; row < rows; row += 1) wide[row] += bytes[at + row] * scale;
    }
    return wide;
  }
  kept.fill(0);
  for (let plane = 0, at = from; plane < width; plane += 1, at += rows) {
    const shift = 8 * plane;
    for (let row = 0; row < rows; row += 1) kept[row] |= bytes[at + row] << shift;
  }
  return kept;
}

/**
 * What codes mean, in `values`.
 * An odd code is a distance of 0 or more: 0, -1, 1, -2 are 1, 2, 3, 4.
 * @param {Uint32Array | Float64Array} codes @param {Float64Array} values
 * @param {Float64Array | null} near to what they are distances; null: to the value before, or
 * to nothing @param {boolean} previous
 * @returns {boolean} whether every row has a value
 */
function decode(codes, values, near, previous) {
  const rows = values.length;
  const narrow = codes instanceof Uint32Array;
  let whole = true;
  let before = 0;
  for (let row = 0; row < rows; row += 1) {
    const code = codes[row];
    if (code === 0) {
      values[row] = NaN;
      whole = false;
      continue;
    }
    const half = narrow ? code >>> 1 : Math.floor(code / 2);
    const distance = half * 2 === code ? -half : half;
    if (near) {
      values[row] = near[row] + distance;
    } else {
      const value = before + distance;
      values[row] = value;
      if (previous) before = value;
    }
  }
  return whole;
}

/**
 * A column to which others are distances: where it has nothing stands what it would have
 * been the distance to.
 * @param {Float64Array} values @param {Float64Array | null} near @param {boolean} previous
 */
function filledIn(values, near, previous) {
  const full = new Float64Array(values.length);
  let before = 0;
  for (let row = 0; row < full.length; row += 1) {
    if (near) before = near[row];
    else if (!previous) before = 0;
    if (!Number.isNaN(values[row])) before = values[row];
    full[row] = before;
  }
  return full;
}

/**
 * One table. Its bytes begin at `from`.
 * @param {TableHead} head @param {Uint8Array} bytes @param {number} from
 * @returns {{columns: Columns, end: number}}
 */
function readTable(head, bytes, from) {
  const { rows } = head;
  /** @type {Columns} */
  const columns = {};
  /** @type {Columns} */
  const filled = {};
  const bases = new Set(head.columns.map(({ base }) => base));
  const kept = new Uint32Array(rows);
  let at = from;
  for (const { name, base, width } of head.columns) {
    const previous = base === "previous";
    const near = previous || base === "zero" ? null : filled[base];
    const values = new Float64Array(rows);
    const whole = decode(codesOf(bytes, at, width, kept), values, near, previous);
    at += width * rows;
    columns[name] = values;
    if (bases.has(name)) filled[name] = whole ? values : filledIn(values, near, previous);
  }
  return { columns, end: at };
}

/**
 * All of it: the head and its tables.
 * @returns {Promise<{head: any, tables: Record<string, Columns>}>}
 */
async function readData() {
  const bytes = await dataBytes();
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  if (head.version !== 1) throw new Error(say("other_version", { version: head.version }));
  /** @type {Record<string, Columns>} */
  const tables = {};
  let at = 4 + length;
  for (const [name, table] of head.tables) {
    const read = readTable(table, bytes, at);
    tables[name] = read.columns;
    at = read.end;
  }
  if (at !== bytes.length) throw new Error(say("not_whole"));
  return { head, tables };
}
