"""Structured logs: one JSON object a line on standard error; for people at a terminal, plain lines. Libraries' logs included.

Every record is one write() of whole lines: several processes write to the same file or pipe, and what one of them writes in two halves gets
between those of another (an unbuffered standard error, as in containers, would write the line end by itself).

An event with `routine=True` is for the record only: it says that a start went as every start goes. People at a terminal are spared it.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line end, which a traceback needs


class Lines:
    """Where records go: one write() each, below the buffers of the stream. One for all of a process, its threads and its libraries.

    A log that cannot be written (disk full, reader gone) loses records and disturbs nobody; one that was cut off ends its line before the
    next begins. The machine keeps a write of up to 4,096 bytes together in a pipe; a longer one only while the pipe has room for it.
    """

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        self._raw: Any = getattr(stream.buffer, "raw", stream.buffer)
        self._lock = threading.Lock()
        self._cut_off = False

    def write(self, text: str) -> int:
        with self._lock:
            record = text.encode(errors="backslashreplace")
            whole = rest = b"\n" + record if self._cut_off else record
            try:
                while rest and (taken := self._raw.write(rest)):
                    rest = rest[taken:]
            except OSError:
                pass  # there is no other place to say so, and the work goes on
            if rest is not whole:
                self._cut_off = bool(rest)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


def _escaped(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", value)
    return event


def set_up(*, plain: bool, role: str) -> None:
    """Called once per process. Control characters never reach the log: JSON escapes them, plain lines print them escaped."""

    def name_role(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("role", role)  # not by a context variable: the loops' threads would not have it
        return event

    def spare_routine(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if event.pop("routine", False) and plain:
            raise structlog.DropEvent
        return event

    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
        if plain
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    ending: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, *([_escaped] if plain else []), renderer]
    shared: list[structlog.typing.Processor] = [
        spare_routine,
        name_role,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if plain else "iso", utc=not plain),
    ]
    lines: Any = Lines(sys.stderr)
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(lines),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(lines)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[remove, *ending],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
