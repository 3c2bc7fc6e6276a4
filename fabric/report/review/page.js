const read = id => JSON.parse(document.getElementById(id).textContent);
const specs = read("specs"), grid = read("grid"), say = read("say"), views = {};
let pinned = "";

function sortBy(button) {
  const head = button.parentElement, table = head.closest("table"), body = table.tBodies[0];
  const column = [...head.parentElement.children].indexOf(head);
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentElement.children) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...body.rows].map(row => ({row, cell: row.cells[column]}));
  rows.sort((a, b) => compare(a.cell, b.cell, down ? -1 : 1));
  for (const {row} of rows) body.append(row);
}
function compare(a, b, sign) {
  const missing = a.classList.contains("unknown") - b.classList.contains("unknown");
  if (missing) return missing;
  if ("value" in a.dataset && "value" in b.dataset) return sign * (a.dataset.value - b.dataset.value);
  return sign * a.textContent.localeCompare(b.textContent, document.documentElement.lang);
}
for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => sortBy(button));

function pick(name) {
  for (const found of document.querySelectorAll("[data-candidate]"))
    found.classList.toggle("picked", name !== "" && found.dataset.candidate === name);
  for (const view of Object.values(views)) view.signal("picked", name).runAsync();
}
for (const found of document.querySelectorAll("[data-candidate]")) {
  found.addEventListener("mouseenter", () => pick(found.dataset.candidate));
  found.addEventListener("mouseleave", () => pick(pinned));
}
const picks = [...document.querySelectorAll("button[data-pick]")];
function pin(name) {
  pinned = name;
  for (const other of picks) other.setAttribute("aria-pressed", String(other.dataset.pick === name));
  pick(name);
}
for (const button of picks) button.addEventListener("click", () => pin(button.dataset.pick));

const sliders = ["allocation", "scale", "energy"].map(name => document.getElementById("slider-" + name));
const percent = value => Number((100 * value).toFixed(2)) + " %";
const shown = [
  value => say.allocated.replace("{allocated}", percent(value)).replace("{busy}", percent(Math.min(1, value * grid.computing))),
  percent,
  value => say.energy.replace("{value}", String(Number(value.toFixed(4)))),
];
function costAt(candidate, place) {
  const sizes = grid.axes.map(axis => axis.length);
  const flat = ((candidate * sizes[0] + place[0]) * sizes[1] + place[1]) * sizes[2] + place[2];
  const [low, mid, high] = grid.cost.slice(3 * flat, 3 * flat + 3);
  return {low, mid, high};
}
const overlap = (one, other) =>
  Number(Math.max(one.low, other.low).toFixed(3)) <= Number(Math.min(one.high, other.high).toFixed(3));
function setCell(key, value, text, below) {
  const cell = document.querySelector(`[data-key="${key}"]`);
  cell.dataset.value = value;
  cell.querySelector("span").textContent = text;
  const small = cell.querySelector("small") || (below && cell.appendChild(document.createElement("small")));
  if (small) small.textContent = below;
}
function moved() {
  const place = sliders.map(slider => Number(slider.value));
  place.forEach((index, n) => {
    const text = shown[n](grid.axes[n][index]);
    sliders[n].setAttribute("aria-valuetext", text);
    document.getElementById(sliders[n].id + "-value").textContent = text;
  });
  const costs = grid.candidates.map((name, n) => costAt(n, place));
  const best = costs.reduce((one, other) => other.mid < one.mid ? other : one), least = best.mid;
  costs.forEach((cost, n) => {
    const below = say.range.replace("{low}", cost.low.toFixed(3)).replace("{high}", cost.high.toFixed(3));
    setCell("cost-" + n, cost.mid, say.hour.replace("{cost}", cost.mid.toFixed(3)), below);
    setCell("over-" + n, cost.mid / least - 1, "+" + (100 * (cost.mid / least - 1)).toFixed(1) + " %",
      cost !== best && overlap(cost, best) ? say.tie : "");
  });
  if (views.cost) {
    const rows = grid.candidates.flatMap((candidate, n) => grid.axes[0].map((allocation, u) => {
      const cost = costAt(n, [u, place[1], place[2]]);
      return {candidate, allocation, cost: cost.mid, low: cost.low, high: cost.high};
    }));
    views.cost.data("cost", rows).data("at", [{allocation: grid.axes[0][place[0]]}]).runAsync();
  }
}
if (grid) {
  for (const slider of sliders) slider.addEventListener("input", moved);
  document.getElementById("reset").addEventListener("click", () => {
    sliders.forEach((slider, n) => { slider.value = grid.start[n]; });
    moved();
  });
}
for (const [key, spec] of Object.entries(specs)) {
  const place = document.getElementById("chart-" + key);
  vegaEmbed(place, spec, {renderer: "svg", actions: false}).then(result => {
    views[key] = result.view;
    result.view.addEventListener("click", (event, item) => pin(item && item.datum && item.datum.candidate || ""));
    if (key === "cost") moved();
  }).catch(error => { place.textContent = say.failed + error.message; });
}
const folded = [...document.querySelectorAll("details")];
let open = [];
addEventListener("beforeprint", () => { open = folded.map(one => one.open); folded.forEach(one => { one.open = true; }); });
addEventListener("afterprint", () => folded.forEach((one, n) => { one.open = open[n]; }));
