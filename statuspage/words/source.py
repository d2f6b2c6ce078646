"""Reading our own YAML files: plain values only, and a key written twice is an error instead of a loss."""

from __future__ import annotations

import importlib.resources
import re
from typing import Any

import yaml

from statuspage.core.errors import DomainError


class _Loader(yaml.CSafeLoader):
    """PyYAML keeps the last of two equal keys without a word; this one refuses."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise yaml.YAMLError(f"line {line}: the key {key!r} is not a text; write it in quotes")
        if key in result:
            raise yaml.YAMLError(f"line {line}: the key {key!r} stands there twice")
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


FIRST = ("en", "es", "nl", "fr", "de")  # whose notices stand in notices.yaml, side by side


_LANGUAGE_FILE = re.compile(r"[a-z]{2}\.yaml")


def languages() -> tuple[str, ...]:
    """The languages that have a file in data/locale: the first five, then the others by name."""
    return (*FIRST, *sorted({name[:2] for name in _locale_files() if _LANGUAGE_FILE.fullmatch(name)} - set(FIRST)))


def unread() -> tuple[str, ...]:
    """YAML files in data/locale that are not named as a language is, by name: pt-BR.yaml, or a copy that was left there."""
    return tuple(sorted(name for name in _locale_files() if name.endswith(".yaml") and not _LANGUAGE_FILE.fullmatch(name)))


def _locale_files() -> list[str]:
    return [file.name for file in importlib.resources.files("statuspage").joinpath("data", "locale").iterdir()]


def data_bytes(*names: str) -> bytes:
    """A data file that comes with the product: data_bytes("locale", "fr.yaml"). Raises FileNotFoundError."""
    return importlib.resources.files("statuspage").joinpath("data", *names).read_bytes()


def read_yaml(raw: bytes, error: type[DomainError], what: str) -> dict[str, Any]:
    """The mapping in a YAML file. Raises `error`, naming `what`, if the bytes are not one."""
    try:
        data = yaml.load(raw, Loader=_Loader)  # noqa: S506 - a safe loader with stricter mappings
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise error(f"{what} cannot be read: {fault}. Nothing of it is used.") from None
    if not isinstance(data, dict):
        raise error(f"{what}: {type(data).__name__} found; a mapping of sections is expected. Nothing of it is used.")
    return data
