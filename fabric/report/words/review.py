"""The words of a review, page and text, in one of its languages. It does not know where a word stands."""

from __future__ import annotations

from collections.abc import Mapping

from fabric.report.words import review_en, review_zh
from fabric.report.words.review_terms import terms
from fabric.report.words.verdict import sentences
from topologies.errors import InputError

Words = Mapping[str, str]
LANGUAGES: Mapping[str, Words] = {
    "en": {**review_en.WORDS, **terms(0), **sentences(0)},
    "zh": {**review_zh.WORDS, **terms(1), **sentences(1)},
}


def words(lang: str) -> Words:
    """Return key -> text of a language; InputError naming the languages where there is no such one."""
    if lang not in LANGUAGES:
        raise InputError(f"lang: must be one of {', '.join(LANGUAGES)}, got {lang!r}")
    return LANGUAGES[lang]
