(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const rows = all("details.req");
  const areas = all("section.area");
  const words = byId("words");
  const picks = all("button[data-verdict]");
  const texts = new Map();

  // a row's text holds whole transcripts, so it is gathered once, when first asked for
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = picks.filter(isPressed).map((b) => b.dataset.verdict);
    for (const row of rows) {
      const fits = !verdicts.length || verdicts.includes(row.dataset.verdict);
      row.hidden = !(fits && wanted.every((word) => textOf(row).includes(word)));
    }
    for (const area of areas) area.hidden = !all("details.req:not([hidden])", area).length;
    byId("shown").textContent = `${rows.filter((r) => !r.hidden).length} of ${rows.length} shown`;
  };

  const isPressed = (button) => button.getAttribute("aria-pressed") === "true";
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  const clear = () => {
    words.value = "";
    picks.forEach((button) => press(button, false));
    apply();
  };

  const reveal = () => {
    const row = byId(location.hash.slice(1));
    if (!row || !row.matches("details.req")) return;
    if (row.hidden) clear();
    row.open = true;
    row.scrollIntoView({ block: "start" });
    row.querySelector("summary").focus({ preventScroll: true });
  };

  const selected = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  };

  const copy = async (button, pre) => {
    let done = false;
    try {
      await navigator.clipboard.writeText(pre.textContent);
      done = true;
    } catch {
      done = selected(pre);
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };

  for (const holder of all(".curl")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(button, holder.querySelector("pre")));
    holder.append(button);
  }

  let pending = 0;
  words.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(apply, 120);
  });
  for (const button of picks) {
    button.addEventListener("click", () => {
      press(button, !isPressed(button));
      apply();
    });
  }
  byId("open").addEventListener("click", () => rows.forEach((r) => { if (!r.hidden) r.open = true; }));
  byId("close").addEventListener("click", () => rows.forEach((r) => { r.open = false; }));
  byId("clear").addEventListener("click", clear);

  // the same link twice does not change the hash, so clicks are watched as well
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.('a[href^="#"]')) setTimeout(reveal);
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = rows.filter((r) => !r.open);
    opened.forEach((r) => { r.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((r) => { r.open = false; }));

  byId("tools").hidden = false;
  apply();
  reveal();
})();
