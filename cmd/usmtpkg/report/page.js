"use strict";
(() => {
  const table = document.getElementById("table");
  if (!table) return;
  const bodies = [...table.tBodies];
  const sizes = bodies.map((b) => b.rows.length);
  const rows = bodies.flatMap((b) => [...b.rows]);
  const make = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  // Search: a row stays if it has every word.
  const texts = [];
  const textOf = (i) => (texts[i] ??= [...rows[i].cells].map((c) => c.textContent).join(" ").toLowerCase());
  const find = make("div", "");
  find.className = "find";
  const label = make("label", "Search the files");
  const input = document.createElement("input");
  input.type = "search";
  const status = make("span", "");
  status.setAttribute("role", "status");
  label.append(input);
  find.append(label, status);
  table.parentElement.before(find);
  let due = 0;
  const filter = () => {
    due = 0;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      const hit = words.every((w) => textOf(i).includes(w));
      if (row.hidden === hit) row.hidden = !hit;
      if (hit) shown++;
    });
    status.textContent = words.length ? `${shown} of ${rows.length} files` : "";
  };
  input.addEventListener("input", () => {
    due ||= requestAnimationFrame(filter);
  });

  // Sort: by a column, up and down; the numbers of the second one as numbers.
  const heads = [...table.tHead.rows[0].cells];
  const order = new Intl.Collator("en", { numeric: true });
  heads.forEach((head, column) => {
    const button = make("button", head.textContent.trim());
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = rows.map((row, i) => ({ row, i, key: row.cells[column].textContent.trim() }));
      if (column === 1) keyed.forEach((k) => (k.key = Number(k.key.replace(/\D/g, ""))));
      const compare = column === 1 ? (a, b) => a.key - b.key : (a, b) => order.compare(a.key, b.key);
      keyed.sort((a, b) => (down ? compare(b, a) : compare(a, b)) || a.i - b.i);
      let next = 0;
      bodies.forEach((b, i) => b.replaceChildren(...keyed.slice(next, (next += sizes[i])).map((k) => k.row)));
    });
  });

  // On paper there is nothing to open.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
})();
