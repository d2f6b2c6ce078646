"""(c) First failed check to verdict, to the page, to each network's first post: 20 outages of the demonstration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from statuspage.demo import stage
from tests.end_to_end.product import Product, running_product
from tests.processes import until

OUTAGES = 20


def measure(folder: Path) -> str:
    """Seconds from the first failed check, median and maximum."""
    configuration = yaml.safe_load(stage.CONFIGURATION.read_text())
    configuration["incidents"] |= {"stable_s": 1, "reopen_within_s": 0.1, "new_per_component_s": 0.1, "new_per_day": 1000}
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(configuration, allow_unicode=True))
    kinds = {account["name"]: account["kind"] for account in configuration["accounts"]}
    networks = {channel["name"]: kinds[channel["account"]] for channel in configuration["channels"]}
    took: dict[str, list[float]] = {}
    with running_product(folder / "data", "--config", str(path)) as product:
        for _ in range(OUTAGES):
            for name, seconds in _outage(product, networks).items():
                took.setdefault(name, []).append(seconds)
    lines = [
        f"## {OUTAGES} outages",
        "",
        "Seconds from the first failed check of the demonstration's sign-in; checks every 5 s, re-checks every 2 s.",
        "",
    ]
    lines += ["| until | median | maximum |", "|---|---|---|"]
    lines += [f"| {name} | {median(values):.2f} | {max(values):.2f} |" for name, values in took.items()]
    return "\n".join([*lines, ""])


def _outage(product: Product, networks: Mapping[str, str]) -> dict[str, float]:
    """Until every network has accepted the outage: one that was not waited for would lose its worst cases. networks: of each channel."""
    known = {incident["id"] for incident in product.incidents()}
    product.fault("sign_in_stopped")
    until(lambda: {i["id"] for i in product.incidents()} - known)
    (began,) = {i["id"] for i in product.incidents()} - known
    until(lambda: not _awaited(_told(product, began), networks), patience_s=600)
    told = _told(product, began)
    product.mend("sign_in_stopped")
    until(lambda: {i["status"] for i in product.incidents() if i["id"] == began} == {"resolved"})
    moments = told["moments"]
    first = datetime.fromisoformat(moments["first_failed_at"])
    found = {"verdict": moments["confirmed_at"], "page": moments["first_published_at"]}
    found |= {f"post on {network}": at for network, at in sorted(told["first_accepted"].items())}
    return {name: (datetime.fromisoformat(at) - first).total_seconds() for name, at in found.items()}


def _awaited(told: Mapping[str, Any], networks: Mapping[str, str]) -> set[str]:
    """Networks on which something is to be said of the incident, and nothing was accepted yet."""
    return {networks[delivery["channel"]] for delivery in told["deliveries"]} - set(told["first_accepted"])


def _told(product: Product, incident: str) -> Any:
    return product.command("incident", "show", incident)
