// Sort the teams by name, by how their report ended, or by date: the headings become buttons. Never by a figure.
(() => {
  "use strict";
  const body = document.querySelector("table.runs tbody");
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
  for (const heading of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of document.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
      const by = heading.dataset.sort;
      const rows = [...body.rows];
      rows.sort((a, b) => down * order(a.dataset[by], b.dataset[by]) || order(a.dataset.team, b.dataset.team));
      body.append(...rows);
    });
  }
})();
