// Reads the page's data: columns of numbers, gzipped, in base64 (columns.rs writes them).

/**
 * @typedef {Record<string, Float64Array>} Columns A table: NaN is what is not there.
 * @typedef {{name: string, base: string, width: number}} ColumnHead
 * @typedef {{rows: number, columns: ColumnHead[]}} TableHead
 */

/**
 * One table. Its bytes begin at `from`.
 * @param {TableHead} head @param {Uint8Array} bytes @param {number} from
 * @returns {{columns: Columns, end: number}}
 */
function readTable(head, bytes, from) {
  const rows = head.rows;
  /** @type {Columns} */
  const columns = {};
  /** @type {Columns} */
  const filled = {};
  let at = from;
  for (const { name, base, width } of head.columns) {
    const codes = new Float64Array(rows);
    for (let plane = 0, scale = 1; plane < width; plane += 1, scale *= 256) {
      for (let row = 0; row < rows; row += 1) codes[row] += bytes[at + row] * scale;
      at += rows;
    }
    const near = base === "zero" || base === "previous" ? null : filled[base];
    const values = new Float64Array(rows);
    // Where every row has a value, they are the same.
    const full = codes.includes(0) ? new Float64Array(rows) : values;
    let before = 0;
    for (let row = 0; row < rows; row += 1) {
      if (near) before = near[row];
      else if (base === "zero") before = 0;
      const code = codes[row];
      if (code === 0) {
        values[row] = NaN;
      } else {
        // An odd code is a distance of 0 or more: 0, -1, 1, -2 are 1, 2, 3, 4.
        const half = Math.floor(code / 2);
        before += half * 2 === code ? -half : half;
        values[row] = before;
      }
      if (full !== values) full[row] = before;
    }
    columns[name] = values;
    filled[name] = full;
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
