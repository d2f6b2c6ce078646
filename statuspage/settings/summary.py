"""What a configuration would run, in words, with its budgets: the answer of `statuspage check`."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from broadcasters import BROADCASTERS
from statuspage.core.apart import Site, shared
from statuspage.core.budget import Budget, Timing, budget, slots_needed, slots_warning
from statuspage.core.hosts import only_here
from statuspage.core.vocabulary import LinkMode
from statuspage.settings.endings import endings, stage
from statuspage.settings.endings import told as in_words
from statuspage.settings.loader import Loaded
from statuspage.settings.models import LATE_BACKUPS, ChannelSettings, ProbeSettings
from statuspage.settings.sites import ours, theirs

POSTS_OF_AN_INCIDENT = 6  # being looked into, cause found, two updates, working again, solved


@dataclass(frozen=True)
class Summary:
    """Everything that `check` says."""

    page: str
    components: tuple[str, ...]
    probes: tuple[tuple[ProbeSettings, Budget], ...]
    slots: int
    channels: tuple[str, ...]
    policy: tuple[str, ...]
    backups: str
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs: times in seconds."""
        probes = [{"name": p.name, "kind": p.kind, "component": p.component, **asdict(b)} for p, b in self.probes]
        keys = {"page": self.page, "components": self.components, "slots": self.slots, "channels": self.channels, "policy": self.policy}
        return {**keys, "backups": self.backups, "probes": probes, "warnings": self.warnings}

    def lines(self) -> Iterator[str]:
        """For people."""
        yield "Page"
        yield f"  links in it, in feeds and in posts lead to {self.page}"
        yield "Components"
        yield from (f"  {line}" for line in self.components)
        yield "Probes"
        for probe, found in self.probes:
            yield f"  {probe.name}: {probe.kind}, looks at {probe.component} every {probe.interval_s:g} s; failing shows {probe.status}"
            yield f"    verdict after at most {found.answers_s:.0f} s when the target answers, {found.hangs_s:.0f} s when it hangs"
        if not self.probes:
            yield "  none: nothing is noticed by itself"
        yield f"  at most {self.slots} checks in flight at once, when every target hangs"
        yield "Channels"
        yield from (f"  {line}" for line in self.channels or ("none: the page speaks alone",))
        yield "Policy"
        yield from (f"  {line}" for line in self.policy)
        yield "Backups"
        yield f"  {self.backups}"
        if self.warnings:
            yield "Think of"
            yield from (f"  {line}" for line in self.warnings)
        yield "The configuration is good."


def summary(loaded: Loaded, today: date, told: Callable[[Iterable[Site]], list[Site]] = list) -> Summary:
    """Puts it into words.

    today  tells how long credentials will last
    told   completes hosts by what name servers tell of them; as it stands nobody is asked
    """
    timings = [_timing(probe, loaded.targets[probe.name]) for probe in loaded.settings.probes]
    budgets = [budget(timing) for timing in timings]
    warnings = [warning for found in budgets for warning in found.warnings]
    warnings += [*_slots(loaded, timings), *_issuers(loaded), *_warnings(loaded), *_endings(loaded, today)]
    warnings += shared(told(ours(loaded)), told(theirs(loaded)))
    return Summary(
        page=loaded.settings.page.url,
        components=tuple(_components(loaded)),
        probes=tuple(zip(loaded.settings.probes, budgets, strict=True)),
        slots=slots_needed(timings),
        channels=tuple(_channels(loaded)),
        policy=tuple(_policy(loaded)),
        backups=_backups(loaded),
        warnings=tuple(warnings),
    )


def _slots(loaded: Loaded, timings: Sequence[Timing]) -> Iterator[str]:
    """Locations whose prober would have too much to do."""
    for location in loaded.settings.locations:
        here = [
            timing
            for probe, timing in zip(loaded.settings.probes, timings, strict=True)
            if location.name in (probe.locations or [location.name])
        ]
        if told := slots_warning(location.name, here):
            yield told


def _timing(probe: ProbeSettings, target: Any) -> Timing:
    signs_in = bool(getattr(target, "signs_in", False))
    return Timing(
        name=probe.name,
        interval_s=probe.interval_s,
        recheck_s=probe.recheck_s,
        timeout_s=probe.timeout_s,
        failures_to_open=probe.failures_to_open,
        accounts=len(target.accounts) if signs_in else 0,
        attempts_per_hour=target.attempts_per_hour if signs_in else 0,
        codes=bool(getattr(target, "uses_codes", False)),
    )


def _components(loaded: Loaded) -> Iterator[str]:
    watched = {probe.component for probe in loaded.settings.probes}
    language = loaded.settings.page.default_language
    for component in loaded.settings.components:
        notes = [] if component.slug in watched else ["no probe: shown by what people say"]
        notes += ["private"] if component.private else []
        missing = [item for item in loaded.settings.page.languages if item not in component.name]
        notes += [f"no name in {', '.join(missing)}: its {language} name is shown there"] if missing else []
        yield f"{component.slug}: {component.name[language]}" + (f" ({'; '.join(notes)})" if notes else "")


