"""Reads YAML so that every value knows its line. Duplicate keys, tags, floods of aliases and endless depth are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
MAX_VALUES = 100_000  # an alias bomb expands to far more; the largest bank needs a few thousand
MAX_DEPTH = 50  # the deepest place of a configuration is a tenth of it; an alias within itself has no end
_QUOTED = "while scanning a quoted scalar"
_UNDEFINED = "found undefined alias"
_MERGE = "tag:yaml.org,2002:merge"
_HINTS = (  # what the parser says -> what a person can do
    ("'\\t'", "Indent with blanks; a tab may not stand there"),
    ("mapping values are not allowed", "The line is indented too far, or a text with a colon and a blank in it wants quotes"),
    ("could not find expected ':'", "Every key has a colon and a blank behind it; a long text wants quotes, or | and an indented block"),
    ("expected <block end>", "The line is indented otherwise than those to which it belongs, or something before it wants quotes"),
    ("found unexpected end of stream", "The quote that begins here is not closed"),
    ("expected ',' or", "A bracket is not closed, or a comma is missing"),
)


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


class _Loader(yaml.SafeLoader):
    """Knows no tags, on whatever they stand. What one is called is not repeated: a password that begins with ! looks like one."""

    def fetch_tag(self) -> None:
        raise SourceError(
            self.line + 1, "a tag (a word that begins with !) stands here; none is known. Remove it; a text that begins with ! wants quotes"
        )


def read_yaml(text: str) -> Source:
    """Raises SourceError with the line of the first thing that is wrong."""
    node = _composed(text)
    source = Source(None)
    if node is None:
        raise SourceError(1, "the file is empty. `statuspage init` prints a configuration to begin with")
    source.data = _value(node, (), source)
    return source


def _composed(text: str) -> yaml.Node | None:
    try:
        found: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        unclosed = error.context == _QUOTED and error.context_mark  # where the quote begins, not the file's end
        mark = unclosed or error.problem_mark or error.context_mark
        told = f"this is not YAML: {_without_names(error)}"
        hint = next((f". {words}" for said, words in _HINTS if said in told), "")
        raise SourceError(mark.line + 1 if mark else 1, told + hint) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SourceError(line, f"this is not YAML: the character U+{int(error.character):04X} may not stand in it") from None
    except yaml.YAMLError:
        raise SourceError(1, "this is not YAML") from None
    except RecursionError:
        raise SourceError(1, f"this is too deep: more than {MAX_DEPTH} lists or mappings in one another") from None
    return found


def _without_names(error: yaml.MarkedYAMLError) -> str:
    """What the parser says, never with a piece of the file: a password that begins with * looks like an alias."""
    told = str(error.problem or error.context)
    if told.startswith(_UNDEFINED):
        return "an alias (a word that begins with *) stands here, but nothing was marked so. A text that begins with * wants quotes"
    return told


def _value(node: yaml.Node, path: Path, source: Source) -> Any:
    line = node.start_mark.line + 1
    source.lines[path] = line
    if len(path) > MAX_DEPTH:
        raise SourceError(line, f"more than {MAX_DEPTH} lists or mappings in one another, or an alias that holds itself")
    if len(source.lines) > MAX_VALUES:
        raise SourceError(line, f"more than {MAX_VALUES} values: aliases that multiply?")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), source) for index, item in enumerate(node.value)]
    _refuse_halves(str(node.value), line)
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, ValueError):  # never its words: they repeat the value
        raise SourceError(
            line, "this value cannot be read: it looks like a number, a date or a sign of YAML. A text wants quotes"
        ) from None


def _refuse_halves(text: str, line: int) -> None:
    """A surrogate, written as an escape, is no character: nothing that holds one can be stored or sent."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise SourceError(line, "half of a surrogate pair (\\ud800 to \\udfff) stands here. Write the character itself")


def _mapping(node: yaml.MappingNode, path: Path, source: Source) -> dict[str, Any]:
    result: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag == _MERGE:
            merged = {**_merged(value_node, path, line, source), **merged}
            continue
        if not isinstance(key_node, yaml.ScalarNode):
            raise SourceError(line, "a key must be a word")
        key = str(key_node.value)  # `no:` and `on:` are language codes and words here, never true or false
        _refuse_halves(key, line)
        if key in result:
            raise SourceError(line, f"the key {key!r} stands here a second time. Each key may stand once; remove one of them")
        result[key] = _value(value_node, (*path, key), source)
        source.lines[(*path, key)] = line
    return {**merged, **result}


def _merged(node: yaml.Node, path: Path, line: int, source: Source) -> dict[str, Any]:
    """What `<<: *NAME` brings in; what stands beside it goes first, as does an earlier one of `<<: [*ONE, *TWO]`."""
    found = _value(node, (*path, "<<"), source)
    parts = found if isinstance(found, list) else [found]
    if not all(isinstance(part, dict) for part in parts):
        raise SourceError(line, "<< takes a mapping, as in <<: *NAME, or a list of mappings")
    brought = {key: value for part in reversed(parts) for key, value in part.items()}
    source.lines.update({(*path, key): line for key in brought if (*path, key) not in source.lines})
    return brought
