// Spans of time laid out in rows: each in the lowest row that is free.

/** Spans, and the row of each. */
class Strip {
  /** @param {Float64Array} starts @param {Float64Array} ends */
  constructor(starts, ends) {
    this.starts = starts;
    this.ends = ends;
    this.order = new Uint32Array(starts.length);
    let inOrder = true;
    for (let i = 0; i < starts.length; i += 1) {
      this.order[i] = i;
      if (i > 0 && starts[i] < starts[i - 1]) inOrder = false;
    }
    if (!inOrder) this.order.sort((a, b) => starts[a] - starts[b]);
    this.rows = new Int32Array(starts.length);
    this.count = 0;
    this.lay();
    this.ranks = new Int32Array(this.count);
  }

  /** Gives each span its row. */
  lay() {
    const { starts, ends, order, rows } = this;
    // When a row is free again: a tree over the rows, the earliest end below each node, whose
    // children are at twice its place.
    let leaves = 8;
    let tree = new Float64Array(2 * leaves).fill(-Infinity);
    for (let n = 0; n < order.length; n += 1) {
      const i = order[n];
      const start = starts[i];
      if (!(tree[1] < start)) {
        // None is free: as many again.
        const more = new Float64Array(4 * leaves).fill(-Infinity);
        more.set(tree.subarray(leaves), 2 * leaves);
        leaves *= 2;
        tree = more;
        for (let at = leaves - 1; at > 0; at -= 1) tree[at] = Math.min(tree[2 * at], tree[2 * at + 1]);
      }
      let at = 1;
      while (at < leaves) {
        at *= 2;
        if (!(tree[at] < start)) at += 1;
      }
      const row = at - leaves;
      rows[i] = row;
      if (row >= this.count) this.count = row + 1;
      tree[at] = ends[i];
      while (at > 1) {
        const beside = tree[at ^ 1];
        const least = tree[at] < beside ? tree[at] : beside;
        at >>= 1;
        if (tree[at] === least) break;
        tree[at] = least;
      }
    }
  }

  /**
   * The spans that a stretch of time shows, and how many rows they take: rows without
   * any are left out, and `rank` says which is which.
   * @param {number} from @param {number} to
   */
  visible(from, to) {
    const { starts, ends, order, rows, ranks } = this;
    const spans = new Uint32Array(order.length);
    let seen = 0;
    ranks.fill(-1);
    for (let n = 0; n < order.length; n += 1) {
      const i = order[n];
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
  /** @param {number} most so many there are at most @param {number} flows */
  constructor(most, flows) {
    this.count = 0;
    /** The last of those of a PID and TID, of which the kernel gives one again. @type {Map<number, number>} */
    this.numbers = new Map();
    /** The one of the same numbers before each; -1: none. */
    this.before = new Int32Array(most);
    /** What tells threads of the same numbers apart. */
    this.marks = new Float64Array(most);
    this.pids = new Float64Array(most);
    this.tids = new Float64Array(most);
    this.starts = new Float64Array(most);
    this.ends = new Float64Array(most);
    /** The first flow of each thread, and the last; -1: none. */
    this.first = new Int32Array(most).fill(-1);
    this.last = new Int32Array(most).fill(-1);
    /** The flow after each flow of the same thread; -1: none. */
    this.next = new Int32Array(flows).fill(-1);
    /** Of a thread its requests without a flow: from, to, colour. @type {Map<number, [number, number, number][]>} */
    this.requests = new Map();
  }

  /**
   * What is known of a thread: that it was there from when to when.
   * @param {number} pid @param {number} tid @param {number} mark what no other thread of these
   * numbers has @param {number} start @param {number} end
   * @param {number} flow -1 where it tells of none
   * @returns {number} the thread
   */
  add(pid, tid, mark, start, end, flow) {
    // Neither is greater than PID_MAX_LIMIT, 2 to the power of 22.
    const key = pid * 2 ** 23 + tid;
    const newest = this.numbers.get(key) ?? -1;
    let at = newest;
    while (at >= 0 && !Object.is(this.marks[at], mark)) at = this.before[at];
    if (at < 0) {
      at = this.count;
      this.count += 1;
      this.numbers.set(key, at);
      this.before[at] = newest;
      this.marks[at] = mark;
      this.pids[at] = pid;
      this.tids[at] = tid;
      this.starts[at] = start;
      this.ends[at] = end;
    } else {
      this.starts[at] = Math.min(this.starts[at], start);
      this.ends[at] = Math.max(this.ends[at], end);
    }
    if (flow >= 0) {
      if (this.first[at] < 0) this.first[at] = flow;
      else this.next[this.last[at]] = flow;
      this.last[at] = flow;
    }
    return at;
  }

  /** The flows of a thread, in the order in which they were told. @param {number} thread */
  flowsOf(thread) {
    const flows = [];
    for (let flow = this.first[thread]; flow >= 0; flow = this.next[flow]) flows.push(flow);
    return flows;
  }

  strip() {
    return new Strip(this.starts.subarray(0, this.count), this.ends.subarray(0, this.count));
  }
}
