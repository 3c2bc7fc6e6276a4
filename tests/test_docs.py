"""What the documents show is what the program does: Python blocks run, shown commands print what is written under them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fabric" / "cli"))

from typed import typed

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = {"README.md", "training.md", "serving.md", "judge.md"}
"""Pages whose commands are run."""
COMMANDS = re.compile(
    r"^\$ fabricbench ((?:show|judge|predict|scale|training|serving|jobs|stress) (?:.*\\\n)*.*)\n((?:(?!\$ |```).*\n)*)",
    re.MULTILINE,
)


def blocks(language):
    return [(p.name, code) for p in PAGES for code in re.findall(rf"```{language}\n(.*?)```", p.read_text(), re.DOTALL)]


def shown():
    return [(page.name, *found) for page in PAGES for found in COMMANDS.findall(page.read_text())]


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("page", "code"), [b for b in blocks("python") if b[0] == "README.md"])
def test_python_examples_run_and_print_what_they_say(page, code):
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for line, said in zip(done.stdout.splitlines(), re.findall(r"print\(.*\)  # (.*)", code), strict=True):
        assert line == said


def pieces(output):
    """Return what is shown in one piece, line by line; a line `...` stands for lines that are left out."""
    found = [[]]
    for line in squeezed(output):
        if line == "...":
            found.append([])
        else:
            found[-1].append(line)
    return found


@pytest.mark.parametrize(("page", "command", "output"), [s for s in shown() if s[0] in RUN])
def test_shown_commands_print_what_is_written(page, command, output):
    arguments = command.replace("\\\n", " ").split()
    done = typed(*arguments)
    assert done.returncode in (0, 1), done.stderr  # 1: a verdict against
    printed, parts = squeezed(done.stdout), pieces(output)
    assert printed[: len(parts[0])] == parts[0]
    if len(parts) == 1:
        assert printed == parts[0]
    for part in parts[1:]:
        assert "\n".join(part) in "\n".join(printed)


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_something_is_shown():
    assert len(shown()) >= 3
    assert blocks("python")
