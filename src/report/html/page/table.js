// The table of flows: search, filters, order, pages.

/** Rows of a page. */
const PAGE = 50;

/**
 * @typedef {{name: string, left?: boolean, text: (row: number) => string, key: (row: number) => number | string}} TableColumn
 * A column's name is that of its title, too.
 */

/** @param {Model} model @returns {TableColumn[]} */
function tableColumns(model) {
  const figure = (
    /** @type {string} */ name,
    /** @type {string} */ ofFlow,
    /** @type {string} */ ofOther,
    /** @type {(n: number) => string} */ words,
  ) => {
    const key = (/** @type {number} */ row) => model.figure(row, ofFlow, ofOther);
    return { name, text: (/** @type {number} */ row) => words(key(row)), key };
  };
  const words = (/** @type {string} */ name, /** @type {(row: number) => string} */ text) => ({
    name,
    left: true,
    text,
    key: text,
  });
  return [
    figure("flow", "flow", "", id),
    figure("worker", "worker", "worker", id),
    words("client", (row) => model.client(row)),
    figure("client_thread", "client_tid", "tid", id),
    figure("accepted_by", "accept_tid", "", id),
    figure("served_by", "serve_tid", "", id),
    figure("begins", "first", "started", moment),
    { name: "handshake", text: (row) => span(model.handshake(row)), key: (row) => model.handshake(row) },
    words("answer", (row) => model.answered(row)),
    { name: "after", text: (row) => span(model.answer(row)), key: (row) => model.answer(row) },
    words("state", (row) => model.state(row)),
    words("close", (row) => model.text(model.figure(row, "close"))),
    words("note", (row) => model.problem(row)),
  ];
}

class FlowTable {
  /**
   * @param {Model} model @param {Axis} axis
   * @param {{chosen: (row: number) => void, opened: (row: number) => void}} tell
   */
  constructor(model, axis, tell) {
    this.model = model;
    this.axis = axis;
    this.tell = tell;
    this.columns = tableColumns(model);
    this.sorted = { column: 0, down: false };
    this.page = 0;
    /** The rows that the filters leave, in order. */
    this.rows = new Uint32Array(0);
    this.blank = this.blankRow();
    this.body = /** @type {HTMLElement} */ (byId("flows").querySelector("tbody"));
    this.head();
    this.states();
    this.listen();
    this.find();
  }

  head() {
    const row = /** @type {HTMLElement} */ (byId("flows").querySelector("thead tr"));
    /** @type {HTMLElement[]} */
    this.heads = this.columns.map((column, i) => {
      const cell = element("th", undefined, column.left ? "left" : undefined);
      cell.setAttribute("scope", "col");
      const button = element("button", say(column.name));
      button.setAttribute("type", "button");
      button.addEventListener("click", () => {
        this.sorted = { column: i, down: this.sorted.column === i && !this.sorted.down };
        this.find();
      });
      cell.append(button);
      row.append(cell);
      return cell;
    });
  }

  states() {
    const { model } = this;
    const there = new Set(Array.from(new Set(model.flows.state), (state) => model.text(state)));
    if (model.requests.length > 0) there.add(model.state(model.count));
    const all = element("option", say("all"));
    all.setAttribute("value", "");
    byId("of-state").append(all);
    for (const state of [...there].sort()) {
      const means = model.head.states[state];
      const option = element("option", means ? `${state}: ${means}` : state);
      option.setAttribute("value", state);
      byId("of-state").append(option);
    }
  }

