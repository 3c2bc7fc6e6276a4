"""The page's style sheet and script, as text. It knows the names of the page's parts, none of its content."""

STYLE = """
:root { color-scheme: light; overflow-x: hidden; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #222; font: 16px/1.5 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 64px; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 44px 0 10px; padding-top: 14px; border-top: 1px solid #d9dde2; }
h3 { font-size: 1.02rem; margin: 28px 0 2px; line-height: 1.35; }
p, ul { margin: 6px 0; max-width: 100ch; }
ul { padding-left: 1.2em; } li { margin: 4px 0; }
.made, .caption { color: #5f6670; font-size: .9rem; }
.caption { max-width: 125ch; }
.headlines { background: #f5f7f9; border-left: 4px solid #0072b2; padding: 10px 18px; margin: 16px 0; }
.headlines ul { max-width: none; }
figure { margin: 0 0 8px; break-inside: avoid; }
.chart { width: 100%; overflow: hidden; margin: 8px 0; min-height: 40px; }
.chart svg, noscript img { width: 100%; height: auto; max-width: 1130px; display: block; }
.chart.vega-embed { display: block; padding: 0; }
.box { overflow: auto; max-height: 30rem; border: 1px solid #d9dde2; margin: 10px 0; overflow-wrap: normal; }
table { border-collapse: collapse; width: 100%; font-size: .84rem; font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; background: #eef1f4; text-align: left; vertical-align: bottom; font-weight: 600; }
th, td { padding: 4px 8px; border-bottom: 1px solid #eceff2; }
td.number { text-align: right; white-space: nowrap; } th.number { text-align: right; }
.faded td { color: #6b7280; font-style: italic; }
.wide td { white-space: normal; }
pre { background: #f5f7f9; padding: 10px 14px; overflow-x: auto; font-size: .86rem; }
#vg-tooltip-element { max-width: 420px; font-size: 13px; }
@media (max-width: 1000px) { table { font-size: .7rem; } th, td { padding: 3px 4px; } main { padding: 20px 12px 48px; } }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { .box { max-height: none; overflow: visible; } th { position: static; } table { font-size: 7pt; }
  th, td { padding: 1px 4px; white-space: normal; } main { padding: 0; } body { font-size: 10pt; } }
"""

SCRIPT = """
const specs = JSON.parse(document.getElementById("specs").textContent);
for (const [key, spec] of Object.entries(specs)) {
  const place = document.getElementById("chart-" + key);
  vegaEmbed(place, spec, {renderer: "svg", actions: false}).catch(function (error) {
    place.textContent = "chart failed: " + error.message;
  });
}
"""
