"""Ways of looking at a target. Each kind is a module with a `Target` (what statuspage.yaml says under `target:`) and a `probe`.

probe(target, look) is a generator for probes.engine.Engine; it ends with a Finding and never raises for a broken target.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from statuspage.probes import dns, http, journey, tcp, tls

PROBES: Mapping[str, ModuleType] = {"http": http, "tcp": tcp, "tls": tls, "dns": dns, "journey": journey}
