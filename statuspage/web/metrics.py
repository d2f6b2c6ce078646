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
from statuspage.settings import Settings
from statuspage.store import accounts, alarms, counters, deliveries, heartbeats, incidents, publications, switches
from statuspage.worker.errands import CHECKS_COUNTER, LATE_COUNTER

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
            beats = heartbeats.newest(session, now)
            published_at = publications.last_published_at(session)
            counted = counters.all(session)
            recent = [i for i in incidents.listing(session, limit=500) if i.started_at > now - WINDOW]
            accepted = deliveries.first_accepted(session, [incident.id for incident in recent])
            off = {name: switches.is_off(session, name) for name in ("posting", "probing")}
        settings = self.ctx.settings
        yield _deliveries(counts, {account.kind for account in settings.accounts})
        known = {account.name: False for account in settings.accounts}
        stopped = known | {s.name: bool(s.stopped) for s in states}
        yield _labelled("statuspage_account_stopped", "1 while an account may not be used.", "account", stopped)
        opened = known | {s.name: s.open_until is not None and s.open_until > now for s in states}
        yield _labelled("statuspage_breaker_open", "1 while the breaker of an account is open.", "account", opened)
        yield _labelled("statuspage_switched_off", "1 while a person has switched it off.", "switch", off)
        yield GaugeMetricFamily("statuspage_alarms_open", "Alarms that nobody has cleared.", value=open_alarms)
        yield _ages(beats, now)
        if published_at is not None:
            yield GaugeMetricFamily(
                "statuspage_snapshot_age_seconds", "Age of the published page.", value=(now - published_at).total_seconds()
            )
        yield from _counted([*counted, *_not_yet(counted, settings)])
        yield from _speeds(recent, accepted, _public_networks(settings))


def _deliveries(counts: dict[tuple[str, DeliveryState], int], networks: set[str]) -> Metric:
    """Unknown and stuck ones are there as 0 too: a rule that waits for them must not find nothing."""
    family = GaugeMetricFamily("statuspage_deliveries", "Deliveries by network and state.", labels=["network", "state"])
    wanted = {(network, state): 0 for network in networks for state in (DeliveryState.UNKNOWN, DeliveryState.STUCK)}
    for (network, state), number in sorted((wanted | counts).items()):
        family.add_metric([network, str(state)], number)
    return family


def _not_yet(counted: Sequence[counters.Count], settings: Settings) -> Iterator[counters.Count]:
    """Zeros for checks of probes that were never made, or never late."""
    known = {(count.name, *sorted(count.labels.items())) for count in counted}
    for location in settings.locations:
        for probe in settings.probes:
            labels = {"location": location.name, "probe": probe.name}
            for name in (CHECKS_COUNTER, LATE_COUNTER):
                if (name, *sorted(labels.items())) not in known and (not probe.locations or location.name in probe.locations):
                    yield counters.Count(name, labels, 0.0)


def _labelled(name: str, text: str, label: str, values: dict[str, bool]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], float(value))
    return family


def _ages(beats: dict[str, heartbeats.Heartbeat], now: datetime) -> Metric:
    family = GaugeMetricFamily("statuspage_loop_age_seconds", "Seconds since a loop last did real work.", labels=["loop"])
    for name, beat in sorted(beats.items()):
        if beat.worked_at is not None:
            family.add_metric([name], (now - beat.worked_at).total_seconds())
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


def _public_networks(settings: Settings) -> set[str]:
    kinds = {account.name: account.kind for account in settings.accounts}
    return {kinds[channel.account] for channel in settings.channels if not channel.sandbox and not channel.operators}


def _speeds(recent: Sequence[Incident], accepted: dict[str, dict[str, datetime]], public: set[str]) -> Iterator[Metric]:
    """Figures of the promise: first failure to verdict, verdict to page, page to each network's first post (0 posts to begin with)."""
    verdict = SummaryMetricFamily("statuspage_verdict_seconds", "First failed check to verdict, incidents of 30 days.")
    page = SummaryMetricFamily("statuspage_page_seconds", "Verdict to the page showing it, incidents of 30 days.")
    post = SummaryMetricFamily("statuspage_post_seconds", "Page to the first accepted post, incidents of 30 days.", labels=["network"])
    moments = [incident.moments for incident in recent]
    _add(verdict, [], [_between(m.first_failed_at, m.confirmed_at) for m in moments])
    _add(page, [], [_between(m.confirmed_at, m.first_published_at) for m in moments])
    networks = sorted(public | {network for times in accepted.values() for network in times})
    for network in networks:
        _add(post, [network], [_between(i.moments.first_published_at, accepted.get(i.id, {}).get(network)) for i in recent])
    yield from (verdict, page, post)


def _between(first: datetime | None, then: datetime | None) -> float | None:
    return None if first is None or then is None else (then - first).total_seconds()


def _add(family: SummaryMetricFamily, labels: list[str], values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    family.add_metric(labels, count_value=len(known), sum_value=sum(known))
