// Reads the page's data: columns of numbers, gzipped, in base64 (columns.rs writes them).

/**
 * @typedef {Record<string, Float64Array>} Columns A table: NaN is what is not there.
 * @typedef {{name: string, base: string, width: number}} ColumnHead
 * @typedef {{rows: number, columns: ColumnHead[]}} TableHead
 */

/** So many bytes of a code are a whole number that a bitwise operator takes. */
const NARROW = 4;

/**
 * One column, whose bytes begin at `from`, plane by plane, into `values`.
 * A code of 0 is what is not there; an odd one is a distance of 0 or more: 0, -1, 1, -2 are
 * 1, 2, 3, 4.
 * @param {Uint8Array} bytes @param {number} from @param {number} width @param {Float64Array} values
 * @param {Float64Array | null} near to what they are distances; null: to the value before, or
 * to nothing @param {boolean} previous
 * @returns {boolean} whether every row has a value
 */
function decode(bytes, from, width, values, near, previous) {
  const rows = values.length;
  if (width === 0) {
    values.fill(NaN);
    return rows === 0;
  }
  let whole = true;
  let before = 0;
  for (let row = 0, at = from; row < rows; row += 1, at += 1) {
    let code = bytes[at];
    if (width > 1) {
      code |= bytes[at + rows] << 8;
      if (width > 2) code |= bytes[at + 2 * rows] << 16;
      if (width > 3) code |= bytes[at + 3 * rows] << 24;
    }
    let half = code >>> 1;
    let there = code !== 0;
    for (let plane = NARROW, scale = 2 ** 31; plane < width; plane += 1, scale *= 256) {
      const high = bytes[at + plane * rows];
      half += high * scale;
      there ||= high !== 0;
    }
    if (!there) {
      values[row] = NaN;
      whole = false;
      continue;
    }
    const distance = code & 1 ? half : -half;
    if (near) {
      values[row] = near[row] + distance;
    } else {
      values[row] = before + distance;
      if (previous) before = values[row];
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
  let at = from;
  for (const { name, base, width } of head.columns) {
    const previous = base === "previous";
    const near = previous || base === "zero" ? null : filled[base];
    const values = new Float64Array(rows);
    const whole = decode(bytes, at, width, values, near, previous);
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
