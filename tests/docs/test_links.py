"""What the documents point to exists: files, headings, commands, tests."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from statuspage.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")] if path.is_file())
LINK = re.compile(r"\]\(([^)\s]+)\)")
MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
STATUSPAGE = re.compile(r"(?:^|`|python -m |\$ )statuspage ((?:[^\s`#]+ ?)+)", re.MULTILINE)
TESTS = re.compile(r"`((?:tests/[\w/]+/)?(?:test_\w+\.py|tests/[\w/]+\.py))`")
VALUED = {"--config", "--data", "--database"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The headings' addresses, as code hosts make them: small letters, hyphens for spaces, nothing else."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command(words: list[str]) -> click.Command | None:
    """The command that the words after `statuspage` name; None if there is none of that name."""
    found: click.Command = main
    rest = list(words)
    while rest and isinstance(found, click.Group):
        word = rest.pop(0)
        if word in VALUED and rest:
            rest.pop(0)
        elif word.isupper():  # stands for any command
            return found
        elif not word.startswith("-"):
            nested = found.get_command(click.Context(found), word)
            if nested is None:
                return None
            found = nested
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, heading = target.partition("#")
        goal = (page.parent / place).resolve() if place else page
        assert goal.exists() and goal.is_relative_to(ROOT), f"{named(page)} links to {target}"
        assert not heading or heading in anchors(goal), f"{named(page)} links to {target}, but there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(MAKE.findall(page.read_text(encoding="utf-8"))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_exists(page: Path) -> None:
    for line in STATUSPAGE.findall(page.read_text(encoding="utf-8")):
        assert command(line.split()) is not None, f"{named(page)}: statuspage {line}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_test_that_is_named_exists(page: Path) -> None:
    there = {path.name for path in (ROOT / "tests").rglob("*.py")}
    for name in TESTS.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists() if "/" in name else name in there, f"{named(page)} names {name}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md" and f"({path.name})" not in index]

    assert missing == []


def test_a_wrong_command_is_noticed() -> None:
    assert command(["no-such-command"]) is None
    assert command(["--config", "my.yaml", "incident", "declare", "website"]) is not None
    assert command(["incident", "no-such-command"]) is None