  listen() {
    const again = () => {
      this.page = 0;
      this.find();
    };
    for (const name of ["find", "of-worker", "of-thread"]) byId(name).addEventListener("input", again);
    for (const name of ["of-state", "in-view"]) byId(name).addEventListener("change", again);
    byId("which").addEventListener("change", () => {
      if (valueOf("which") === "slowest") this.sorted = { column: this.columns.findIndex((c) => c.name === "after"), down: true };
      again();
    });
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters").addEventListener("reset", () => {
      this.sorted = { column: 0, down: false };
      setTimeout(again);
    });
    const turn = (/** @type {string} */ name, /** @type {() => number} */ to) =>
      byId(name).addEventListener("click", () => {
        this.page = Math.max(0, Math.min(this.pages() - 1, to()));
        this.fill();
      });
    turn("page-first", () => 0);
    turn("page-back", () => this.page - 1);
    turn("page-on", () => this.page + 1);
    turn("page-last", () => this.pages() - 1);
    this.body.addEventListener("click", (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const row = Number(target.closest("tr")?.dataset.row ?? NaN);
      if (Number.isNaN(row)) return;
      if (target.closest("button")) this.tell.opened(row);
      else this.tell.chosen(row);
    });
  }

  pages() {
    return Math.max(1, Math.ceil(this.rows.length / PAGE));
  }

  /** Whether the filters leave a row. @returns {(row: number) => boolean} */
  filter() {
    const { model, axis } = this;
    const state = valueOf("of-state");
    const [worker, thread] = [valueOf("of-worker").trim(), valueOf("of-thread").trim()];
    const needle = valueOf("find").trim().toLowerCase();
    const failed = valueOf("which") === "failed";
    const inView = /** @type {HTMLInputElement} */ (byId("in-view")).checked;
    const { first, last } = model.flows;
    const threads = ["client_tid", "accept_tid", "serve_tid", "send_tid"];
    return (row) => {
      if (failed && !model.failed(row)) return false;
      if (state && model.state(row) !== state) return false;
      if (worker && id(model.figure(row, "worker", "worker")) !== worker) return false;
      if (thread && !threads.some((name) => id(model.figure(row, name, "tid")) === thread)) return false;
      if (inView && !(first[row] <= axis.to && last[row] >= axis.from)) return false;
      return !needle || this.words(row).includes(needle);
    };
  }

  /** What a search looks through. @param {number} row */
  words(row) {
    const { model } = this;
    const outcome = model.text(model.figure(row, "outcome", "outcome"));
    return [...this.columns.map((column) => column.text(row)), outcome].join("\n").toLowerCase();
  }

  /** Finds the rows anew. */
  find() {
    const leaves = this.filter();
    /** @type {number[]} */
    const rows = [];
    for (let row = 0; row < this.model.rows; row += 1) if (leaves(row)) rows.push(row);
    const { column, down } = this.sorted;
    const { key } = this.columns[column];
    const keys = rows.map((row) => key(row));
    const missing = (/** @type {number | string} */ value) => value === ABSENT || value === "" || Number.isNaN(value);
    const asTheyCome = !down && keys.every((y, i) => !missing(y) && (i === 0 || keys[i - 1] <= y));
    const order = asTheyCome
      ? rows
      : Array.from(rows, (_, i) => i)
          .sort((a, b) => {
            const [x, y] = [keys[a], keys[b]];
            // What is not there comes last, whichever way.
            if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y)) || a - b;
            const less = x < y ? -1 : x > y ? 1 : 0;
            return (down ? -less : less) || a - b;
          })
          .map((i) => rows[i]);
    this.rows = Uint32Array.from(order);
    this.page = Math.min(this.page, this.pages() - 1);
    this.heads?.forEach((cell, i) => {
      if (i === column) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
    this.fill();
  }

  /** Shows the page. */
  fill() {
    const from = this.page * PAGE;
    const shown = this.rows.slice(from, from + PAGE);
    this.body.replaceChildren(...Array.from(shown, (row) => this.row(row)));
    const all = this.model.rows;
    const gaps = {
      from: count(from + 1),
      to: count(from + shown.length),
      matching: count(this.rows.length),
      all: count(all),
    };
    byId("counted").textContent =
      shown.length === 0 ? say("no_rows", gaps) : this.rows.length === all ? say("rows_of", gaps) : say("rows_matching", gaps);
    byId("page-at").textContent = say("page_of", { page: count(this.page + 1), pages: count(this.pages()) });
    for (const name of ["page-first", "page-back"]) disable(name, this.page === 0);
    for (const name of ["page-on", "page-last"]) disable(name, this.page === this.pages() - 1);
  }

  /** A row of the table without its texts, of which copies are sooner made. */
  blankRow() {
    const made = element("tr");
    for (const column of this.columns) {
      const cell = element("td", undefined, column.name === "note" ? "said careful" : column.left ? "left" : undefined);
      if (column.name === "worker") cell.append(element("span", undefined, "swatch"));
      cell.append("");
      made.append(cell);
    }
    return made;
  }

  /** @param {number} row */
  row(row) {
    const made = /** @type {HTMLElement} */ (this.blank.cloneNode(true));
    if (row === this.axis.chosen) made.className = "chosen";
    made.dataset.row = String(row);
    let cell = /** @type {HTMLElement} */ (made.firstChild);
    for (const { name, text } of this.columns) {
      const words = text(row);
      const place = /** @type {Text} */ (cell.lastChild);
      if (name === "flow" && row < this.model.count) {
        const button = element("button", words);
        button.setAttribute("type", "button");
        button.setAttribute("aria-label", say("ladder_of", { flow: words }));
        place.replaceWith(button);
      } else {
        place.data = words;
        if (name === "worker") this.colour(/** @type {HTMLElement} */ (cell.firstChild), row);
      }
      cell = /** @type {HTMLElement} */ (cell.nextSibling);
    }
    return made;
  }

  /** @param {HTMLElement} swatch @param {number} row */
  colour(swatch, row) {
    swatch.style.background = this.axis.painter.worker(this.model.colour(row));
  }

  /** Shows the page with a row, if the filters leave it. @param {number} row */
  reveal(row) {
    const at = this.rows.indexOf(row);
    if (at >= 0) this.page = Math.floor(at / PAGE);
    this.fill();
  }
}

/** @param {string} name */
function valueOf(name) {
  return /** @type {HTMLInputElement} */ (byId(name)).value;
}

/** @param {string} name @param {boolean} disabled */
function disable(name, disabled) {
  /** @type {HTMLButtonElement} */ (byId(name)).disabled = disabled;
}
