"use strict";
// Sorting, filter, intervals and theme; the whole view stands in the address after "#".
(() => {
  const table = document.querySelector("table");
  const body = table.tBodies[0];
  const form = document.querySelector("form");
  const order = [...body.rows];
  const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

  const value = (row, column) => {
    const text = row.cells[column]?.dataset.value;
    return text === undefined || text === "" ? null : Number(text);
  };

  const sorted = () => {
    if (state.sort === undefined) return order;
    const column = Number(state.sort);
    const sign = state.down ? -1 : 1;
    const rows = order.filter((row) => !row.dataset.heading);
    return rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (x - y);
    });
  };

  const show = () => {
    const wanted = (state.find || "").toLowerCase();
    body.replaceChildren(...sorted());
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = row.dataset.heading ? wanted !== "" : !row.cells[0].textContent.toLowerCase().includes(wanted);
      if (!row.hidden && !row.dataset.heading) shown += 1;
    }
    document.querySelector("#count").textContent = `${shown} of ${order.filter((row) => !row.dataset.heading).length} lines`;
    document.body.classList.toggle("plain", state.ci === "off");
    if (state.theme) document.documentElement.dataset.theme = state.theme;
    else delete document.documentElement.dataset.theme;
    for (const head of table.querySelectorAll("thead th[data-column]")) {
      const here = head.dataset.column === state.sort;
      head.setAttribute("aria-sort", here ? (state.down ? "descending" : "ascending") : "none");
    }
    form.find.value = state.find || "";
    form.ci.checked = state.ci !== "off";
    form.theme.value = state.theme || "";
    const said = new URLSearchParams(Object.entries(state).filter(([, text]) => text !== ""));
    history.replaceState(null, "", `#${said}`);
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    state.find = form.find.value;
    state.ci = form.ci.checked ? "" : "off";
    state.theme = form.theme.value;
    show();
  });
  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th[data-column]");
    if (!head) return;
    const again = state.sort === head.dataset.column;
    state.down = (again ? !state.down : head.dataset.better === "high") ? "1" : "";
    state.sort = head.dataset.column;
    show();
  });
  addEventListener("hashchange", () => {
    for (const key of Object.keys(state)) delete state[key];
    Object.assign(state, Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
    show();
  });
  show();
})();
