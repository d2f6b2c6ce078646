"""What a process says, and to whom: people at a terminal are spared what every start says."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from statuspage.worker import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


def say() -> None:
    log = structlog.get_logger("test")
    log.info("as every start goes", number=1, routine=True)
    log.info("as no other start goes", number=2, routine=False)
    log.warning("look\x1b[2J at this", found="\x9b2J")


def test_for_programs_every_line_is_an_object_with_the_role_and_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(plain=False, role="worker")

    say()

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["as every start goes", "as no other start goes", "look\x1b[2J at this"]
    assert {line["role"] for line in lines} == {"worker"}
    assert all(line["timestamp"].endswith("Z") and "routine" not in line for line in lines)


def test_people_at_a_terminal_are_spared_the_routine_of_a_start(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(plain=True, role="worker")

    say()

    said = capsys.readouterr().err
    assert "every start" not in said
    assert "as no other start goes" in said and "number=2" in said and "look" in said
    assert "look\\x1b[2J at this" in said and "found=\\x9b2J" in said
    assert "\x1b" not in said and "\x9b" not in said and "routine" not in said
    assert all(len(line.split(" ")[0]) == len("12:00:00") for line in said.splitlines())
