"""What must fit together across the parts of statuspage.yaml."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcasters import BROADCASTERS
from broadcasters.http import checked_base
from statuspage.core import contrast
from statuspage.core.errors import InvalidText
from statuspage.core.theme import DARK_PAPERS, LIGHT_PAPERS
from statuspage.core.vocabulary import ComponentStatus
from statuspage.probes.addresses import AddressRules
from statuspage.probes.place import check_host
from statuspage.probes.references import parse_reference
from statuspage.settings.models import ChannelSettings, ProbeSettings, Settings
from statuspage.settings.source import Path
from statuspage.settings.targets import wrong
from statuspage.words.catalogue import load_catalogue
from statuspage.words.page import check_address, check_path, check_phone
from statuspage.words.words import check_bank, check_name, check_scheme

Problem = tuple[Path, str]
SHORTEST_S = {"interval_s": 1.0, "recheck_s": 0.1, "timeout_s": 0.1}  # less would be an attack on the bank, or no time for an answer
_PAGES = ("incidents", "maintenance", "history", "u", "report", "follow", "components", "badges", "preview")  # folders of each language
TAKEN = (*_PAGES, "api", "cards", "notices", "console", "unsubscribe", "health", "metrics")


_PIECE = re.compile(r"(?::|, near) (['\"]).*?\1")  # of the text, in other letters: a reference would not be put in its place


def broken(settings: Settings, targets: Mapping[str, Any], configs: Mapping[str, Any]) -> Iterator[Problem]:
    """Every rule that the configuration breaks: where, and what is allowed."""
    yield from _page(settings)
    yield from _publishing(settings)
    yield from _backups(settings)
    yield from _colours(settings)
    for section in ("groups", "components"):
        yield from _unique(section, "slug", (item.slug for item in getattr(settings, section)))
    for section in ("locations", "probes", "accounts", "channels"):
        yield from _unique(section, "name", (item.name for item in getattr(settings, section)))
    yield from _components(settings)
    yield from _guarded(settings)
    yield from _sentences(settings)
    yield from _locations(settings)
    yield from _probes(settings)
    for index, probe in enumerate(settings.probes):
        if probe.name in targets:
            yield from wrong(targets[probe.name], ("probes", index, "target"))
            yield from _never_slow(probe, targets[probe.name], ("probes", index))
    yield from _channels(settings)
    yield from _policy(settings)
    yield from _kept(settings)


def _page(settings: Settings) -> Iterator[Problem]:
    page = settings.page
    yield from _spoken("url", page.url, check_address)
    yield from _spoken("phone", page.phone, check_phone)
    for key, path in (("contact_path", page.contact_path), ("claim_path", page.claim_path)):
        yield from _spoken(key, path, check_path)
        if is_taken(path.strip("/").split("/")[0]):
            allowed = f"taken are /, names with a dot, two letters (a language), and {', '.join(TAKEN)}"
            yield ("page", key), f"found {path!r}, where other pages stand. Use another, e.g. /contact; {allowed}."
    if page.contact_path.strip("/") == page.claim_path.strip("/"):
        yield ("page", "claim_path"), f"found {page.claim_path!r}, which is page.contact_path too. Give each page a path of its own."
    for place, host in enumerate(page.hosts):
        try:
            check_host(host)
        except ValueError as error:
            yield ("page", "hosts", place), f"found {host!r}. Write a host's name alone, e.g. www.bank.example: {error}."
    try:
        ZoneInfo(page.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of the list
        yield ("page", "time_zone"), f"found {page.time_zone!r}. Write a name of the IANA list, e.g. Europe/Madrid."
    yield from _languages(settings)


def is_taken(first: str) -> bool:
    """True for a name at the root, or in the folder of a language, under which something else is published or answered."""
    return first in ("", *TAKEN) or "." in first or len(first) == 2


def _spoken(key: str, value: str | None, check: Callable[[str, str], None]) -> Iterator[Problem]:
    """What no notice could be made with is refused before it is in force."""
    try:
        if value is not None:
            check(f"page.{key}", value)
    except InvalidText as error:
        yield ("page", key), str(error).replace(f"page.{key}: ", "found ", 1)


def _languages(settings: Settings) -> Iterator[Problem]:
    page, spoken = settings.page, load_catalogue().languages
    for place, language in enumerate(page.languages):
        if language not in spoken:
            yield ("page", "languages", place), f"found {language!r}, in which there are no texts. Use: {', '.join(spoken)}."
        if language in page.languages[:place]:
            yield ("page", "languages", place), f"{language!r} stands in page.languages a second time. Each may stand there once."
    if page.default_language not in page.languages:
        yield ("page", "default_language"), f"found {page.default_language!r}. Use one of page.languages: {', '.join(page.languages)}."


def _publishing(settings: Settings) -> Iterator[Problem]:
    for place, hub in enumerate(settings.publishing.hubs):
        try:
            checked_base(hub, "hubs")
        except ValueError as error:
            yield ("publishing", "hubs", place), str(error)
    menu = settings.publishing.phone_menu
    if menu is not None and (urlsplit(menu).scheme != "https" or not urlsplit(menu).hostname):
        yield ("publishing", "phone_menu"), f"found {menu!r}. Write a whole https address, e.g. https://phone.example.com/menu."


def _backups(settings: Settings) -> Iterator[Problem]:
    """A worker and the service manager that begins backups do not stand in the same folder."""
    folder = settings.backups.folder
    if folder is not None and not folder.startswith("/"):
        yield ("backups", "folder"), f"found {folder!r}. Write a whole path, e.g. /mnt/backups."


def _colours(settings: Settings) -> Iterator[Problem]:
    """Links and buttons must be readable for everybody, whatever the bank's colours are (WCAG 2.2, 1.4.3)."""
    page = settings.page
    for key, colour, ground, papers in (
        ("link_colour", page.link_colour, "light", LIGHT_PAPERS),
        ("link_colour_dark", page.link_colour_dark, "dark", DARK_PAPERS),
    ):
        found = contrast.worst(colour, papers)
        if found < contrast.TEXT:
            yield (
                ("page", key),
                f"found {colour!r}, whose contrast on the page's {ground} paper is {int(found * 100) / 100:.2f}:1; "
                f"at least {contrast.TEXT}:1 is needed. The nearest colour that has it: {contrast.nearest(colour, papers)}.",
            )


