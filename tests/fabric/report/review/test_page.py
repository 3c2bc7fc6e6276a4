"""The page of a review: complete, safe, in both languages. What a browser does with it is in test_review_browser.py."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest

from fabric.report.review import details, material, names
from fabric.report.review.cells import money
from fabric.report.review.grid import grid
from fabric.report.review.page import html as page_of
from fabric.report.review.page import write
from fabric.report.review.sentences import sentence
from fabric.report.words.review import LANGUAGES, words
from fabric.review.cost import device_hour
from fabric.review.damage import GAIN
from fabric.review.finding import Source
from fabric.review.inputs import OPEN, inputs
from fabric.review.limits import Binding
from fabric.review.losses import AT_ONCE, Event, Kind
from fabric.review.quote import Range
from fabric.review.verdict import verdict
from fabric.units import show_duration
from topologies.errors import InputError

NAMES = ("w3.org", "vega.github.io/schema", "vega.github.io/editor", "github.com/vega")
"""Addresses that stand in the inlined library as names, and are never loaded."""
MIDDLE = -1.0
"""A limit between the middle and the high end."""
SECTIONS = (
    "verdict", "drawings", "compare", "cost", "performance", "resilience", "ceiling", "growth", "limits", "material", "bills",
    "sources", "assumed",
)  # fmt: skip


def test_a_language_that_is_not_there_is_one_line(review):
    with pytest.raises(InputError, match=r"^lang: must be one of en, zh, got 'fr'$"):
        page_of(review, "fr")


def test_the_same_request_gives_the_same_bytes(pages, reviewed):
    again = reviewed()
    assert {lang: page_of(again, lang) for lang in LANGUAGES} == pages


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_loaded_from_elsewhere(pages, lang):
    addresses = set(re.findall(r"https?://[^\"'\s`)<]+", pages[lang]))
    assert [a for a in addresses if not any(name in a for name in NAMES)] == []
    without_code = re.sub(r"<script>.*?</script>", "", pages[lang], flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"'](?!data:|#)", without_code)
    assert "@import" not in without_code
    assert "url(" not in without_code


def test_names_and_titles_cannot_become_markup(reviewed):
    evil = "</script><script>alert(1)</script><b a=\"'>&"
    page = page_of(reviewed(title=evil, candidates=[{"name": evil, "topo": "fat_tree:k=4"}, {"name": "<i>", "topo": "<u>"}]))
    assert "<script>alert" not in page
    assert not re.search(r"<(b|i|u)[ >]", page)
    assert page.count("</script>") == 5
    assert f'data-candidate="{html.escape(evil)}"' in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_verdict_comes_first_and_every_candidate_and_refusal_is_told(pages, review, lang):
    told = html.unescape(pages[lang])
    places = [told.index(f'<section id="{key}">') for key in SECTIONS]
    assert places == sorted(places)
    assert re.findall(r'<a href="#(\w+)">', pages[lang]) == list(SECTIONS[1:])
    for finding in verdict(review):
        assert sentence(finding, words(lang)) in told
    assert review.refused[0].why in told


def test_the_source_of_every_sentence_is_in_the_page_s_language(pages, review):
    sources = {source for finding in verdict(review) for source in finding.sources}
    assert sources <= set(get_args(Source))
    assert all(words("zh")[f"from.{source}"] in html.unescape(pages["zh"]) for source in sources)


def test_every_price_and_power_has_its_source_and_date(pages, review):
    told = {(row[0], row[1]): row[3:] for row in rows_of(pages["en"], "sources")}
    for part in {line.part for design in review.designs for line in design.bill.lines}:
        for what, quote in (("price of one", part.price), ("power of one", part.watts)):
            source, date = told[part.name, what]
            assert source.startswith(quote.source)
            assert ("weak" in source) == quote.weak
            assert date == quote.date


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sliders_sentence_is_the_slider_and_the_printed_cost(pages, review, lang):
    """What the page says of its first slider, put into the formula, is what it shows, at the start and elsewhere."""
    said = re.search(r"(?:compute for|都在其中) ([\d.]+) %", html.unescape(pages[lang]))
    part = float(said[1]) / 100
    costs = grid(review.designs)
    for number, design in enumerate(review.designs):
        for place, allocation in enumerate(costs.allocations):
            told = replace(design.economy, allocation=allocation, busy=allocation * part)
            assert costs.at(number, (place, *costs.start[1:])).mid == pytest.approx(device_hour(told), abs=1e-4)
        printed = float(rows_of(pages[lang], "cost")[number][1].split()[0])
        assert printed == pytest.approx(device_hour(design.economy), abs=6e-4)
    assert re.search(r"62\.5 %\D{2,12}50 %", re.search(r'id="slider-allocation-value">([^<]*)<', pages[lang])[1])


def test_what_the_cost_takes_stands_beside_it_with_its_source(pages, review):
    told = {row[0]: row[1:] for row in rows_of(pages["en"], "inputs")}
    assert told["share of time allocated (allocation)"] == ["0.625", "of all time", "the review's own file"]
    assert told["share of time computing (busy)"] == ["0.5", "of all time", "the review's own file"]
    assert told["energy price, USD/kWh (energy)"][0] == "0.07"
    assert told["PUE (pue)"][2].startswith("our default, an assumption")
    assert told["other running cost of one device, USD/h (opex_per_device)"][1] == "USD per device-hour"
    assert {one.name for one in inputs(review.request)} == set(OPEN)


@pytest.mark.parametrize(
    ("power", "told"),
    [(1e6, "yes, at the high end too"), (MIDDLE, "at the middle, not at the high end: power"), (1e3, "no: power")],
)
def test_up_to_which_end_limits_hold_stands_in_the_comparison(review, power, told):
    design = review.designs[0]
    watts = Range(design.watts.mid * 0.9, design.watts.mid, design.watts.mid * 1.1)
    limit = design.watts.mid * 1.05 if power == MIDDLE else power
    whole = replace(review, designs=(replace(design, bindings=(Binding("power", "W", limit, watts),)),))
    page = page_of(whole, "en")
    assert rows_of(page, "speed")[0][-1] == told
    over = re.search(r'id="table-limits".*?<small>([^<]*)</small></td></tr>', page, re.DOTALL)[1]
    assert over == f"{100 * (watts.low / limit - 1):+.1f} % to {100 * (watts.high / limit - 1):+.1f} %"


def test_every_case_is_in_the_table(pages, review):
    for done in (done for design in review.designs for done in design.performance.timed):
        assert f"<span>{show_duration(done.result.time)}</span>" in pages["en"]
        assert f"<span>{show_duration(done.worst)}</span>" in pages["zh"]


def test_a_bill_adds_up_on_the_page(pages, review):
    for design in review.designs:
        line = f"{design.candidate.name}: {money(design.price, words('en')).text}"
        assert f"<summary>{line}" in pages["en"]


def test_a_candidate_without_prices_has_no_cost_and_says_so(reviewed):
    unpriced = ["switch-144x800g", "optic-800g", "dac-800g"]
    whole = reviewed(candidates=[{"name": "fast", "topo": "fat_tree:k=4,speed=800Gb/s", "parts": unpriced}])
    assert whole.designs[0].unpriced == ("switch-144x800g",)
    page = page_of(whole, "en")
    assert "fast: no price is known for" in page
    assert "No candidate has a cost" in page
    assert 'id="slider-energy"' not in page


def test_a_review_of_refusals_only_is_still_a_page(reviewed):
    page = page_of(reviewed(candidates=[{"name": "odd", "topo": "fat_tree:k=3"}]), "en")
    assert "k must be an even number of ports" in page
    assert "<table" not in page.split("<script")[0]


def test_an_unwritable_output_is_one_line(review, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^output: cannot write .*page\.html: .*; choose a folder that can be written$"):
        write(replace(review, designs=()), tmp_path / "file" / "page.html")


def rows_of(page: str, key: str) -> list[list[str]]:
    """Return the texts of a table's cells, small print left out, row by row."""
    body = re.search(rf'id="table-{key}">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    cells = re.compile(r"<td[^>]*>(?:<span>)?([^<]*)")
    return [[html.unescape(cell) for cell in cells.findall(row)] for row in body.strip().split("\n")]


def heads_of(page: str) -> list[str]:
    return [html.unescape(head) for head in re.findall(r'<th [^>]*><button type="button">([^<]*)<', page)]


def test_every_loss_and_what_it_takes_is_in_a_table(pages, review):
    losses = [(design, loss) for design in review.designs for loss in design.resilience.lost]
    rows = rows_of(pages["en"], "lost")
    assert [row[0] for row in rows] == [design.candidate.name for design, _ in losses]
    assert [(row[2], row[3]) for row in rows] == [(f"{loss.devices_lost}", f"{loss.devices_parted}") for _, loss in losses]
    assert {loss.event.kind for _, loss in losses} >= {"drain", "plane", "compute_rack"}
    cut = [row[4] for row, (_, loss) in zip(rows, losses, strict=True) if loss.median is None and loss.cut]
    assert cut
    assert set(cut) == {"cut off"}


def slowdowns_of(page: str, key: str, columns: tuple[int, ...]) -> list[tuple[float, str]]:
    """Every slowdown of a table with its small print."""
    body = re.search(rf'id="table-{key}">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    cells = [re.findall(r"<td.*?</td>", row) for row in body.strip().split("\n")]
    chosen = [row[column] for row in cells for column in columns]
    known = [(re.search(r'data-value="([^"]*)"', cell), re.search(r"<small>(.*?)</small>", cell)) for cell in chosen]
    return [(float(value[1]), below[1] if below else "") for value, below in known if value]


@pytest.mark.parametrize(
    ("lang", "reasons"), [("en", "luck of the hash: .* split evenly|fewer ranks"), ("zh", "哈希碰巧|rank 更少")]
)
def test_every_slowdown_below_one_says_why_where_it_stands(pages, lang, reasons):
    found = [*slowdowns_of(pages[lang], "lost", (4, 6)), *slowdowns_of(pages[lang], "damage", (5, 6, 9))]
    below = [small for value, small in found if value < 1 - GAIN]
    assert below
    assert [small for small in below if not re.search(reasons, html.unescape(small))] == []


def test_failed_cables_of_hosts_say_what_they_take(pages, review):
    rows = [row for row in rows_of(pages["en"], "damage") if row[1] == "cables at devices"]
    losses = [(d, one) for d in review.designs for one in d.resilience.damage if one.event.kind == "host_links"]
    assert [row[0] for row in rows] == [design.candidate.name for design, _ in losses]
    for row, (design, one) in zip(rows, losses, strict=True):
        assert (row[2], row[4]) == (f"{one.failed}", f"{one.devices_parted}")
        assert int(row[8]) == (one.left if one.devices_parted else design.resilience.devices)
    one_home = {row[0]: row for row in rows if row[2] == "1"}["rails"]
    assert (one_home[4], one_home[5], one_home[8]) == ("1", "cut off", "12"), "its node of four leaves the job"


def test_every_kind_of_event_has_its_words(review):
    for kind in get_args(Kind):
        for tier, switches in (("leaf", 0), ("switch", 2)):
            event = Event(kind, number=3, tier=tier, switches=switches, nodes=4)
            english, chinese = (names.failed(event, words(lang)) for lang in ("en", "zh"))
            assert english.isascii()
            assert not chinese.isascii()
    assert all(loss.event.kind in AT_ONCE for design in review.designs for loss in design.resilience.lost)


def test_stops_and_single_points_are_told(pages, review):
    stops, single = rows_of(pages["en"], "stops"), rows_of(pages["en"], "single")
    for stop, alone, design in zip(stops, single, review.designs, strict=True):
        broken = design.resilience
        assert float(stop[1]) == pytest.approx(broken.stops, rel=0.01)
        assert float(stop[5]) == pytest.approx((1 - broken.goodput) * broken.devices, rel=0.01)
        counts = (
            broken.single_homed,
            broken.single_switches,
            broken.single_cables,
            broken.one_switch_takes,
            broken.host_cables,
        )
        assert (alone[1], *alone[3:]) == tuple(str(count) for count in counts)


def test_cables_by_length_add_up_to_the_wiring(pages, review):
    rows = rows_of(pages["en"], "cables")
    for design in review.designs:
        own = [[int((cell or "0").replace(",", "")) for cell in row[2:]] for row in rows if row[0] == design.candidate.name]
        assert [sum(row[:-1]) for row in own] == [row[-1] for row in own]
        topology = design.fabric.topology
        assert sum(row[-1] for row in own) == (topology.level != topology.scale_up_level).sum()


@pytest.mark.parametrize("what", ["price", "watts"])
def test_kinds_of_parts_add_up_to_the_bill(review, what):
    for design in review.designs:
        parts = [material.sum_of(design, kind, what) for kind in material.KINDS]
        whole = design.bill.price.mid if what == "price" else sum(line.watts.mid for line in design.bill.lines)
        assert sum(part.mid for part in parts) == pytest.approx(whole)


def test_heat_and_what_pue_adds_are_the_facility(pages, review):
    for row, design in zip(rows_of(pages["en"], "space"), review.designs, strict=True):
        heat, overhead, facility = (float(row[column].split()[0].replace(",", "")) for column in (4, 6, 7))
        assert heat + overhead == pytest.approx(facility, rel=2e-3)
        assert int(row[1]) == design.layout.racks


def test_a_tier_step_is_priced_and_named(review):
    reaches = [reach for design in review.designs for reach in design.ceiling]
    assert len(reaches) > len({design.candidate.name for design in review.designs if design.ceiling})
    for design in review.designs:
        rows = list(details.reaches(design, words("en")))
        told = [reach.usd_per_device for reach in design.ceiling]
        assert [row[6].value for row in rows[1:]] == [more - less for less, more in pairwise(told)]


def test_why_a_traffic_has_no_bracket_is_told(pages, reviewed):
    apart = reviewed(candidates=[{"name": "apart", "topo": "rail_only:nodes=4,rails=4,radix=8,scale_up=nvswitch"}])
    (why,) = apart.designs[0].performance.unbracketed
    assert html.escape(why) in page_of(apart, "en")


def test_sentences_name_limits_and_collectives_in_the_page_s_language(review):
    said = [(finding, sentence(finding, words("zh"))) for finding in verdict(review)]
    named = [(finding, text) for finding, text in said if {"limit", "collective"} & set(finding.values)]
    assert named
    assert [text for _, text in named if re.search(r"power|all_reduce", text)] == []


def test_a_chinese_page_says_tiers_collectives_and_algorithms_in_chinese(pages, review):
    assert [head for head in heads_of(pages["zh"]) if not re.search(r"[\u4e00-\u9fff]", head)] == []
    cells = {cell for key in ("cases", "cables", "counts", "lost") for row in rows_of(pages["zh"], key) for cell in row}
    english = re.compile(r"\b(leaf|spine|core|switch|host|reduce|gather|ring|rail-aligned|direct|contiguous)\b")
    assert {cell for cell in cells if english.search(cell)} == set()
    named = names.glossary(review, words("zh"))
    assert "全归约（all-reduce）" in named  # noqa: RUF001
    assert named in html.unescape(pages["zh"])
    assert names.glossary(review, words("en")) == ""
