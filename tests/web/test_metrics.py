"""What Prometheus reads is there before anything happened, and moves when something does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from statuspage.actions.context import Context
from statuspage.actions.incidents import Declaration, declare
from statuspage.core.vocabulary import ComponentStatus, DeliveryState
from statuspage.settings.loader import load_text
from statuspage.store import accounts, counters, deliveries, incidents
from statuspage.web.metrics import StoreCollector
from statuspage.worker.assemble import channel_infos
from statuspage.worker.errands import LATE_COUNTER
from tests.web.conftest import CONFIGURATION, Console

WATCHED = """\
probes: [{name: port, kind: tcp, component: login, target: {host: 127.0.0.1, port: 9}}]
accounts: [{name: social, kind: mastodon, config: {base_url: "https://social.example", access_token: "${TOKEN}"}}]
channels: [{name: social-en, account: social, language: en}]
"""


def watched(console: Console) -> Context:
    """The console's context, with a probe and a network."""
    loaded = load_text(CONFIGURATION + WATCHED, name="statuspage.yaml", folder=Path("/nowhere"), environ={"TOKEN": "canary"})
    channels = channel_infos(loaded.settings, loaded.configs)
    return replace(console.ctx, settings=loaded.settings, targets=loaded.targets, configs=loaded.configs, channels=channels)


class Scraped:
    """One look at the metrics."""

    def __init__(self, ctx: Context) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(StoreCollector(ctx))

    def __call__(self, name: str, **labels: str) -> float | None:
        return self._registry.get_sample_value(f"statuspage_{name}", labels)


def test_every_figure_that_a_rule_may_wait_for_is_there_from_the_beginning(console: Console) -> None:
    scraped = Scraped(watched(console))

    assert scraped("late_checks_total", location="here", probe="port") == 0
    assert scraped("checks_total", location="here", probe="port") == 0
    assert scraped("verdict_seconds_count") == 0
    assert scraped("page_seconds_count") == 0
    assert scraped("post_seconds_count", network="mastodon") == 0
    assert scraped("deliveries", network="mastodon", state="unknown") == 0
    assert scraped("deliveries", network="mastodon", state="stuck") == 0
    assert scraped("breaker_open", account="social") == 0
    assert scraped("account_stopped", account="social") == 0
    assert scraped("switched_off", switch="posting") == scraped("switched_off", switch="probing") == 0
    assert scraped("alarms_open") == 0


def test_an_outage_moves_every_figure_of_the_promise(console: Console) -> None:
    ctx = watched(console)
    found = declare(ctx, Declaration({"login": ComponentStatus.PARTIAL_OUTAGE}, who="Ana"))
    now = ctx.now()
    with ctx.ports.store.writing() as session:
        moments = replace(found.moments, first_failed_at=now - timedelta(seconds=7), confirmed_at=now)
        incidents.save(session, replace(found, moments=moments))
        incidents.note_first_published(session, [found.id], now + timedelta(seconds=0.5))
        deliveries.accept_first(session, found.id, "mastodon", now + timedelta(seconds=2))
        counters.add(session, LATE_COUNTER, {"location": "here", "probe": "port"}, 3)
        (row,) = deliveries.listing(session, [DeliveryState.QUEUED], limit=10)
        deliveries.change(session, row, state=DeliveryState.UNKNOWN)
        accounts.save(session, replace(accounts.get(session, "social"), open_until=now + timedelta(seconds=30)), now)

    scraped = Scraped(ctx)

    assert (scraped("verdict_seconds_count"), scraped("verdict_seconds_sum")) == (1, 7)
    assert (scraped("page_seconds_count"), scraped("page_seconds_sum")) == (1, 0.5)
    assert (scraped("post_seconds_count", network="mastodon"), scraped("post_seconds_sum", network="mastodon")) == (1, 1.5)
    assert scraped("late_checks_total", location="here", probe="port") == 3
    assert scraped("deliveries", network="mastodon", state="unknown") == 1
    assert scraped("breaker_open", account="social") == 1
