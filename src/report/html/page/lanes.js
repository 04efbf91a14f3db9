// Spans of time laid out in rows: each in the lowest row that is free.

/** A heap of numbers, the least on top. */
class Heap {
  constructor() {
    /** @type {number[]} */
    this.keys = [];
    /** @type {number[]} */
    this.values = [];
  }

  get size() {
    return this.keys.length;
  }

  /** @param {number} key @param {number} value */
  push(key, value) {
    const { keys, values } = this;
    let at = keys.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent] <= key) break;
      keys[at] = keys[parent];
      values[at] = values[parent];
      at = parent;
    }
    keys[at] = key;
    values[at] = value;
  }

  /** The value of the least key. @returns {number} */
  pop() {
    const { keys, values } = this;
    const least = values[0];
    const key = /** @type {number} */ (keys.pop());
    const value = /** @type {number} */ (values.pop());
    const size = keys.length;
    if (size === 0) return least;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[child + 1] < keys[child]) child += 1;
      if (keys[child] >= key) break;
      keys[at] = keys[child];
      values[at] = values[child];
      at = child;
    }
    keys[at] = key;
    values[at] = value;
    return least;
  }
}

/** Spans, and the row of each. */
class Strip {
  /** @param {Float64Array} starts @param {Float64Array} ends */
  constructor(starts, ends) {
    this.starts = starts;
    this.ends = ends;
    this.order = Uint32Array.from(starts, (_, i) => i);
    if (starts.some((start, i) => i > 0 && start < starts[i - 1])) {
      this.order.sort((a, b) => starts[a] - starts[b]);
    }
    this.rows = new Int32Array(starts.length);
    this.count = 0;
    const busy = new Heap();
    const free = new Heap();
    for (const i of this.order) {
      while (busy.size > 0 && busy.keys[0] < starts[i]) {
        const row = busy.pop();
        free.push(row, row);
      }
      const row = free.size > 0 ? free.pop() : this.count++;
      this.rows[i] = row;
      busy.push(ends[i], row);
    }
    this.ranks = new Int32Array(this.count);
  }

  /**
   * The spans that a stretch of time shows, and how many rows they take: rows without
   * any are left out, and `rank` says which is which.
   * @param {number} from @param {number} to
   */
  visible(from, to) {
    const spans = new Uint32Array(this.order.length);
    let seen = 0;
    const { starts, ends, rows, ranks } = this;
    ranks.fill(-1);
    for (const i of this.order) {
      if (starts[i] > to) break;
      if (ends[i] < from) continue;
      spans[seen++] = i;
      ranks[rows[i]] = 0;
    }
    let taken = 0;
    for (let row = 0; row < ranks.length; row += 1) {
      if (ranks[row] === 0) ranks[row] = taken++;
    }
    return { spans: spans.subarray(0, seen), rows: taken, rank: (/** @type {number} */ i) => ranks[rows[i]] };
  }
}

/**
 * @typedef {ReturnType<Strip["visible"]>} Seen
 */

/** The threads of one side, with the flows of each. */
class Threads {
  constructor() {
    /** Those of a PID and TID, of which the kernel gives one again. @type {Map<number, number[]>} */
    this.numbers = new Map();
    /** What tells threads of the same numbers apart. @type {number[]} */
    this.marks = [];
    /** @type {number[]} */
    this.pids = [];
    /** @type {number[]} */
    this.tids = [];
    /** @type {number[]} */
    this.starts = [];
    /** @type {number[]} */
    this.ends = [];
    /** For each thread its flows. @type {number[][]} */
    this.flows = [];
    /** Of a thread its requests without a flow: from, to, colour. @type {Map<number, [number, number, number][]>} */
    this.requests = new Map();
  }

  /**
   * What is known of a thread: that it was there from when to when.
   * @param {number} pid @param {number} tid @param {number} mark what no other thread of these
   * numbers has @param {number} start @param {number} end
   * @param {number} flow NaN where it tells of none
   * @returns {number} the thread
   */
  add(pid, tid, mark, start, end, flow) {
    // Neither is greater than PID_MAX_LIMIT, 2 to the power of 22.
    const key = pid * 2 ** 23 + tid;
    const those = this.numbers.get(key);
    let at = those?.find((one) => Object.is(this.marks[one], mark));
    if (at === undefined) {
      at = this.pids.length;
      if (those) those.push(at);
      else this.numbers.set(key, [at]);
      this.marks.push(mark);
      this.pids.push(pid);
      this.tids.push(tid);
      this.starts.push(start);
      this.ends.push(end);
      this.flows.push([]);
    }
    this.starts[at] = Math.min(this.starts[at], start);
    this.ends[at] = Math.max(this.ends[at], end);
    if (!Number.isNaN(flow)) this.flows[at].push(flow);
    return at;
  }

  strip() {
    return new Strip(Float64Array.from(this.starts), Float64Array.from(this.ends));
  }
}
