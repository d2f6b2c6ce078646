"""Reads YAML so that every value knows its line. Duplicate keys, tags and floods of aliases are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
MAX_VALUES = 100_000  # an alias bomb expands to far more; the largest bank needs a few thousand


class SourceError(Exception):
    """The file cannot be read as YAML. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Source:
    """A document as plain values, and the line of each of them."""

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Line of the value at `path`, or of the nearest thing around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(text: str) -> Source:
    """Raises SourceError with the line of the first thing that is wrong."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SourceError(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SourceError(1, f"this is not YAML: {error}") from None
    source = Source(None)
    if node is None:
        raise SourceError(1, "the file is empty")
    source.data = _value(node, (), source)
    return source


def _value(node: yaml.Node, path: Path, source: Source) -> Any:
    line = node.start_mark.line + 1
    source.lines[path] = line
    if len(source.lines) > MAX_VALUES:
        raise SourceError(line, f"more than {MAX_VALUES} values: aliases that multiply?")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), source) for index, item in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        raise SourceError(line, f"this value cannot be read: {error}") from None


def _mapping(node: yaml.MappingNode, path: Path, source: Source) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise SourceError(line, "a key must be a word")
        key = str(key_node.value)  # `no:` and `on:` are language codes and words here, never true or false
        if key in result:
            raise SourceError(line, f"the key {key!r} stands here a second time")
        result[key] = _value(value_node, (*path, key), source)
        source.lines[(*path, key)] = line
    return result
