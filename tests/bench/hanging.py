"""(e) From a person's word to accepted on twelve networks, while one of them hangs and one answers 429."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from statuspage.demo import stage
from tests.end_to_end.product import Product, running_product
from tests.processes import until

STATEMENTS = 10
HANGS, THROTTLES = "x", "facebook"
WELL = ("mastodon", "bluesky", "threads", "linkedin", "telegram", "slack", "teams", "discord", "matrix", "ntfy")
NETWORKS = (*WELL, HANGS, THROTTLES)


def measure(folder: Path) -> str:
    """Seconds from the commit of a statement to the moment at which each network had accepted it, median and maximum."""
    configuration = yaml.safe_load(stage.CONFIGURATION.read_text())
    one_each = {channel["account"]: channel for channel in reversed(configuration["channels"]) if channel["account"] in NETWORKS}
    configuration["channels"] = list(one_each.values())
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(configuration, allow_unicode=True))
    with running_product(folder / "data", "--config", str(path)) as product:
        well = [_statement(product, NETWORKS) for _ in range(STATEMENTS)]
        product.misbehave(HANGS, fault="timeout", applied=False, on="any")
        product.misbehave(THROTTLES, fault="429", retry_after_s=5)
        trouble = [_statement(product, WELL) for _ in range(STATEMENTS)]
    lines = [
        "## Twelve networks, one hangs, one throttles",
        "",
        f"Seconds from a person's statement to the moment at which each network had accepted it; {STATEMENTS} statements each, one channel",
        f"per network, all at once. In trouble, {HANGS} gives no answer at all and {THROTTLES} refuses every post with 429 (wait 5 s).",
        "",
        "| network | all are well: median | maximum | two are in trouble: median | maximum |",
        "|---|---|---|---|---|",
        *(_row(name, [name], well, trouble) for name in WELL),
        _row("all ten", WELL, well, trouble),
        f"| {HANGS}, {THROTTLES} | {_figures([HANGS, THROTTLES], well)} | not accepted | |",
        "",
    ]
    return "\n".join(lines)


def _row(title: str, names: Iterable[str], well: list[Mapping[str, float]], trouble: list[Mapping[str, float]]) -> str:
    names = list(names)
    return f"| {title} | {_figures(names, well)} | {_figures(names, trouble)} |"


def _figures(names: list[str], statements: list[Mapping[str, float]]) -> str:
    found = [statement[name] for statement in statements for name in names]
    return f"{median(found):.2f} | {max(found):.2f}"


def _statement(product: Product, awaited: Iterable[str]) -> dict[str, float]:
    """One incident, declared by a person, and resolved when the networks that work have accepted it."""
    before = len(product.truth())
    incident = product.command("incident", "declare", "cards", "--symptom", "card")["id"]
    until(lambda: {post["network"] for post in product.truth()[before:]} >= set(awaited))
    until(lambda: set(_told(product, incident)["first_accepted"]) >= set(awaited))
    told = _told(product, incident)
    product.command("incident", "resolve", incident, "--cause", "change")
    said = datetime.fromisoformat(told["updates"][0]["at"])
    return {name: (datetime.fromisoformat(told["first_accepted"][name]) - said).total_seconds() for name in awaited}


def _told(product: Product, incident: str) -> Any:
    return product.command("incident", "show", incident)
