"""The review page's style sheet and script, as text. It knows the names of the page's parts, none of its content."""

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #222;
  font: 16px/1.5 "Helvetica Neue", Arial, "Liberation Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 28px 24px 64px; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid #d9dde2; }
h3 { font-size: 1.02rem; margin: 20px 0 2px; line-height: 1.35; }
p, ul { margin: 6px 0; max-width: 110ch; }
ul { padding-left: 1.2em; } li { margin: 4px 0; }
.kind, .caption, .from { color: #5f6670; font-size: .9rem; }
.caption { max-width: 125ch; margin-top: 14px; }
#verdict { background: #f5f7f9; border-left: 4px solid #0072b2; padding: 10px 18px; margin: 16px 0; }
#verdict h2 { border: 0; margin: 0; padding: 0; }
#verdict ul { max-width: none; }
.from { font-size: .78rem; display: block; }
figure { margin: 0 0 8px; break-inside: avoid; }
.chart { width: 100%; overflow: hidden; margin: 8px 0; min-height: 40px; }
.chart svg, noscript img { width: 100%; height: auto; max-width: 1130px; display: block; }
.chart.vega-embed { display: block; padding: 0; }
.drawings { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px; }
.drawing { border: 1px solid #d9dde2; border-radius: 6px; padding: 2px 14px 10px; margin: 0; }
.drawing h3 { margin-top: 10px; } .drawing code { font-size: .78rem; color: #5f6670;
  font-family: Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; }
.drawing svg { width: 100%; height: auto; max-height: 330px; display: block; margin-top: 6px; }
.drawing svg text { font-size: 28px; }
.chips { font-size: .82rem; display: flex; flex-wrap: wrap; gap: 2px 14px; margin-top: 4px; }
.box { overflow-x: auto; border: 1px solid #d9dde2; margin: 6px 0 14px; overflow-wrap: normal;
  width: fit-content; max-width: 100%; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th { background: #eef1f4; text-align: left; vertical-align: bottom; font-weight: 600; padding: 0; }
th button { font: inherit; font-weight: 600; background: none; border: 0; padding: 6px 12px; width: 100%; text-align: left;
  cursor: pointer; color: inherit; }
th button::after { content: "\\00a0\\2195"; color: #9aa0a8; font-weight: 400; }
th[aria-sort=ascending] button::after { content: "\\00a0\\2191"; color: #0072b2; }
th[aria-sort=descending] button::after { content: "\\00a0\\2193"; color: #0072b2; }
th.number { white-space: normal; } th.number button { text-align: right; }
:focus-visible { outline: 2px solid #0072b2; outline-offset: -2px; }
td.text:first-child { min-width: 8em; }
td { padding: 5px 12px; border-bottom: 1px solid #eceff2; vertical-align: top; overflow-wrap: break-word; }
td small { display: block; color: #5f6670; font-size: .92em; white-space: normal; max-width: 13em; margin-left: auto; }
.number { text-align: right; white-space: nowrap; } td.text { white-space: nowrap; } td.long { white-space: normal; }
tfoot td { font-weight: 600; border-top: 2px solid #c3c9d1; } tfoot small { font-weight: 400; }
.unknown { color: #8a8f98; font-style: italic; }
tr.picked td { background: #fff6dc; } .drawing.picked { border-color: #b8860b; background: #fffaf0; }
details { margin: 6px 0; } summary { cursor: pointer; padding: 4px 0; }
.controls { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 14px 26px; margin: 10px 0; max-width: 900px; }
.controls label { font-size: .9rem; display: block; } .controls input { width: 100%; display: block; }
.controls output { font-weight: 600; }
button.plain { font: inherit; font-size: .86rem; border: 1px solid #c3c9d1; background: #fff; border-radius: 4px;
  padding: 3px 10px; cursor: pointer; margin: 2px 4px 2px 0; }
button.plain[aria-pressed=true] { background: #fff6dc; border-color: #b8860b; }
.chip { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .45em; }
nav { font-size: .9rem; margin: 10px 0; } nav a { color: #0b5c94; margin-right: 1.1em; white-space: nowrap; }
section { scroll-margin-top: 5rem; }
.legend { position: sticky; top: 0; background: #fff; padding: 6px 0; z-index: 2; border-bottom: 1px solid #eceff2;
  font-size: .9rem; }
#vg-tooltip-element { max-width: 420px; font-size: 13px; }
@media (max-width: 900px) { main { padding: 20px 14px 48px; } .drawings { grid-template-columns: minmax(0, 1fr); }
  td { padding: 4px 5px; } td.text:not(:first-child) { white-space: normal; } th button { padding: 5px; }
  th[aria-sort=none] button::after { content: ""; }
  table { font-size: .78rem; } .drawing svg text { font-size: 22px; } }
@page { margin: 12mm; }
@media print { .controls input, .legend, nav, .screen, #reset { display: none; } main { padding: 0; max-width: none; }
  body { font-size: 9.5pt; } h1 { font-size: 16pt; } h2 { font-size: 13pt; margin-top: 22px; }
  h2, h3, .controls, p:has(+ .box) { break-after: avoid; } p:has(+ .box) { break-inside: avoid; } .caption { font-size: 8.5pt; }
  p, li, summary { orphans: 3; widows: 3; } li { break-inside: avoid; } summary { list-style: none; break-after: avoid; }
  th button { display: contents; } th button::after { content: "" !important; }
  #verdict, th, .chip { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .box { overflow: visible; border: 0; } .box.short { break-inside: avoid; }
  table { font-size: 7.5pt; } tr { break-inside: avoid; }
  thead { display: table-header-group; } tfoot { display: table-row-group; } td, th { padding: 1px 5px; }
  td.text:not(:first-child) { white-space: normal; }
  td.text:first-child { min-width: 7em; }
  .drawings { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .drawing { break-inside: avoid; padding: 0 8px 4px; }
  .drawing svg { max-height: 5.6cm; } .drawing svg text { font-size: 36px; } .drawing .caption { font-size: 7.5pt; } }
"""

SCRIPT = """
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
"""
