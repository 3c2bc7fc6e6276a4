"""The shell of pages: what it holds, that it loads nothing, and that its style sheets and scripts are in the wheel."""

import re
import tomllib
from pathlib import Path

import pytest

from fabric.report.page.html_file import asset, document

ROOT = Path(__file__).parents[4]
ASSETS = sorted(path.relative_to(ROOT / "fabric") for end in ("css", "js") for path in (ROOT / "fabric").rglob(f"*.{end}"))


def test_style_sheets_and_scripts_are_package_data():
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["fabric"]
    assert {path.name for path in ASSETS} == {"page.css", "page.js"}
    assert [path for path in ASSETS if not any(path.match(pattern) for pattern in known)] == []


@pytest.mark.parametrize("path", ASSETS, ids=str)
def test_assets_are_read_as_they_stand_and_load_nothing(path):
    text = asset(path.parent.name, path.name)
    assert text == (ROOT / "fabric" / path).read_text("utf-8")
    assert not re.search(r"@import|url\(|https?:|</script|</style", text)


def test_a_page_escapes_its_title_and_has_no_script_unless_there_is_one():
    page = document("<a>", "<p>said</p>", "p { color: #222; }\n")
    assert "<title>&lt;a&gt;</title>" in page
    assert "<style>\np { color: #222; }\n</style>" in page
    assert "<main>\n<p>said</p>\n</main>" in page
    assert "<script" not in page
    with_data = document("a", "", "", data={"specs": {"x": "</script>"}})
    assert with_data.count("<script") == with_data.count("</script>") == 1
