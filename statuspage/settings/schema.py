"""The JSON Schema of statuspage.yaml, with the targets and accounts of every kind."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from statuspage.settings.kinds import account_configs, probe_targets
from statuspage.settings.models import Settings
from statuspage.settings.secrets import forbid_unknown_keys

REFERENCE = {
    "type": "string",
    "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}|^file:",
    "description": "${NAME}: a variable of the environment; file:PATH: the content of a file.",
}
_SAID = ("title", "description", "default")  # stay where editors look for them
_NAMED = ("properties", "patternProperties", "$defs")
_ONE = ("items", "additionalProperties", "then")
_SEVERAL = ("allOf", "anyOf", "oneOf")


def json_schema() -> dict[str, Any]:
    """Draft 2020-12. `target` and `config` hang on the `kind` beside them."""
    schema: dict[str, Any] = Settings.model_json_schema()
    definitions = schema["$defs"]
    for owner, part, kinds in (("ProbeSettings", "target", probe_targets()), ("AccountSettings", "config", account_configs())):
        rules = []
        for name, kind in sorted(kinds.items()):
            key = f"{owner}_{name}"
            definitions[key] = _of_kind(kind, definitions)
            rules.append({"if": {"properties": {"kind": {"const": name}}}, "then": {"properties": {part: {"$ref": f"#/$defs/{key}"}}}})
        definitions[owner]["properties"]["kind"]["enum"] = sorted(kinds)
        definitions[owner]["allOf"] = rules
    schema = _with_references(schema)
    schema["$defs"] = schema["$defs"] | {"Reference": REFERENCE}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "statuspage.yaml"}


def _of_kind(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    forbid_unknown_keys(kind)
    schema = TypeAdapter(kind).json_schema()
    definitions |= schema.pop("$defs", {})
    return schema


def _with_references(rule: Any) -> Any:
    """The same rule, but a reference fits wherever one value is asked for: it becomes that value before it is checked."""
    if not isinstance(rule, dict):
        return rule
    found = dict(rule)
    for key in _NAMED:
        if key in found:
            found[key] = {name: _with_references(inner) for name, inner in found[key].items()}
    for key in _ONE:
        if key in found:
            found[key] = _with_references(found[key])
    for key in _SEVERAL:
        if key in found:
            found[key] = [_with_references(inner) for inner in found[key]]
    if found.get("type") in ("integer", "number", "boolean") or (found.get("type") == "string" and found.keys() - {"type", *_SAID}):
        said = {key: found.pop(key) for key in _SAID if key in found}
        return {**said, "anyOf": [found, {"$ref": "#/$defs/Reference"}]}
    return found
