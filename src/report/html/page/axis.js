// The time axis: which stretch is shown, and how a person moves it.

/** The least stretch that is shown, in nanoseconds. */
const LEAST_SPAN = 2000;

class Axis {
  /**
   * @param {Model} model
   * @param {{changed: () => void, opened: (row: number) => void}} tell
   */
  constructor(model, tell) {
    this.model = model;
    this.tell = tell;
    this.box = byId("axis");
    this.tip = byId("tip");
    this.from = model.all.from;
    this.to = model.all.to;
    /** The flow that is pointed at, and the one that was chosen; -1: none. */
    this.hover = -1;
    this.chosen = -1;
    /** Where the pointer is; NaN: elsewhere. */
    this.mouse = NaN;
    this.painter = new Painter(model, /** @type {HTMLCanvasElement} */ (byId("canvas")));
    this.due = false;
    this.listen();
  }

  /** Draws soon; a view that has changed is told. */
  later(changed = false) {
    if (changed) this.tell.changed();
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.draw();
    });
  }

  draw() {
    const { from, to, hover, chosen, mouse } = this;
    this.painter.paint({ from, to, hover, chosen, mouse });
  }

  /** Shows a stretch, as far as there is anything. @param {number} from @param {number} to */
  show(from, to) {
    const { least, most } = this.model;
    const span = Math.min(Math.max(to - from, LEAST_SPAN), Math.max(most - least, LEAST_SPAN));
    const middle = (from + to) / 2;
    this.from = Math.max(least, Math.min(middle - span / 2, most - span));
    this.to = this.from + span;
    this.later(true);
  }

  /** @param {number} factor below 1: closer @param {number} [at] what stays where it is */
  zoom(factor, at = (this.from + this.to) / 2) {
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  /** @param {number} part of what is shown */
  pan(part) {
    const by = (this.to - this.from) * part;
    this.show(this.from + by, this.to + by);
  }

  whole() {
    this.show(this.model.all.from, this.model.all.to);
  }

  /** Chooses a flow, and moves there where it is not to be seen well. @param {number} flow */
  choose(flow, move = true) {
    this.chosen = flow;
    if (move && flow >= 0) {
      const { first, last } = this.model.flows;
      const span = Math.max(last[flow] - first[flow], LEAST_SPAN / 4);
      const hidden = first[flow] < this.from || last[flow] > this.to;
      if (hidden || span < (this.to - this.from) / 12) {
        this.show(first[flow] - span, last[flow] + span);
      }
    }
    this.later();
  }

  /** The next flow in the order of time, or the one before. @param {number} step */
  step(step) {
    const { order } = this.model.strip;
    if (order.length === 0) return;
    const at = order.indexOf(this.chosen);
    const next = at < 0 ? this.firstSeen() : at + step;
    this.choose(order[Math.max(0, Math.min(order.length - 1, next))]);
    this.tell.changed();
  }

  /** The place in the order of the first flow that is shown. */
  firstSeen() {
    const { order, starts } = this.model.strip;
    const at = order.findIndex((flow) => starts[flow] >= this.from);
    return Math.max(0, at);
  }

  listen() {
    const { box } = this;
    // It also tells of the size that there is when it begins.
    new ResizeObserver(() => {
      if (!this.painter.fits()) this.later();
    }).observe(box);
    box.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const size = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 300 : 1;
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
          const by = (event.shiftKey ? event.deltaY : event.deltaX) * size;
          this.pan(by / box.clientWidth);
        } else {
          this.zoom(Math.exp(event.deltaY * size * 0.0018), this.time(event));
        }
      },
      { passive: false },
    );
    this.listenToPointers();
    box.addEventListener("keydown", (event) => this.key(event));
  }

  listenToPointers() {
    const { box } = this;
    /** @type {Map<number, number>} */
    const down = new Map();
    let moved = 0;
    box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      down.set(event.pointerId, event.offsetX);
      moved = 0;
      box.focus({ preventScroll: true });
    });
    box.addEventListener("pointermove", (event) => {
      const before = down.get(event.pointerId);
      if (before === undefined) return this.point(event);
      const by = event.offsetX - before;
      moved += Math.abs(by);
      if (moved > 3 && !box.hasPointerCapture(event.pointerId)) {
        box.setPointerCapture(event.pointerId);
        box.classList.add("dragged");
      }
      this.drag(down, event.pointerId, event.offsetX);
    });
    const up = (/** @type {PointerEvent} */ event) => {
      const was = down.delete(event.pointerId);
      box.classList.remove("dragged");
      if (was && event.type === "pointerup" && moved <= 3) this.click(event);
    };
    box.addEventListener("pointerup", up);
    box.addEventListener("pointercancel", up);
    box.addEventListener("pointerleave", () => {
      this.mouse = NaN;
      this.hover = -1;
      this.tip.hidden = true;
      this.later();
    });
  }

  /**
   * One pointer pans, two zoom.
   * @param {Map<number, number>} down @param {number} pointer @param {number} x
   */
  drag(down, pointer, x) {
    this.tip.hidden = true;
    const before = down.get(pointer) ?? x;
    const other = [...down].find(([id]) => id !== pointer);
    down.set(pointer, x);
    const scale = (this.to - this.from) / this.box.clientWidth;
    if (!other) {
      this.show(this.from - (x - before) * scale, this.to - (x - before) * scale);
    } else if (Math.abs(x - other[1]) > 8 && Math.abs(before - other[1]) > 8) {
      const factor = Math.abs(before - other[1]) / Math.abs(x - other[1]);
      this.zoom(factor, this.from + other[1] * scale);
    }
  }

  /** @param {MouseEvent} event */
  time(event) {
    const place = event.clientX - this.box.getBoundingClientRect().left;
    return this.from + (place / this.box.clientWidth) * (this.to - this.from);
  }

  /** Tells what is pointed at. @param {PointerEvent} event */
  point(event) {
    const edge = this.box.getBoundingClientRect();
    const x = event.clientX - edge.left;
    const y = event.clientY - edge.top;
    this.mouse = x;
    const { flow, lines } = this.painter.under(x, y, this.time(event));
    this.hover = flow;
    this.tip.hidden = lines.length === 0;
    this.tip.replaceChildren(
      ...lines.map((line, i) => element(i === 0 ? "b" : "div", line)),
    );
    const width = this.tip.offsetWidth;
    const height = this.tip.offsetHeight;
    const left = x + 14 + width > edge.width ? Math.max(0, x - width - 14) : x + 14;
    const top = y + 14 + height > edge.height ? Math.max(0, y - height - 14) : y + 14;
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${top}px`;
    this.box.style.cursor = flow >= 0 ? "pointer" : "";
    this.later();
  }

  /** @param {PointerEvent} event */
  click(event) {
    const edge = this.box.getBoundingClientRect();
    const y = event.clientY - edge.top;
    const { flow } = this.painter.under(event.clientX - edge.left, y, this.time(event));
    this.tip.hidden = true;
    if (flow < 0) return;
    this.choose(flow, false);
    this.tell.opened(flow);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => this.pan(-0.15),
      ArrowRight: () => this.pan(0.15),
      "+": () => this.zoom(0.6),
      "=": () => this.zoom(0.6),
      "-": () => this.zoom(1 / 0.6),
      "0": () => this.whole(),
      Home: () => this.whole(),
      n: () => this.step(1),
      p: () => this.step(-1),
      Enter: () => this.chosen >= 0 && this.tell.opened(this.chosen),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!keys[key]) return;
    event.preventDefault();
    keys[key]();
  }
}
