"""The JSON Schema of statuspage.yaml, with the targets and accounts of every kind."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from statuspage.settings.kinds import account_configs, probe_targets
from statuspage.settings.models import Settings
from statuspage.settings.secrets import forbid_unknown_keys


def json_schema() -> dict[str, Any]:
    """Draft 2020-12. `target` and `config` hang on the `kind` beside them."""
    schema = Settings.model_json_schema()
    definitions = schema["$defs"]
    for owner, part, kinds in (("ProbeSettings", "target", probe_targets()), ("AccountSettings", "config", account_configs())):
        rules = []
        for name, kind in sorted(kinds.items()):
            key = f"{owner}_{name}"
            definitions[key] = _of_kind(kind, definitions)
            rules.append({"if": {"properties": {"kind": {"const": name}}}, "then": {"properties": {part: {"$ref": f"#/$defs/{key}"}}}})
        definitions[owner]["properties"]["kind"]["enum"] = sorted(kinds)
        definitions[owner]["allOf"] = rules
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "statuspage.yaml"}


def _of_kind(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    forbid_unknown_keys(kind)
    schema = TypeAdapter(kind).json_schema()
    definitions |= schema.pop("$defs", {})
    return schema
