"""What a process says, and to whom: people at a terminal are spared what every start says."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

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


# --- how it is written ----------------------------------------------------------------------------------------------------------------

SPEAKER = """
import logging, structlog
from statuspage.worker import logs
logs.set_up(plain=False, role="worker")
structlog.get_logger("test").warning("ours", long="x" * 20_000)
logging.getLogger("library").warning("a library's")
try:
    raise ValueError("of several\\nlines")
except ValueError:
    structlog.get_logger("test").exception("with a traceback")
print("went on")
"""


def speaker(stderr: int, unbuffered: str = "") -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    return subprocess.run([sys.executable, "-c", SPEAKER], env=environment, stdout=subprocess.PIPE, stderr=stderr, check=False)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_every_record_is_one_write_of_one_line_so_that_those_of_several_processes_never_mix(unbuffered: str) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # keeps apart what was written apart
    with ours:
        with theirs:
            assert speaker(theirs.fileno(), unbuffered).returncode == 0
        writes = list(iter(lambda: ours.recv(1 << 20), b""))

    assert [write.count(b"\n") for write in writes] == [1, 1, 1] and all(write.endswith(b"\n") for write in writes)
    assert [json.loads(write)["event"] for write in writes] == ["ours", "a library's", "with a traceback"]


def test_a_log_that_cannot_be_written_disturbs_nobody() -> None:
    with Path("/dev/full").open("wb") as full:
        done = speaker(full.fileno())

    assert (done.returncode, done.stdout) == (0, b"went on\n")


def test_a_record_that_was_cut_off_does_not_run_into_the_next() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # takes what there is room for
    with (
        os.fdopen(reading, "rb", buffering=0) as reader,
        TextIOWrapper(os.fdopen(writing, "wb", buffering=0), write_through=True) as stream,
    ):
        lines = logs.Lines(stream)

        lines.write("a" * 1_000_000 + "\n")
        lines.write("lost\n")
        first = reader.read(1 << 20)
        lines.write("b\n")
        lines.write("c\n")
        then = reader.read(1 << 20)

    assert 0 < len(first) < 1_000_000 and set(first) == {ord("a")}
    assert then == b"\nb\nc\n"
