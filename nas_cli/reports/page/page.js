"use strict";
(() => {
  const tip = document.getElementById("tip");
  document.addEventListener("pointermove", (event) => {
    const mark = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
    tip.hidden = !(mark && mark.dataset.tip);
    if (tip.hidden) return;
    tip.textContent = mark.dataset.tip;
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
    tip.style.left = Math.max(8, x) + "px";
    tip.style.top = (below ? event.clientY + 18 : event.clientY - 14 - tip.offsetHeight) + "px";
  });
  for (const box of document.querySelectorAll(".architecture .wide")) {
    box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2; // a drawing wider than the page opens on its middle
  }
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let box = target; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
    if (target) target.scrollIntoView();
  });
  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const falling = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const body = head.closest("table").tBodies[0];
      const key = (row) => row.cells[head.cellIndex].dataset.value;
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === ""); // no value: last in both directions
        const numeric = !isNaN(x) && !isNaN(y);
        return (numeric ? x - y : x.localeCompare(y)) * (falling ? -1 : 1);
      };
      body.append(...[...body.rows].sort(order));
    });
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "copied";
    });
  }
})();
