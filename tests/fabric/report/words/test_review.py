"""The page's languages: the same words, with the same places for numbers."""

from __future__ import annotations

import string

from fabric.report.words.review import words


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_words_with_the_same_places():
    english, chinese = words("en"), words("zh")
    assert list(english) == list(chinese)
    assert {key: fields(text) for key, text in english.items()} == {key: fields(text) for key, text in chinese.items()}
