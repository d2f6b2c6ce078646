"""What Prometheus reads. Names follow its conventions: base units, _total for what only rises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from statuspage.actions.context import Context
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import accounts, alarms, counters, deliveries, heartbeats, incidents, publications, switches

WINDOW = timedelta(days=30)  # incidents that the summaries of speed speak of


class StoreCollector(Collector):
    """Reads everything from the store when asked."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def collect(self) -> Iterable[Metric]:
        now = self.ctx.now()
        with self.ctx.ports.store.reading() as session:
            counts = deliveries.count_by_state(session)
            states = accounts.all_states(session)
            open_alarms = len(alarms.listing(session))
            beats = heartbeats.newest(session)
            published_at = publications.last_published_at(session)
            counted = counters.all(session)
            recent = [i for i in incidents.listing(session, limit=500) if i.started_at > now - WINDOW]
            accepted = deliveries.first_accepted(session, [incident.id for incident in recent])
            off = {name: switches.is_off(session, name) for name in ("posting", "probing")}
        yield from _deliveries(counts)
        yield _labelled(
            "statuspage_account_stopped", "1 while an account may not be used.", "account", {s.name: bool(s.stopped) for s in states}
        )
        yield _labelled(
            "statuspage_breaker_open",
            "1 while the breaker of an account is open.",
            "account",
            {s.name: s.open_until is not None and s.open_until > now for s in states},
        )
        yield _labelled("statuspage_switched_off", "1 while a person has switched it off.", "switch", off)
        yield GaugeMetricFamily("statuspage_alarms_open", "Alarms that nobody has cleared.", value=open_alarms)
        yield _ages(beats, now)
        if published_at is not None:
            yield GaugeMetricFamily(
                "statuspage_snapshot_age_seconds", "Age of the published page.", value=(now - published_at).total_seconds()
            )
        yield from _counted(counted)
        yield from _speeds(recent, accepted)


def _deliveries(counts: dict[tuple[str, DeliveryState], int]) -> Iterator[Metric]:
    family = GaugeMetricFamily("statuspage_deliveries", "Deliveries by network and state.", labels=["network", "state"])
    for (network, state), number in sorted(counts.items()):
        family.add_metric([network, str(state)], number)
    yield family


def _labelled(name: str, text: str, label: str, values: dict[str, bool]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], float(value))
    return family


def _ages(beats: dict[str, heartbeats.Heartbeat], now: datetime) -> Metric:
    family = GaugeMetricFamily("statuspage_loop_age_seconds", "Seconds since a loop last did real work.", labels=["loop"])
    for name, beat in sorted(beats.items()):
        worked_at = beat.detail.get("worked_at")
        if worked_at is not None:
            family.add_metric([name], (now - datetime.fromisoformat(worked_at)).total_seconds())
    return family


def _counted(counted: Sequence[counters.Count]) -> Iterator[Metric]:
    families: dict[str, CounterMetricFamily] = {}
    for count in counted:
        labels = sorted(count.labels)
        if count.name not in families:
            text = f"{count.name.removeprefix('statuspage_').replace('_', ' ')}, since the beginning."
            families[count.name] = CounterMetricFamily(count.name, text, labels=labels)
        families[count.name].add_metric([str(count.labels[label]) for label in labels], count.value)
    yield from families.values()


def _speeds(recent: Sequence[Incident], accepted: dict[str, dict[str, datetime]]) -> Iterator[Metric]:
    """Figures of the promise: first failure to verdict, verdict to page, page to each network's first post."""
    verdict = SummaryMetricFamily("statuspage_verdict_seconds", "First failed check to verdict, incidents of 30 days.")
    page = SummaryMetricFamily("statuspage_page_seconds", "Verdict to the page showing it, incidents of 30 days.")
    post = SummaryMetricFamily("statuspage_post_seconds", "Page to the first accepted post, incidents of 30 days.", labels=["network"])
    moments = [incident.moments for incident in recent]
    _add(verdict, [], [_between(m.first_failed_at, m.confirmed_at) for m in moments])
    _add(page, [], [_between(m.confirmed_at, m.first_published_at) for m in moments])
    networks = sorted({network for times in accepted.values() for network in times})
    for network in networks:
        _add(post, [network], [_between(i.moments.first_published_at, accepted.get(i.id, {}).get(network)) for i in recent])
    yield from (verdict, page, post)


def _between(first: datetime | None, then: datetime | None) -> float | None:
    return None if first is None or then is None else (then - first).total_seconds()


def _add(family: SummaryMetricFamily, labels: list[str], values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    family.add_metric(labels, count_value=len(known), sum_value=sum(known))
