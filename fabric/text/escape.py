"""Foreign words made safe for where they are printed: terminal, HTML, CSV, Markdown, a batch file. It parses nothing."""

from __future__ import annotations

import html as escaping
import re
from shlex import quote

from topologies.errors import InputError

LONGEST = 60
"""Characters of foreign text that a message repeats."""
_FORMULA = re.compile(r"[=+@\t\r]|-(?!(?:[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?)?$)")
"""How a cell begins that a spreadsheet would work out."""
_STEERS = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]")
"""Control characters, marks that turn the direction of text, what has no width, line separators, half characters."""
_BATCH_WORD = re.compile(r"[A-Za-z0-9_.,:=+/@%\[\]*-]+", re.ASCII)
"""What Slurm's own option values are written with."""


def terminal(text: object) -> str:
    r"""Return the text in one line that cannot steer a terminal: `\x1b` for ESC, `\n` for a new line, `\u202e` for bidi."""
    return _STEERS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))


def lines(text: object) -> str:
    """Return text of several lines in which no line can steer a terminal; new lines and tabs stay."""
    return "\n".join("\t".join(terminal(part) for part in line.split("\t")) for line in str(text).split("\n"))


def shown(value: object, longest: int = LONGEST) -> str:
    """Return a value for a message, a text in quotes: one line of at most `longest` characters, nothing in it that steers."""
    if not isinstance(value, str | bytes):
        word = terminal(repr(value))
        return word if len(word) <= longest else f"{word[:longest]}..."
    word = value.decode(errors="replace") if isinstance(value, bytes) else value
    return repr(word if len(word) <= longest else f"{word[:longest]}...")


def html(text: object) -> str:
    """Return the text for HTML, in an element or a quoted attribute; characters that steer are named."""
    return escaping.escape("\n".join(terminal(line) for line in str(text).split("\n")), quote=True)


def csv_cell(value: object) -> object:
    """Return a cell that no spreadsheet works out: a text that begins like a formula gets an apostrophe before it.

    Numbers stay numbers, `-3` as a text too; characters that steer are named.
    """
    if not isinstance(value, str):
        return value
    safe = f"'{value}" if _FORMULA.match(value) else value
    return terminal(safe)


def markdown_cell(text: object) -> str:
    """Return the text for a cell of a Markdown table: one line, neither a border, a tag nor emphasis in it.

    An underscore inside a word, as in all_reduce, is none and stays.
    """
    return re.sub(r"([\\|`*\[\]<>]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", terminal(text))


def batch_word(value: str, option: str) -> str:
    """Return a value for a line `#SBATCH --option=value`: one word of what Slurm's values are written with.

    Raises:
        InputError: an empty one, or blanks, quotes, new lines and other characters, which could begin another line.
    """
    if len(value) > 255 or not _BATCH_WORD.fullmatch(value):
        raise InputError(
            f"{option}: must be one word of letters, digits and _.,:=+/@%[]*- for a batch file, 255 at most, got {shown(value)}"
        )
    return value


def shell_word(value: str, option: str) -> str:
    """Return a value quoted for a shell's line in a batch file; InputError where it holds characters that steer."""
    if _STEERS.search(value):
        raise InputError(f"{option}: must be one line of plain characters for a batch file, got {shown(value)}")
    return quote(value)
