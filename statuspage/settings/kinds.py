"""What the kind-specific parts of statuspage.yaml are checked against."""

from __future__ import annotations

from typing import Any

from broadcasters import BROADCASTERS
from statuspage.probes import PROBES


def probe_targets() -> dict[str, Any]:
    """Kind of probe -> the dataclass of its `target`."""
    return {kind: module.Target for kind, module in PROBES.items()}


def account_configs() -> dict[str, Any]:
    """Kind of network -> the dataclass of its `config`."""
    return {kind: module.Config for kind, module in BROADCASTERS.items()}
