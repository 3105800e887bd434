"use strict";
// Adds searching, filtering and sorting to the tables; the page is complete without it.
for (const section of document.querySelectorAll("section.data")) {
  const table = section.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const title = section.querySelector("h2").textContent;
  const textOf = (row, place) => row.cells[place].textContent;

  const controls = document.createElement("div");
  controls.className = "controls";
  const add = (name, field) => {
    const label = document.createElement("label");
    label.append(name, field);
    controls.append(label);
    field.addEventListener("input", update);
    return field;
  };
  const search = document.createElement("input");
  search.type = "search";
  search.autocomplete = "off";
  add(`Search ${title}`, search);

  const filters = [];
  heads.forEach((head, place) => {
    if (!("filter" in head.dataset)) return;
    const select = document.createElement("select");
    select.append(new Option("all", ""));
    const values = [...new Set(rows.map((row) => textOf(row, place)))].sort();
    for (const value of values) select.append(new Option(value || "(empty)", `=${value}`));
    filters.push([place, add(head.textContent, select)]);
  });

  const count = document.createElement("p");
  count.setAttribute("role", "status");
  controls.append(count);
  section.querySelector(".scroll").before(controls);

  function update() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(words.every((word) => text.includes(word))
        && filters.every(([place, select]) => !select.value || select.value === `=${textOf(row, place)}`));
      if (!row.hidden) shown += 1;
    }
    count.textContent = `${shown} of ${rows.length} rows shown`;
  }
  update();

  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = new Intl.Collator("en", { numeric: true });
      const sorted = [...rows].sort((one, two) => {
        const [first, second] = [textOf(one, place), textOf(two, place)];
        if (!first || !second) return !first - !second; // what is empty stays last
        return order.compare(first, second) * (down ? -1 : 1);
      });
      body.append(...sorted);
    });
  });
}
