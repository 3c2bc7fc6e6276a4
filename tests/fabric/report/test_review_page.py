"""The page of a review: complete, safe, in both languages, and alive in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fabric.report.review_cells import money
from fabric.report.review_grid import Grid, grid
from fabric.report.review_page import FROM, write
from fabric.report.review_page import html as page_of
from fabric.report.review_words import LANGUAGES, words
from fabric.review.evaluate import Review, evaluate
from fabric.review.request import parse
from fabric.review.verdict import verdict
from fabric.units import show_duration
from topologies.errors import InputError

NAMES = ("w3.org", "vega.github.io/schema", "vega.github.io/editor", "github.com/vega")
"""Addresses that stand in the inlined library as names, and are never loaded."""
BROWSERS = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=8000",
)  # fmt: skip
REQUEST: dict[str, Any] = {
    "title": "sixteen devices",
    "candidates": [
        {"name": "fat-tree", "topo": "fat_tree:k=4"},
        {"name": "rails", "topo": "rail_optimized:nodes=4,rails=4,radix=8,scale_up=nvswitch", "grow": {"nodes": [2, 4]}},
        {"name": "torus", "topo": "torus:dims=4x4"},
        {"name": "odd", "topo": "fat_tree:k=3"},
    ],
    "cases": [{"collective": "all_reduce", "size": "1MiB"}, {"collective": "all_to_all", "size": "1MiB"}],
    "step": {"compute": 0.001},
    "node": "node-8xh100",
    "limits": {"power": 300_000},
    "cost": {"allocation": 0.625, "energy": 0.07, "busy": 0.9},
    "spans": {"efficiency": [0.5, 1.0], "energy": [0.05, 0.12]},
    "failing": {"links": [1, 4], "switches": [1], "seeds": 2},
}


def reviewed(**changes: Any) -> Review:
    return evaluate(parse({**REQUEST, **changes}))


@pytest.fixture(scope="module")
def review() -> Review:
    return reviewed()


@pytest.fixture(scope="module")
def pages(review: Review) -> dict[str, str]:
    return {lang: page_of(review, lang) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def costs(review: Review) -> Grid:
    found = grid(review.designs)
    assert found is not None
    return found


def test_a_language_that_is_not_there_is_one_line(review):
    with pytest.raises(InputError, match=r"^lang: must be one of en, zh, got 'fr'$"):
        page_of(review, "fr")


def test_the_same_request_gives_the_same_bytes(pages):
    assert page_of(reviewed(), "zh") == pages["zh"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_loaded_from_elsewhere(pages, lang):
    addresses = set(re.findall(r"https?://[^\"'\s`)<]+", pages[lang]))
    assert [a for a in addresses if not any(name in a for name in NAMES)] == []
    without_code = re.sub(r"<script>.*?</script>", "", pages[lang], flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"'](?!data:)", without_code)
    assert "@import" not in without_code
    assert "url(" not in without_code


def test_names_and_titles_cannot_become_markup():
    evil = "</script><script>alert(1)</script><b a=\"'>&"
    page = page_of(reviewed(title=evil, candidates=[{"name": evil, "topo": "fat_tree:k=4"}, {"name": "<i>", "topo": "<u>"}]))
    assert "<script>alert" not in page
    assert not re.search(r"<(b|i|u)[ >]", page)
    assert page.count("</script>") == 5
    assert f'data-candidate="{html.escape(evil)}"' in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_verdict_comes_first_and_every_candidate_and_refusal_is_told(pages, review, lang):
    told = html.unescape(pages[lang])
    places = [told.index(f'<section id="{key}">') for key in ("verdict", "drawings", "compare", "cost", "charts", "bills")]
    assert places == sorted(places)
    for finding in verdict(review):
        assert finding.text(lang) in told
    assert review.refused[0].why in told


def test_the_source_of_every_sentence_is_in_the_page_s_language(pages, review):
    sources = {part for finding in verdict(review) for part in finding.source.split("; ")}
    assert sources <= set(FROM)
    assert all(words("zh")[FROM[source]] in html.unescape(pages["zh"]) for source in sources)


def test_every_price_and_power_has_its_source_and_date(pages, review):
    told = html.unescape(pages["en"])
    for line in (line for design in review.designs for line in design.bill.lines):
        for quote in (line.part.price, line.part.watts):
            assert f'<td class="text">{quote.source}' in told
            assert f'<td class="text">{quote.date}</td>' in told


def test_every_case_is_in_the_table(pages, review):
    for done in (done for design in review.designs for done in design.performance.timed):
        assert f"<span>{show_duration(done.result.time)}</span>" in pages["en"]
        assert f"<span>{show_duration(done.worst)}</span>" in pages["zh"]


def test_a_bill_adds_up_on_the_page(pages, review):
    for design in review.designs:
        line = f"{design.candidate.name}: {money(design.price, words('en')).text}"
        assert f"<summary>{line}" in pages["en"]


def test_a_candidate_without_prices_has_no_cost_and_says_so():
    whole = reviewed(candidates=[{"name": "fast", "topo": "fat_tree:k=4,speed=800Gb/s"}])
    assert whole.designs[0].unpriced
    page = page_of(whole, "en")
    assert "fast: no price is known for" in page
    assert "No candidate has a cost" in page
    assert 'id="slider-energy"' not in page


def test_a_review_of_refusals_only_is_still_a_page():
    page = page_of(reviewed(candidates=[{"name": "odd", "topo": "fat_tree:k=3"}]), "en")
    assert "k must be an even number of ports" in page
    assert "<table" not in page.split("<script")[0]


def test_an_unwritable_output_is_one_line(review, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^output: cannot write .*page\.html: .*; choose a folder that can be written$"):
        write(replace(review, designs=()), tmp_path / "file" / "page.html")


def browsed(page: str, folder: Path, script: str, width: int = 1440) -> str:
    """Return the page's content after a script has used it, as a browser has it."""
    later = f"<script>addEventListener('load', () => setTimeout(() => {{ {script} }}, 2000));</script>\n</body></html>\n"
    place = folder / "page.html"
    place.write_text(page.removesuffix("</body></html>\n") + later)
    command = [BROWSERS[0], *OPTIONS, f"--window-size={width},1000", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    return subprocess.run([*command, place.as_uri()], capture_output=True, text=True, timeout=120, check=True).stdout


needs_browser = pytest.mark.skipif(not BROWSERS, reason="no chromium found: `make system-deps` installs it")


@needs_browser
def test_sliders_move_the_cost_and_its_chart(pages, costs, tmp_path):
    script = """
    const before = document.querySelector("#chart-cost svg").outerHTML;
    for (const [name, value] of [["utilisation", 5], ["scale", 3], ["energy", 9]]) {
      const slider = document.getElementById("slider-" + name);
      slider.value = value; slider.dispatchEvent(new Event("input"));
    }
    setTimeout(() => { document.body.dataset.redrawn = before !== document.querySelector("#chart-cost svg").outerHTML; }, 500);
    """
    dom = browsed(pages["en"], tmp_path, script)
    found = [costs.at(number, (5, 3, 9)) for number in range(3)]
    least = min(cost.mid for cost in found)
    for number, cost in enumerate(found):
        cell = re.search(rf'data-key="cost-{number}".*?</td>', dom)[0]
        assert f"<span>{cost.mid:.3f} USD</span><small>{cost.low:.3f} to {cost.high:.3f}</small>" in cell
        assert f"<span>+{100 * (cost.mid / least - 1):.1f} %</span>" in re.search(rf'data-key="over-{number}".*?</td>', dom)[0]
    assert found[0].mid != costs.at(0, costs.start).mid
    assert 'data-redrawn="true"' in dom
    assert f'id="slider-energy-value">{costs.energies[9]:g} USD/kWh<' in dom


@needs_browser
def test_the_start_of_the_sliders_is_what_the_page_already_says(pages, tmp_path):
    script = 'document.getElementById("slider-scale").dispatchEvent(new Event("input"));'
    dom = browsed(pages["zh"], tmp_path, script)
    cells = re.compile(r'<table class="sortable" id="table-cost">.*?</table>', re.DOTALL)
    texts = [re.findall(r"<(?:span|small)>([^<]*)<", cells.search(page)[0]) for page in (pages["zh"], dom)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 9


@needs_browser
@pytest.mark.parametrize("clicks", [1, 2])
def test_a_column_sorts_up_then_down(pages, review, tmp_path, clicks):
    press = 'document.querySelector("#table-money th:nth-child(3) button").click();'
    dom = browsed(pages["en"], tmp_path, press * clicks)
    table = re.search(r'id="table-money">.*?</table>', dom, re.DOTALL)[0]
    ordered = sorted(review.designs, key=lambda design: design.bill.network_price.mid, reverse=clicks == 2)
    assert re.findall(r'<tr data-candidate="([^"]*)"', table) == [design.candidate.name for design in ordered]
    assert table.count(f'aria-sort="{"ascending" if clicks == 1 else "descending"}"') == 1
    assert table.count('aria-sort="none"') == 6


@needs_browser
def test_a_candidate_is_picked_in_tables_and_charts(pages, tmp_path):
    dom = browsed(pages["en"], tmp_path, "document.querySelector('button[data-pick=torus]').click();")
    rows = re.findall(r'<(?:tr|figure)[^>]*data-candidate="([^"]*)"[^>]*>', dom)
    picked = re.findall(r'<(?:tr|figure)[^>]*class="[^"]*picked"[^>]*>', dom)
    assert len(picked) == rows.count("torus") > 8
    assert all("torus" in tag for tag in picked)
    chart = re.search(r'id="chart-efficiency".*?</figure>', dom, re.DOTALL)[0].split("<noscript>")[0]
    assert 'opacity="0.12"' in chart


@needs_browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_narrow_window_does_not_scroll_sideways_and_every_chart_is_drawn(pages, tmp_path, lang):
    opened = "document.querySelectorAll('details').forEach(one => { one.open = true; });"
    dom = browsed(pages[lang], tmp_path, f"{opened} document.body.dataset.wide = document.documentElement.scrollWidth;", 800)
    assert int(re.search(r'data-wide="(\d+)"', dom)[1]) <= 800
    for key in json.loads(re.search(r'id="specs">(.*?)</script>', pages[lang], re.DOTALL)[1]):
        drawn = re.search(rf'id="chart-{key}".*?</figure>', dom, re.DOTALL)[0]
        assert "<svg" in drawn.split("<noscript>")[0], key
    assert words(lang)["chart.failed"] not in re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
