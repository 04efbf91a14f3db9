// Puts the page together.

/** What there is to say of what is shown. @param {Model} model @param {Axis} axis */
function tellShown(model, axis) {
  const { first, last } = model.flows;
  let shown = 0;
  for (let i = 0; i < model.count; i += 1) {
    if (first[i] <= axis.to && last[i] >= axis.from) shown += 1;
  }
  const chosen = axis.chosen >= 0 ? say("is_chosen", { flow: model.flows.flow[axis.chosen] }) : "";
  byId("shown").textContent =
    say("is_shown", { from: moment(axis.from), to: moment(axis.to), n: count(shown), flows: counted("flows", model.count) }) + chosen;
}

/** @param {Model} model */
function tellData(model) {
  const { head } = model;
  const parts = [say("zero_is", { zero: head.zero })];
  if (head.unit_ns > 1) parts.push(say("rounded", { unit: span(head.unit_ns) }));
  for (const side of head.thinned) parts.push(side === "client" ? say("thinned_client") : say("thinned_server"));
  byId("zero").textContent = parts.join(" ");
  /** @type {string[]} */
  const sample = [];
  if (head.every > 1) {
    sample.push(say("is_sample", { every: count(head.every), n: count(model.count), flows: count(head.flows) }));
  }
  if (head.others_left_out > 0) {
    sample.push(say("left_out", { lines: counted("lines", head.others_left_out) }));
  }
  for (const text of sample) byId("axis-heading").after(element("p", text, "note"));
}

/** @param {Painter} painter */
function tellLegend(painter) {
  const { colours } = painter;
  const worker = painter.worker(3);
  /** @type {[string, SVGElement[]][]} */
  const parts = [
    [say("legend_flow"), [drawing("rect", { width: 26, height: 12, fill: worker, "fill-opacity": 0.32 })]],
    [say("handshake"), [drawing("rect", { width: 26, height: 12, fill: colours.shake })]],
    [say("legend_exchange"), [drawing("rect", { width: 26, height: 12, fill: worker })]],
    [say("failed"), [drawing("rect", { x: 1, y: 1, width: 24, height: 10, fill: "none", stroke: colours.bad, "stroke-width": 2 })]],
    [say("legend_thread"), [drawing("rect", { y: 3, width: 26, height: 6, fill: colours.life })]],
  ];
  byId("legend").replaceChildren(
    ...parts.map(([text, shapes]) => {
      const item = element("span");
      const svg = drawing("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" });
      svg.append(...shapes);
      item.append(svg, text);
      return item;
    }),
  );
}

/**
 * Draws the axis, which is on top.
 * @param {Model} model
 * @returns {{axis: Axis, below: () => void}} what draws the rest
 */
function start(model) {
  byId("drawn").hidden = false;
  /** @type {FlowTable | undefined} */
  let table;
  const open = (/** @type {number} */ flow) => {
    axis.choose(flow);
    table?.reveal(flow);
    ladder.open(flow);
  };
  let soon = 0;
  const axis = new Axis(model, {
    changed: () => {
      clearTimeout(soon);
      soon = setTimeout(() => {
        tellShown(model, axis);
        if (/** @type {HTMLInputElement} */ (byId("in-view")).checked) table?.find();
      }, 120);
    },
    opened: open,
  });
  const ladder = new LadderView(model, (flow) => {
    axis.choose(flow);
    table?.reveal(flow);
  });
  const press = (/** @type {string} */ name, /** @type {() => void} */ act) => byId(name).addEventListener("click", act);
  press("zoom-in", () => axis.zoom(0.5));
  press("zoom-out", () => axis.zoom(2));
  press("go-left", () => axis.pan(-0.3));
  press("go-right", () => axis.pan(0.3));
  press("whole", () => axis.whole());
  tellData(model);
  tellShown(model, axis);
  const dress = (/** @type {boolean} */ printing) => {
    axis.painter.printing = printing;
    axis.painter.dress();
    tellLegend(axis.painter);
    axis.draw();
  };
  addEventListener("beforeprint", () => dress(true));
  addEventListener("afterprint", () => dress(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    dress(false);
    table?.fill();
  });
  dress(matchMedia("print").matches);
  const below = () => {
    byId("histograms").append(
      histogram(say("handshakes"), model.durations("handshake"), "handshake", model.head.captured),
      histogram(say("answers"), model.durations("answer"), "answer", model.head.captured),
    );
    table = new FlowTable(model, axis, {
      chosen: (row) => {
        if (row < model.count) axis.choose(row);
        table?.fill();
        tellShown(model, axis);
      },
      opened: open,
    });
    if (axis.chosen >= 0) table.reveal(axis.chosen);
  };
  return { axis, below };
}

/**
 * Waits until the browser has shown what is there, or wants to print, which waits for nothing.
 * In a tab that is not seen nothing is shown: there a moment will do.
 * @returns {Promise<void>}
 */
function shown() {
  return new Promise((resolve) => {
    addEventListener("beforeprint", () => resolve(), { once: true });
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 100);
  });
}

(async () => {
  const began = performance.now();
  const { classList, dataset } = document.documentElement;
  classList.add("drawing");
  try {
    const { head, tables } = await readData();
    const decoded = performance.now();
    const model = new Model(head, tables);
    const { axis, below } = start(model);
    dataset.flows = String(model.count);
    dataset.rows = String(model.rows);
    dataset.threads = `${model.threads.client.count} ${model.threads.server.count}`;
    dataset.drawn = String(axis.painter.flows.spans.length);
    dataset.decodeMs = (decoded - began).toFixed(1);
    dataset.drawMs = axis.painter.took.toFixed(1);
    dataset.axisMs = (performance.now() - began).toFixed(1);
    await shown();
    below();
    dataset.readyMs = (performance.now() - began).toFixed(1);
    dataset.ready = "true";
  } catch (error) {
    const trouble = byId("trouble");
    trouble.hidden = false;
    trouble.textContent = say("cannot_be_shown", { error: String(error) });
    dataset.ready = "failed";
  } finally {
    requestAnimationFrame(() => setTimeout(() => classList.remove("drawing")));
  }
})();
