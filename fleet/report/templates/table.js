(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const value = (row, at) => {
    const cell = row.cells[at];
    return cell.dataset.value ?? cell.textContent.trim();
  };
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    if (a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return a.localeCompare(b, undefined, { numeric: true });
  };
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows].sort((a, b) => compare(value(a, at), value(b, at)));
        table.tBodies[0].append(...(down ? rows.reverse() : rows));
      });
    });
  }
  for (const box of document.querySelectorAll("[data-filters]")) {
    const table = document.getElementById(box.dataset.filters);
    const text = box.querySelector("input"), choice = box.querySelector("select");
    const told = box.querySelector("[role=status]");
    const apply = () => {
      const words = text.value.toLocaleLowerCase();
      let kept = 0;
      for (const row of table.tBodies[0].rows) {
        const fits = (!choice || !choice.value || row.dataset.status === choice.value)
          && row.textContent.toLocaleLowerCase().includes(words);
        row.hidden = !fits;
        kept += fits;
      }
      told.textContent = `${kept.toLocaleString()} of ${table.tBodies[0].rows.length.toLocaleString()} shown`;
    };
    text.addEventListener("input", apply);
    choice?.addEventListener("change", apply);
    apply();
  }
})();
