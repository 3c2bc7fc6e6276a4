"""Both glossaries have the same words in the same order, each with a term and a meaning; no term stands for two words."""

from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def rows(name):
    found = [line for line in (DOCS / name).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1:]]


def test_every_word_has_its_chinese_term_and_meaning():
    ours, chinese = rows("glossary.md"), rows("glossary.zh.md")
    assert len(ours) > 30
    assert [row[0] for row in chinese] == [row[0] for row in ours]
    assert all(len(row) == 3 and all(row) for row in chinese)


def test_no_chinese_term_stands_for_two_words():
    terms = [term for row in rows("glossary.zh.md") for term in row[1].split("\uff0c")]
    assert len(terms) == len(set(terms))
