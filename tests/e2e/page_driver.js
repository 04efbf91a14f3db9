// What a person does with the page, for tests/e2e/page.rs: it is put at the end of a copy.
(async () => {
  const { dataset } = document.documentElement;
  const id = (name) => document.getElementById(name);
  const a_while = (ms) => new Promise((done) => setTimeout(done, ms));
  const errors = [];
  const at_once = dataset.axisMs !== undefined;
  addEventListener("error", (event) => errors.push(String(event.message)));
  while (!dataset.ready) await a_while(20);

  const axis = id("axis");
  const said = {};
  const shown = async () => {
    await a_while(400);
    return id("shown").textContent;
  };
  const key = (name) => axis.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  const rows = () => [...document.querySelectorAll("#flows tbody tr")].map((row) => row.innerText);
  const change = (name, value, event) => {
    id(name).value = value;
    id(name).dispatchEvent(new Event(event, { bubbles: true }));
  };

  said.at_once = at_once;
  said.ready = dataset.ready;
  said.flows = dataset.flows;
  said.drawn = dataset.drawn;
  said.whole = await shown();
  const edge = axis.getBoundingClientRect();
  const at = { clientX: edge.left + edge.width / 2, clientY: edge.top + 100, bubbles: true, cancelable: true };
  axis.dispatchEvent(new WheelEvent("wheel", { deltaY: -900, ...at }));
  said.zoomed = await shown();
  axis.dispatchEvent(new WheelEvent("wheel", { deltaX: 200, ...at }));
  said.panned = await shown();
  key("0");
  said.back = await shown();

  key("n");
  key("n");
  key("Enter");
  await a_while(50);
  said.ladderOpen = id("ladder").open;
  said.ladderTitle = id("ladder-title").textContent;
  said.ladder = [...document.querySelectorAll("#ladder .rungs tbody tr")].map((row) =>
    [...row.cells].slice(2).map((cell) => cell.textContent),
  );
  said.spoken = [id("ladder").innerText];
  id("ladder-close").click();
  said.chosen = document.querySelectorAll("#flows tr.chosen").length;

  said.rows = rows().length;
  change("find", id("flows").querySelector("tbody td:nth-child(3)").textContent, "input");
  said.found = rows().length;
  id("filters").reset();
  await a_while(50);
  change("which", "slowest", "change");
  said.slowest = rows().map((row) => row.split("\t")[9]);
  change("which", "failed", "change");
  said.failed = rows().length;
  id("filters").reset();
  await a_while(50);

  const pixels = id("canvas").getContext("2d").getImageData(0, 0, id("canvas").width, id("canvas").height).data;
  said.colours = new Set(new Uint32Array(pixels.buffer)).size;
  said.columns = document.querySelectorAll("#histograms rect.column").length;
  said.text = document.body.innerText;
  said.language = document.documentElement.lang;
  for (const details of document.querySelectorAll("details")) details.open = true;
  // Evidence has the names of the record.
  for (const names of document.querySelectorAll("details dl")) names.remove();
  said.spoken.push(document.body.innerText, document.title);
  for (const name of ["aria-label", "aria-roledescription", "title", "placeholder"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) said.spoken.push(element.getAttribute(name));
  }
  for (const title of document.querySelectorAll("svg title")) said.spoken.push(title.textContent);
  said.errors = errors;
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(said);
  document.body.append(result);
})();
