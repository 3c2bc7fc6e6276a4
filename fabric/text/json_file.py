"""JSON as Python's values, with limits, or one line that says why not. It does not know what the keys mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from fabric.text.escape import shown
from fabric.text.files import MOST_BYTES, read_text
from fabric.text.numbers import MOST_WHOLE
from topologies.errors import InputError

MOST_DEPTH = 100
"""Lists and objects inside each other."""
_LARGE = re.compile(r"e\+?0*[1-9][0-9]{2}"), re.compile(r"E\+?0*[1-9][0-9]{2}")
_LONG = re.compile(r"[^0-9][0-9]{309}")
"""What must be there before a number can be too large; looked for, since Python's own reader of floats is the fastest."""


class NotJson(InputError):
    """What is wrong with a JSON text: its line and the problem, which a reader may put in words of its own."""

    def __init__(self, where: str, line: int, problem: str) -> None:
        """Say it as `WHERE: must be JSON, got line LINE: PROBLEM`."""
        super().__init__(f"{where}: must be JSON, got line {line}: {problem}")
        self.line, self.problem = line, problem


def read_json(path: Path, what: str, most: int = MOST_BYTES) -> Any:  # JSON holds anything
    """Return the content of a JSON file. what: the parameter that named it.

    Raises:
        InputError: a file that cannot be read (files.py), or what parse_json() refuses.
    """
    return parse_json(read_text(path, what, most), f"{what}: {path}")


def parse_json(text: str | bytes, where: str) -> Any:  # JSON holds anything
    """Return the content of a JSON text. where: for messages.

    Raises:
        InputError: not JSON, NaN or Infinity, a number over 64 bits or beyond a float, half a character, or nested deeper
            than MOST_DEPTH.
    """
    try:
        lines, text = isinstance(text, bytes), text.decode() if isinstance(text, bytes) else text
        large = any(form.search(text) for form in _LARGE)
        if not lines:  # a store's lines are ours, and hold no number of so many digits
            large = large or _LONG.search(text) is not None
        found = (_CAREFUL if large else _USUAL).decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(where, error.lineno, error.msg) from None
    except UnicodeDecodeError as error:
        raise NotJson(where, 1, f"byte {error.start} is no UTF-8") from None
    except RecursionError:
        raise NotJson(where, 1, f"more than {MOST_DEPTH} lists and objects inside each other") from None
    except ValueError as error:
        raise NotJson(where, 1, str(error)) from None
    if text.count("[") + text.count("{") > MOST_DEPTH and _deeper(found):
        raise NotJson(where, 1, f"more than {MOST_DEPTH} lists and objects inside each other")
    if "\\u" in text and not _whole_characters(found):
        raise NotJson(where, 1, "a text with half a character (a lone surrogate)")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text}, which is no number in JSON")


def _whole(text: str) -> int:
    if len(text) > 18 and (len(text) > 20 or abs(int(text)) > MOST_WHOLE):
        raise ValueError(f"the whole number {shown(text)}, which 64 bits do not hold")
    return int(text)


def _real(text: str) -> float:
    found = float(text)
    if abs(found) == float("inf"):
        raise ValueError(f"the number {shown(text)}, which is too large")
    return found


def _deeper(content: object) -> bool:
    """Return whether lists and objects are nested deeper than MOST_DEPTH; level by level, so that no depth is too deep."""
    level = [content]
    for _ in range(MOST_DEPTH):
        level = [below for one in level if isinstance(one, list | dict) for below in _inside(one)]
    return any(isinstance(one, list | dict) for one in level)


def _inside(content: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return content.values() if isinstance(content, dict) else content


def _whole_characters(content: object) -> bool:
    """Return whether every text can be printed."""
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


_USUAL = json.JSONDecoder(parse_constant=_no_number, parse_int=_whole)
_CAREFUL = json.JSONDecoder(parse_constant=_no_number, parse_int=_whole, parse_float=_real)
