"""The page and the picture: complete, self-contained, safe, the same for the same story."""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fabric.report.page import labels
from fabric.report.run import charts, facts
from fabric.report.run.page import write
from fabric.report.run.story import Story
from fabric.units import show_duration
from topologies.errors import InputError

NAMES = ("w3.org", "vega.github.io/schema", "vega.github.io/editor", "github.com/vega")
"""Addresses that stand in the inlined library as names, and are never loaded."""
BROWSERS = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=8000",
)  # fmt: skip


@pytest.fixture(scope="module")
def files(story: Story, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("report")
    write(story, folder / "new" / "page.html", folder / "new" / "page.png")
    return folder / "new" / "page.html", folder / "new" / "page.png"


@pytest.fixture(scope="module")
def page(files: tuple[Path, Path]) -> str:
    return files[0].read_text()


def small(story: Story, **changes: object) -> Story:
    return replace(story, **{"scaling": story.scaling[24:48], "extrapolation": story.extrapolation[:15], **changes})


def test_nothing_is_loaded_from_elsewhere(page):
    addresses = set(re.findall(r"https?://[^\"'\s`)<]+", page))
    assert [a for a in addresses if not any(name in a for name in NAMES)] == []
    without_code = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"'](?!data:)", without_code)
    assert "@import" not in without_code
    assert "url(" not in without_code


def test_every_cell_of_this_machine_is_in_the_table(page, story):
    told = html.unescape(page)
    for row in story.scaling:
        assert f">{show_duration(row.measured.time)}<" in told
        assert f">{labels.interval(row.measured)}<" in told
        assert f">{labels.percent(row.error, signed=True)}<" in told
        assert f">{labels.percent(row.baseline_error, signed=True)}<" in told


def test_every_extrapolated_cell_is_in_the_table(page, story):
    for row in story.extrapolation:
        shares = [labels.percent(share) for share in (row.efficiency, row.in_network_efficiency)]
        cells = [labels.gigabytes(row.predicted.busbw), labels.gigabytes(row.bound), *shares]
        inner = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        assert inner + f'<td class="text">{labels.bottleneck(row)}</td>' in page


def test_the_rest_of_the_story_is_told(page, story):
    told = html.unescape(page)
    for text in (story.title, story.made_at, *story.assumptions, *story.notes, *facts.headlines(story), *facts.details(story)):
        assert text in told
    assert "\n".join(story.commands) in told
    assert all(constants.source in told for constants in story.constants)


def test_the_story_of_two_cores_has_all_five_charts(story, page):
    keys = [drawing.key for drawing in charts.draw(story)]
    assert keys == ["extrapolation", "busbw", "efficiency", "against", "error"]
    assert all(f'id="chart-{key}"' in page for key in keys)
    specs = re.search(r'id="specs">(.*?)</script>', page, re.DOTALL)
    assert list(json.loads(specs[1])) == keys


def test_the_same_story_gives_the_same_bytes(story, tmp_path):
    for name in ("a", "b"):
        write(small(story), tmp_path / f"{name}.html", tmp_path / f"{name}.png")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_text_is_escaped_everywhere(story, tmp_path):
    evil = "</script><script>alert(1)</script><b>&"
    rows = [replace(row, source=evil) for row in story.scaling[24:48]]
    changed = small(
        story, title=evil, made_at=evil, machine={evil: [evil]}, commands=[evil], notes=[evil], assumptions=[evil], scaling=rows
    )
    write(changed, tmp_path / "e.html", tmp_path / "e.png")
    page = (tmp_path / "e.html").read_text()
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert page.count("</script>") == 3


def test_the_picture_is_a_png_of_legible_size(files):
    content = files[1].read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert 1600 <= width <= 2300
    assert height > 1500
    assert 50_000 < len(content) < 1_500_000


@pytest.mark.parametrize("missing", ["scaling", "extrapolation"])
def test_half_a_story_is_drawn_too(story, tmp_path, missing):
    write(small(story, **{missing: []}), tmp_path / "h.html", tmp_path / "h.png")
    assert (tmp_path / "h.png").stat().st_size > 10_000


def test_a_story_without_rows_is_refused(story, tmp_path):
    with pytest.raises(InputError, match=r"^report: needs at least one row with 2 ranks or more .* got none$"):
        write(small(story, scaling=[], extrapolation=[]), tmp_path / "x.html", tmp_path / "x.png")


@pytest.mark.parametrize("target", ["html", "png"])
def test_an_unwritable_output_is_one_line(story, tmp_path, target):
    (tmp_path / "file").write_text("")
    paths = {"html": tmp_path / "ok.html", "png": tmp_path / "ok.png", target: tmp_path / "file" / f"x.{target}"}
    with pytest.raises(InputError, match=rf"^output: cannot write .*x\.{target}: .*; choose a folder that can be written$"):
        write(small(story), paths["html"], paths["png"])


@pytest.mark.skipif(not BROWSERS, reason="no chromium found: `make system-deps` installs it")
def test_a_real_browser_draws_every_chart(files, story, tmp_path):
    command = [BROWSERS[0], *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", files[0].as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    for drawing in charts.draw(story):
        drawn = re.search(rf'<div class="chart vega-embed[^>]*id="chart-{drawing.key}".*?</figure>', dom, re.DOTALL)
        assert drawn, drawing.key
        assert "<svg" in drawn[0].split("<noscript>")[0]
        assert drawn[0].count("<path") > 20
        assert "chart failed" not in drawn[0]
