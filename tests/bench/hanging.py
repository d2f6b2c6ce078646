"""(e) From verdict to accepted, while one of four networks hangs and one answers 429."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from statuspage.demo import stage
from tests.end_to_end.product import Product, running_product
from tests.processes import until

OUTAGES = 10
WELL = ("mastodon", "bluesky")
HANGS, THROTTLES = "x", "facebook"


def measure(folder: Path) -> str:
    """Seconds from the confirmed verdict to the first post that a network accepted, median and maximum."""
    configuration = yaml.safe_load(stage.CONFIGURATION.read_text())
    configuration["incidents"] |= {"stable_s": 1, "reopen_within_s": 0.1, "new_per_component_s": 0.1, "new_per_day": 1000}
    configuration["channels"] = [channel for channel in configuration["channels"] if channel["account"] != "telegram"]
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(configuration, allow_unicode=True))
    with running_product(folder / "data", "--config", str(path)) as product:
        well = [_outage(product) for _ in range(OUTAGES)]
        product.misbehave(HANGS, fault="timeout", applied=False, on="any")
        product.misbehave(THROTTLES, fault="429", retry_after_s=5)
        trouble = [_outage(product) for _ in range(OUTAGES)]
    lines = [
        "## One network hangs, one throttles",
        "",
        f"Seconds from the confirmed verdict to the first post that the network accepted; {OUTAGES} outages each. In trouble, {HANGS}",
        f"gives no answer at all and {THROTTLES} refuses every post with 429 and Retry-After: 5.",
        "",
        "| network | all are well: median | maximum | two are in trouble: median | maximum |",
        "|---|---|---|---|---|",
    ]
    for network in WELL:
        columns = [[outage[network] for outage in outages] for outages in (well, trouble)]
        lines.append(f"| {network} | {' | '.join(f'{median(column):.2f} | {max(column):.2f}' for column in columns)} |")
    return "\n".join([*lines, ""])


def _outage(product: Product) -> dict[str, float]:
    known = {incident["id"] for incident in product.incidents()}
    product.fault("sign_in_stopped")
    until(lambda: {incident["id"] for incident in product.incidents()} - known)
    (began,) = {incident["id"] for incident in product.incidents()} - known
    until(lambda: set(_told(product, began)["first_accepted"]) >= set(WELL))
    told = _told(product, began)
    product.mend("sign_in_stopped")
    until(lambda: _told(product, began)["status"] == "resolved")  # this one: planned work of the demonstration's past stays planned
    confirmed = datetime.fromisoformat(told["moments"]["confirmed_at"])
    return {network: (datetime.fromisoformat(told["first_accepted"][network]) - confirmed).total_seconds() for network in WELL}


def _told(product: Product, incident: str) -> Any:
    return product.command("incident", "show", incident)
