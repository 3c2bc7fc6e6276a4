"""What a misspelt word may have been meant to be. It knows no words itself."""

from collections.abc import Iterable


def near(word: str, known: Iterable[str], *, likeness: float = 0.5, most: int = 1) -> list[str]:
    """Return the known names that are nearest to a word, the nearest first; case and the choice between - and _ do not count.

    likeness: difflib's ratio at the least, 0 to 1. most: names at the most.
    """
    import difflib  # noqa: PLC0415  # only where something is misspelt

    plain = {_plain(name): name for name in known}
    return [plain[name] for name in difflib.get_close_matches(_plain(word), plain, most, likeness)]


def did_you_mean(word: str, known: Iterable[str], *, likeness: float = 0.5, most: int = 1) -> str:
    """Return ` (did you mean a or b?)` with the names that are near, nothing where none is."""
    found = near(word, known, likeness=likeness, most=most)
    return f" (did you mean {' or '.join(found)}?)" if found else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
