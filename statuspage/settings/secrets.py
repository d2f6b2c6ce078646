"""References in statuspage.yaml: ${NAME} is a variable of the environment, file:PATH the content of a file.

Secrets may stand there only as references; other values may use them too. What a reference became is never shown again.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from statuspage.settings.source import Path

LARGEST_FILE = 100_000  # bytes; keys and certificates have a few thousand
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class BrokenReference(Exception):
    """A reference leads nowhere. The message names the reference, never a value."""


def is_reference(value: str) -> bool:
    return value.startswith("file:") or _VARIABLE.fullmatch(value) is not None


def resolve(value: str, environ: Mapping[str, str], folder: FilePath) -> str:
    """The string with its references filled in. A relative file: is looked for beside the configuration."""
    if value.startswith("file:"):
        return _content(value, folder)

    def variable(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environ:
            raise BrokenReference(f"the variable {name} is not set in the environment")
        return environ[name]

    found = _VARIABLE.sub(variable, value)
    if found != value and not found.strip():
        raise BrokenReference(f"{value} is set in the environment, but empty")
    return found


def _content(reference: str, folder: FilePath) -> str:
    """What the file of a file: reference holds, without blanks around it. Raises BrokenReference."""
    try:
        with (folder / reference.removeprefix("file:").strip()).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        text = data.decode("utf-8").strip()
    except OSError as error:
        raise BrokenReference(f"the file of {reference!r} cannot be read: {error.strerror}") from None
    except ValueError as error:  # a name that no file can have, or bytes that are no text
        why = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else "no file can be called so"
        raise BrokenReference(f"the file of {reference!r} cannot be read: {why}") from None
    if not text or len(data) > LARGEST_FILE:
        found = "is empty" if not text else f"has more than {LARGEST_FILE} bytes, so it is none that holds one value"
        raise BrokenReference(f"the file of {reference!r} {found}")
    return text


def secret_paths(kind: Any, prefix: Path = ()) -> Iterator[Path]:
    """Paths of the secret fields (repr=False) of a dataclass, nested ones too; "*" stands for any key or index."""
    for found, owner in _dataclasses(kind, prefix):
        for item in dataclasses.fields(owner):
            if not item.repr:
                yield (*found, item.name)


def forbid_unknown_keys(kind: Any) -> None:
    """Makes pydantic refuse keys that a dataclass (or one inside it) does not have."""
    for _, owner in _dataclasses(kind, ()):
        owner.__pydantic_config__ = {"extra": "forbid"}


def _dataclasses(kind: Any, path: Path, seen: tuple[Any, ...] = ()) -> Iterator[tuple[Path, Any]]:
    if kind in seen:
        return
    if dataclasses.is_dataclass(kind):
        yield path, kind
        hints = typing.get_type_hints(kind)
        for item in dataclasses.fields(kind):
            yield from _dataclasses(hints[item.name], (*path, item.name), (*seen, kind))
        return
    arguments = typing.get_args(kind)
    inner = (*path, "*") if typing.get_origin(kind) in (list, tuple, dict, Mapping) or _is_sequence(kind) else path
    for argument in arguments:
        yield from _dataclasses(argument, inner, seen)


def _is_sequence(kind: Any) -> bool:
    origin = typing.get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, list | tuple | dict | typing.Sequence | typing.Mapping)


def matches(path: Path, pattern: Path) -> bool:
    return len(path) == len(pattern) and all(part in ("*", step) for step, part in zip(path, pattern, strict=True))
