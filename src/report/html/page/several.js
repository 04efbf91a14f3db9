// Puts the page of several runs together.

(async () => {
  const began = performance.now();
  const { dataset } = document.documentElement;
  try {
    const data = JSON.parse(new TextDecoder().decode(await dataBytes()));
    if (data.version !== 1) throw new Error(say("other_version", { version: data.version }));
    /** @type {Member[]} */
    const members = data.members;
    if (members.length > 0) {
      byId("drawn").hidden = false;
      new Tasks(members);
      const cdfs = [
        new Cdf(say("handshakes"), members, "handshake"),
        new Cdf(say("answers"), members, "answer"),
      ];
      byId("cdfs").append(...cdfs.map((cdf) => cdf.figure));
    }
    if (data.left_out > 0) {
      const text = say("methods_left_out", { shown: count(members.length), n: count(data.left_out) });
      byId("tasks-heading").after(element("p", text, "note"));
    }
    dataset.members = String(members.length);
    dataset.readyMs = (performance.now() - began).toFixed(1);
    dataset.ready = "true";
  } catch (error) {
    const trouble = byId("trouble");
    trouble.hidden = false;
    trouble.textContent = say("no_charts_because", { error: String(error) });
    dataset.ready = "failed";
  }
})();
