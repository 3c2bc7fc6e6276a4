"""The page of a review in a real browser: sliders, sorting, picking, narrow windows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fabric.report.review.grid import Grid, grid
from fabric.report.review.page import html as page_of
from fabric.report.words.review import LANGUAGES, words
from fabric.review.evaluate import Review

BROWSERS = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=8000",
)  # fmt: skip
pytestmark = pytest.mark.skipif(not BROWSERS, reason="no chromium found: `make system-deps` installs it")


@pytest.fixture(scope="module")
def costs(review: Review) -> Grid:
    found = grid(review.designs)
    assert found is not None
    return found


def browsed(page: str, folder: Path, script: str, width: int = 1440) -> str:
    """Return the page's content after a script has used it, as a browser has it."""
    later = f"<script>addEventListener('load', () => setTimeout(() => {{ {script} }}, 2000));</script>\n</body></html>\n"
    place = folder / "page.html"
    place.write_text(page.removesuffix("</body></html>\n") + later)
    command = [BROWSERS[0], *OPTIONS, f"--window-size={width},1000", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    return subprocess.run([*command, place.as_uri()], capture_output=True, text=True, timeout=120, check=True).stdout


def test_sliders_move_the_cost_and_its_chart(pages, costs, tmp_path):
    script = """
    const before = document.querySelector("#chart-cost svg").outerHTML;
    for (const [name, value] of [["allocation", 5], ["scale", 3], ["energy", 9]]) {
      const slider = document.getElementById("slider-" + name);
      slider.value = value; slider.dispatchEvent(new Event("input"));
    }
    setTimeout(() => { document.body.dataset.redrawn = before !== document.querySelector("#chart-cost svg").outerHTML; }, 500);
    """
    dom = browsed(pages["en"], tmp_path, script)
    found = [costs.at(number, (5, 3, 9)) for number in range(4)]
    least = min(cost.mid for cost in found)
    for number, cost in enumerate(found):
        cell = re.search(rf'data-key="cost-{number}".*?</td>', dom)[0]
        assert f"<span>{cost.mid:.3f} USD</span><small>{cost.low:.3f} to {cost.high:.3f}</small>" in cell
        assert f"<span>+{100 * (cost.mid / least - 1):.1f} %</span>" in re.search(rf'data-key="over-{number}".*?</td>', dom)[0]
    assert found[0].mid != costs.at(0, costs.start).mid
    assert 'data-redrawn="true"' in dom
    assert f'id="slider-energy-value">{costs.energies[9]:g} USD/kWh<' in dom
    assert f'id="slider-allocation-value">{100 * costs.allocations[5]:g} %, computing {80 * costs.allocations[5]:g} %<' in dom


def test_a_tie_moves_with_the_sliders(reviewed, tmp_path):
    """Two candidates of the same parts but a few cables: their ranges overlap wherever the sliders stand."""
    same = [{"name": name, "topo": "rail_optimized:nodes=4,rails=4,radix=8,scale_up=nvswitch"} for name in ("one", "two")]
    page = page_of(reviewed(candidates=same), "en")
    assert page.count(f"<small>{words('en')['tie']}</small>") == 1
    script = (
        'const slider = document.getElementById("slider-scale"); slider.value = 2; slider.dispatchEvent(new Event("input"));'
    )
    assert browsed(page, tmp_path, script).count(f"<small>{words('en')['tie']}</small>") == 1


def test_the_start_of_the_sliders_is_what_the_page_already_says(pages, tmp_path):
    script = 'document.getElementById("slider-scale").dispatchEvent(new Event("input"));'
    dom = browsed(pages["zh"], tmp_path, script)
    cells = re.compile(r'<table class="sortable" id="table-cost">.*?</table>', re.DOTALL)
    texts = [re.findall(r"<(?:span|small)>([^<]*)<", cells.search(page)[0]) for page in (pages["zh"], dom)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 12


@pytest.mark.parametrize("clicks", [1, 2])
def test_a_column_sorts_up_then_down(pages, review, tmp_path, clicks):
    press = 'document.querySelector("#table-money th:nth-child(4) button").click();'
    dom = browsed(pages["en"], tmp_path, press * clicks)
    table = re.search(r'id="table-money">.*?</table>', dom, re.DOTALL)[0]
    ordered = sorted(review.designs, key=lambda design: design.bill.network_price.mid, reverse=clicks == 2)
    assert re.findall(r'<tr data-candidate="([^"]*)"', table) == [design.candidate.name for design in ordered]
    assert table.count(f'aria-sort="{"ascending" if clicks == 1 else "descending"}"') == 1
    assert table.count('aria-sort="none"') == 7


@pytest.mark.parametrize(
    "press",
    [
        "document.querySelector('button[data-pick=torus]').click();",
        "const bars = document.querySelectorAll('#chart-material .mark-rect path');"
        "bars[2].dispatchEvent(new MouseEvent('click', {bubbles: true}));",
    ],
)
def test_a_candidate_is_picked_in_tables_and_charts_by_a_button_or_in_a_chart(pages, tmp_path, press):
    dom = browsed(pages["en"], tmp_path, press)
    pressed = re.search(r'data-pick="([^"]+)" aria-pressed="true"', dom)[1]
    rows = re.findall(r'<(?:tr|figure)[^>]*data-candidate="([^"]*)"[^>]*>', dom)
    picked = re.findall(r'<(?:tr|figure)[^>]*class="[^"]*picked"[^>]*>', dom)
    assert len(picked) == rows.count(pressed) > 8
    assert all(f'"{pressed}"' in tag for tag in picked)
    chart = re.search(r'id="chart-efficiency".*?</figure>', dom, re.DOTALL)[0].split("<noscript>")[0]
    assert 'opacity="0.12"' in chart


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_narrow_window_does_not_scroll_sideways_and_every_chart_is_drawn(pages, tmp_path, lang):
    opened = "document.querySelectorAll('details').forEach(one => { one.open = true; });"
    dom = browsed(pages[lang], tmp_path, f"{opened} document.body.dataset.wide = document.documentElement.scrollWidth;", 800)
    assert int(re.search(r'data-wide="(\d+)"', dom)[1]) <= 800
    for key in json.loads(re.search(r'id="specs">(.*?)</script>', pages[lang], re.DOTALL)[1]):
        drawn = re.search(rf'id="chart-{key}".*?</figure>', dom, re.DOTALL)[0]
        assert "<svg" in drawn.split("<noscript>")[0], key
    assert words(lang)["chart.failed"] not in re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)


def test_what_is_cut_off_is_sorted_last_either_way(pages, tmp_path):
    """Losses that cut ranks off have no slowdown: they stand below the others, whichever way they are sorted."""
    script = """
    const table = document.querySelector("#table-lost"), button = table.querySelector("th:nth-child(5) button");
    const told = () => [...table.tBodies[0].rows].map(row => row.cells[4].dataset.value || "cut").join(" ");
    button.click(); document.body.dataset.up = told();
    button.click(); document.body.dataset.down = told();
    """
    dom = browsed(pages["en"], tmp_path, script)
    for way, down in (("up", False), ("down", True)):
        values = re.search(rf'data-{way}="([^"]*)"', dom)[1].split()
        known = [float(value) for value in values if value != "cut"]
        assert known == sorted(known, reverse=down)
        assert 0 < len(known) < len(values)
        assert set(values[len(known) :]) == {"cut"}


def test_a_printed_page_shows_every_bill_and_no_slider(pages, tmp_path):
    """The page is asked what it shows in print: the browser prints it, and tells afterwards."""
    script = """
    const every = [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]);
    const rules = every.filter(rule => rule.media && rule.media.mediaText === "print");
    const style = document.createElement("style");
    style.textContent = rules.flatMap(rule => [...rule.cssRules].map(inner => inner.cssText)).join("\\n");
    document.head.append(style);
    dispatchEvent(new Event("beforeprint"));
    const shown = selector => [...document.querySelectorAll(selector)].filter(one => one.offsetParent !== null).length;
    const counts = [".controls input", ".legend", "#reset", "details table", ".chart svg", ".drawing svg text"].map(shown);
    document.body.dataset.shown = counts.join(" ");
    """
    inputs, legends, resets, bills, *_ = re.search(r'data-shown="([^"]*)"', browsed(pages["en"], tmp_path, script))[1].split()
    assert (inputs, legends, resets, bills) == ("0", "0", "0", "4")