def _unique(section: str, key: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (section, index, key), f"{name!r} stands in {section} a second time. Each {key} may stand there once."
        seen.add(name)


def _known(path: Path, found: str, allowed: Iterable[str], section: str) -> Iterator[Problem]:
    names = sorted(allowed)
    if found not in names:
        yield path, f"found {found!r}, which is not in {section}. Use one of: {', '.join(names) or 'nothing is there yet'}."


def _components(settings: Settings) -> Iterator[Problem]:
    groups = {group.slug for group in settings.groups}
    slugs = {component.slug for component in settings.components}
    needed = settings.page.default_language
    named = [("groups", index, group.name) for index, group in enumerate(settings.groups)]
    named += [("components", index, component.name) for index, component in enumerate(settings.components)]
    for section, index, names in named:
        if needed not in names:
            yield (section, index, "name"), f"the name in the page's default language {needed!r} is missing."
    for slug in sorted(groups & slugs):
        yield ("components",), f"the slug {slug!r} is both a group and a component. Give one of them another."
    renamed: dict[str, str] = {}
    for index, component in enumerate(settings.components):
        if component.group is not None:
            yield from _known(("components", index, "group"), component.group, groups, "groups")
        for place, parent in enumerate(component.depends_on):
            where = ("components", index, "depends_on", place)
            if parent == component.slug:
                yield where, f"found {parent!r}, which is this component itself. Name others without which it cannot work, or remove it."
            else:
                yield from _known(where, parent, slugs, "components")
        for place, was in enumerate(component.was):
            if was in slugs or was in renamed:
                yield ("components", index, "was", place), f"{was!r} is the slug of another component; its history cannot be given away."
            renamed[was] = component.slug
    yield from _circles(settings)


def _guarded(settings: Settings) -> Iterator[Problem]:
    """Guard rails of notices on all that they name: with a name that breaks one, no process could take the configuration up."""
    hosts = _own_hosts(settings)
    yield from _guard(("page", "bank"), settings.page.bank, check_bank)
    for section in ("groups", "components"):
        for index, item in enumerate(getattr(settings, section)):
            for language, name in item.name.items():
                yield from _guard((section, index, "name", language), name, lambda text, where: check_name(text, hosts, where))
    for index, component in enumerate(settings.components):
        if component.scheme is not None:
            yield from _guard(("components", index, "scheme"), component.scheme, check_scheme)


def _guard(path: Path, text: str, check: Callable[[str, str], None]) -> Iterator[Problem]:
    try:
        check(text, "found")
    except InvalidText as error:
        told = _PIECE.sub("", str(error)).removeprefix("found: ").replace("The text was not taken.", "No notice could be made with it.")
        yield path, f"found {text!r}: {told}"


def _own_hosts(settings: Settings) -> tuple[str, ...]:
    """As PageFacts has them; an address of the page that cannot be read is told by _page()."""
    try:
        return (urlsplit(settings.page.url).hostname or "", *settings.page.hosts)
    except ValueError:
        return tuple(settings.page.hosts)


def _circles(settings: Settings) -> Iterator[Problem]:
    parents = {component.slug: component.depends_on for component in settings.components}
    for index, component in enumerate(settings.components):
        seen: set[str] = set()
        queue = [parent for parent in component.depends_on if parent != component.slug]  # told by _components()
        while queue:
            slug = queue.pop()
            if slug == component.slug:
                yield ("components", index, "depends_on"), f"{slug!r} depends on itself in the end. Remove one of the steps."
                break
            if slug not in seen:
                seen.add(slug)
                queue.extend(parents.get(slug, ()))


def _sentences(settings: Settings) -> Iterator[Problem]:
    """Keys of the catalogue: with one that it does not have no notice could be made, and that would show on the day of the outage."""
    catalogue = load_catalogue()
    symptoms, advice = catalogue.keys("symptom"), catalogue.keys("advice")
    schemes = {component.slug: component.scheme for component in settings.components}
    for index, component in enumerate(settings.components):
        yield from _symptom(("components", index, "symptom"), component.symptom, component.scheme, symptoms)
        for place, key in enumerate(component.advice):
            yield from _known(("components", index, "advice", place), key, advice, "the catalogue's advice")
    for index, probe in enumerate(settings.probes):
        if probe.symptom is not None:
            yield from _symptom(("probes", index, "symptom"), probe.symptom, schemes.get(probe.component), symptoms)


def _symptom(path: Path, key: str, scheme: str | None, known: Iterable[str]) -> Iterator[Problem]:
    yield from _known(path, key, known, "the catalogue's symptoms")
    if key == "scheme" and not scheme:
        yield path, "the symptom 'scheme' names a payment scheme. Give the component its name: scheme: Bizum."


def _locations(settings: Settings) -> Iterator[Problem]:
    if not settings.locations:
        yield (
            ("locations",),
            "found an empty list, so that nothing would look. Name a place, or leave the key out: then there is one, 'here'.",
        )
    for index, location in enumerate(settings.locations):
        if 0 < len(location.references) < 3:
            found = len(location.references)
            yield (
                ("locations", index, "references"),
                f"found {found}. Name at least three, or none: with fewer, one failing reference would blind the place.",
            )
        for place, reference in enumerate(location.references):
            yield from _reference(("locations", index, "references", place), reference)
        for place, network in enumerate(location.allow_addresses):
            yield from _network(("locations", index, "allow_addresses", place), network)


def _reference(path: Path, text: str) -> Iterator[Problem]:
    try:
        parse_reference(text)
    except ValueError as error:
        yield path, f"{error}."


def _network(path: Path, text: str) -> Iterator[Problem]:
    try:
        AddressRules.of([text])
    except ValueError:
        yield path, f"found {text!r}. Write a network in CIDR, e.g. 10.20.0.0/16, without bits set behind the slash's number."


def _probes(settings: Settings) -> Iterator[Problem]:
    components = {component.slug for component in settings.components}
    locations = {location.name for location in settings.locations}
    for index, probe in enumerate(settings.probes):
        yield from _known(("probes", index, "component"), probe.component, components, "components")
        for place, name in enumerate(probe.locations):
            yield from _known(("probes", index, "locations", place), name, locations, "locations")
        if probe.status in (ComponentStatus.OPERATIONAL, ComponentStatus.UNDER_MAINTENANCE, ComponentStatus.UNKNOWN):
            allowed = "degraded_performance, partial_outage or major_outage"
            yield ("probes", index, "status"), f"found {probe.status}. A failing probe shows {allowed}."
        for key in ("interval_s", "recheck_s", "timeout_s"):
            if getattr(probe, key) < SHORTEST_S[key]:
                yield ("probes", index, key), f"found {getattr(probe, key):g}. It must be at least {SHORTEST_S[key]:g}."


def _never_slow(probe: ProbeSettings, target: Any, path: Path) -> Iterator[Problem]:
    limits = [((*path, "slow_s"), probe.slow_s)]
    limits += [((*path, "target", "steps", index, "slow_s"), step.slow_s) for index, step in enumerate(getattr(target, "steps", ()))]
    for place, slow_s in limits:
        if slow_s is not None and slow_s > probe.timeout_s:
            allowed = f"more than timeout_s: {probe.timeout_s:g}. What takes so long has failed already; use less, or leave it out"
            yield place, f"found {slow_s:g}, which is {allowed}."


def _channels(settings: Settings) -> Iterator[Problem]:
    private = {component.slug for component in settings.components if component.private}
    accounts = {account.name: account.kind for account in settings.accounts}
    components = {component.slug for component in settings.components}
    for index, channel in enumerate(settings.channels):
        path: Path = ("channels", index)
        yield from _known((*path, "account"), channel.account, accounts, "accounts")
        yield from _known((*path, "language"), channel.language, settings.page.languages, "page.languages")
        for place, slug in enumerate(channel.components):
            yield from _known((*path, "components", place), slug, components, "components")
        if channel.account in accounts:
            yield from _mode(channel, accounts[channel.account], path)
            yield from _purpose(channel, accounts[channel.account], path)
        if channel.sandbox and channel.operators:
            yield (
                (*path, "operators"),
                "found true beside sandbox: true, so that nothing would go there. A channel is for drills or for alarms.",
            )
        elif channel.components and private.issuperset(channel.components) and not (channel.sandbox or channel.operators):
            listed = ", ".join(channel.components)
            yield (*path, "components"), f"found {listed}: private components alone, of which customers hear nothing. Name a public one."


def _mode(channel: ChannelSettings, kind: str, path: Path) -> Iterator[Problem]:
    modes = BROADCASTERS[kind].MODES
    if channel.mode is not None and channel.mode not in modes:
        yield (*path, "mode"), f"found {channel.mode}. {kind} allows: {', '.join(modes)}."


def _purpose(channel: ChannelSettings, kind: str, path: Path) -> Iterator[Problem]:
    """Pictures stand on the public page, where rehearsals and alarms have no place. Nor do alarms belong on a list of customers."""
    if getattr(BROADCASTERS[kind], "RUN", False) and channel.operators:
        yield (*path, "operators"), f"{kind} goes to a list of customers. Use another network for operators' alarms."
    if getattr(BROADCASTERS[kind], "PICTURES", False) and (channel.sandbox or channel.operators):
        yield (
            path,
            f"{kind} fetches pictures from the public page and can take neither rehearsals nor alarms. Use another network for them.",
        )


def _policy(settings: Settings) -> Iterator[Problem]:
    components = {component.slug for component in settings.components}
    channels = {channel.name for channel in settings.channels}
    for index, rule in enumerate(settings.policy.rules):
        path: Path = ("policy", "rules", index)
        for place, slug in enumerate(rule.components):
            yield from _known((*path, "components", place), slug, components, "components")
        for place, name in enumerate(rule.channels):
            yield from _known((*path, "channels", place), name, channels, "channels")


def _kept(settings: Settings) -> Iterator[Problem]:
    """Sums live as long as what they are made of: else the clean-up would make them anew, and remove them, every time."""
    kept = settings.retention
    for shorter, longer in (("raw_checks_days", "hourly_days"), ("hourly_days", "daily_days")):
        found, limit = getattr(kept, shorter), getattr(kept, longer)
        if found > limit:
            yield ("retention", shorter), f"found {found:g}, which is more than {longer}: {limit:g}. Sums are kept at least as long."