def _channels(loaded: Loaded) -> Iterator[str]:
    kinds = {account.name: account.kind for account in loaded.settings.accounts}
    for channel in loaded.settings.channels:
        mode = channel.mode or BROADCASTERS[kinds[channel.account]].MODES[0]
        where = f"{kinds[channel.account]} account {channel.account}"
        notes = f"{_purpose(channel)}{_cost(channel, kinds[channel.account])}"
        yield f"{channel.name}: {where}, in {channel.language}, updates by {mode}{notes}"


def _cost(channel: ChannelSettings, kind: str) -> str:
    """What an incident costs on a network that bills by post."""
    price = getattr(BROADCASTERS[kind], "PRICE", None)
    if price is None or channel.operators:
        return ""
    links = {LinkMode.EVERY: POSTS_OF_AN_INCIDENT, LinkMode.FIRST: 1, LinkMode.NEVER: 0}[channel.link]
    cost = links * price.with_link + (POSTS_OF_AN_INCIDENT - links) * price.plain
    told = f"about {cost:.2f} {price.currency} an incident of {POSTS_OF_AN_INCIDENT} posts, at the prices of {price.as_of}"
    cheaper = " (a post with an address costs most: link: first or never)" if channel.link is LinkMode.EVERY else ""
    return f"; {told}{cheaper}"


def _purpose(channel: ChannelSettings) -> str:
    if channel.operators:
        return "; operators' alarms only"
    return "; drills only" if channel.sandbox else ""


def _policy(loaded: Loaded) -> Iterator[str]:
    policy, rules = loaded.settings.policy, loaded.settings.incidents
    held = f"held for {policy.hold_s:g} s" if policy.default == "hold" else "posted at once"
    yield f"notices are {held}, unless one of {len(policy.rules)} rules says otherwise"
    yield f"automatic incidents: {'on' if rules.automatic else 'off'}, at most {rules.new_per_day} a day"
    by_itself = "resolved by itself" if rules.resolve_automatically else "a person is asked"
    yield f"good again for {rules.stable_s:g} s: {by_itself}"


def _backups(loaded: Loaded) -> str:
    own = loaded.settings.backups
    if own.folder is None:
        return "no folder of theirs is named: nobody hears when they stop"
    return f"operators hear when the newest one in {own.folder} is older than {LATE_BACKUPS * own.every_s:g} s"


def _issuers(loaded: Loaded) -> Iterator[str]:
    """Files of issuers that cannot be used: a probe without them sees nothing, and the page says so."""
    for name, target in loaded.targets.items():
        file = getattr(target, "ca_file", "")
        try:
            if file:
                ssl.create_default_context(cafile=file)
        except (OSError, ValueError) as error:  # what holds no certificate is an SSLError, which is an OSError
            why = "no certificate stands in it" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None) or "no such file"
            yield f"Probe {name}: ca_file {file} cannot be used ({why}). Until it can, this probe sees nothing."


def _warnings(loaded: Loaded) -> Iterator[str]:
    settings = loaded.settings
    public = [channel for channel in settings.channels if not channel.sandbox and not channel.operators]
    if public and only_here(urlsplit(settings.page.url).hostname or ""):
        yield f"page.url is {settings.page.url}, which means this machine only: customers cannot follow the links in posts"
    if settings.accounts and not any(channel.operators for channel in settings.channels):
        yield "no channel is for operators: alarms stand in the console only"
    kinds = {account.name: account.kind for account in settings.accounts}
    networks = {kinds[channel.account] for channel in public}
    if len(networks) == 1:
        yield f"all public channels are on {networks.pop()}: a major outage is not announced on a single network; add a second one"
    yield from _one_network([location.name for location in settings.locations])
    if not any(location.references for location in settings.locations):
        yield "no location has reference targets: a fault of our own network could not be told from one of the bank"


def _endings(loaded: Loaded, today: date) -> Iterator[str]:
    for account in loaded.settings.accounts:
        for ending in endings(BROADCASTERS[account.kind], loaded.configs[account.name], account.expires):
            if account.expires is not None or stage(ending, today) is not None:
                yield f"account {account.name}: {in_words(ending, today)}"


def _one_network(places: Sequence[str]) -> Iterator[str]:
    """Several places that are one, unless their probers are put apart."""
    if len(places) > 1:
        listed = f"all {len(places)} locations ({', '.join(places)})"
        told = f"one `statuspage up` or `statuspage prober` looks from {listed}, from one machine and its one network"
        yield f"{told}: start `statuspage prober --location {places[0]}` and so on, each on a machine there"
