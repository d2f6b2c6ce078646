"""How long a domain is still registered, by its registry's RDAP service (RFC 9083). The registry is asked twice a day: it is not ours.

Nothing here changes what is said of the target: a registration that ends hurts nobody yet, and a registry in trouble is no trouble of
the bank's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from statuspage.probes.engine import Work
from statuspage.probes.fetch import Answer, Request, fetch
from statuspage.probes.findings import clean
from statuspage.probes.look import Look
from statuspage.probes.notebook import Registration
from statuspage.probes.place import parse_place, without_secrets
from statuspage.probes.urgency import Limits, alarms_by_days
from statuspage.probes.values import read_json

ASKED_EVERY = timedelta(hours=12)
ASKED_AGAIN = timedelta(hours=1)  # when there was no answer
UNTOLD = timedelta(days=3)  # without an answer: then operators hear of it
# Not in the zone any more, or soon not (RFC 8056).
_HELD = frozenset({"client hold", "server hold", "inactive", "redemption period", "pending delete"})


def domain_of(url: str) -> str:
    """The domain that an address names: .../domain/NAME (RFC 9082). Raises ValueError for another."""
    parts = parse_place(url).path.split("/")
    if len(parts) < 2 or parts[-2] != "domain" or "." not in parts[-1] or "?" in url:
        raise ValueError(
            f"found {without_secrets(url)!r}; the RDAP address of a domain ends in /domain/NAME, e.g. https://rdap.example/domain/bank.example"
        )
    return parts[-1].lower()


def watch(url: str, limits: Limits, ca_file: str, look: Look, deadline: float) -> Work[Mapping[str, str]]:
    """Alarm key -> text, "" for what is over."""
    now, known = look.now(), look.notebook.registration(url)
    if known is None or not timedelta() <= now - known.asked_at < (ASKED_AGAIN if known.trouble else ASKED_EVERY):
        asked = replace(known, asked_at=now, told_at=min(known.told_at, now)) if known else Registration(asked_at=now, told_at=now)
        look.notebook.note_registration(url, replace(asked, trouble="no answer came"))  # two checks at once ask once
        known = yield from _ask(url, ca_file, asked, look, deadline)
        look.notebook.note_registration(url, known)
    return _alarms(url, limits, known, look)


def _ask(url: str, ca_file: str, before: Registration, look: Look, deadline: float) -> Work[Registration]:
    request = Request(place=parse_place(url), headers={"Accept": "application/rdap+json"}, ca_file=ca_file)
    answer: Answer = yield from fetch(request, look, deadline)
    if answer.failure:
        return replace(before, trouble=clean(answer.failure.evidence))
    if answer.status != 200:
        return replace(before, trouble=f"it answered {answer.status}")
    try:
        ends, held = _read(answer.text, domain_of(url))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return replace(before, trouble=clean(f"its answer cannot be read: {error}"))
    return Registration(before.asked_at, told_at=before.asked_at, ends=ends, held=held)


def _read(text: str, domain: str) -> tuple[datetime, tuple[str, ...]]:
    """When it ends, and in which ways it is held back."""
    data = read_json(text)
    name = data.get("ldhName", domain).lower().rstrip(".")  # may be left out (RFC 9083, section 5.3)
    if name != domain:
        raise ValueError(f"it is about {name!r}")
    ends = [event["eventDate"] for event in data.get("events", ()) if event["eventAction"].lower() == "expiration"]
    if not ends:
        raise ValueError("it does not say when the registration ends")
    moment = datetime.fromisoformat(ends[0].upper())
    status = data.get("status", [])
    held = sorted(_HELD.intersection(word.lower() for word in status)) if isinstance(status, list) else []
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), tuple(held)


def _alarms(url: str, limits: Limits, known: Registration, look: Look) -> dict[str, str]:
    key, domain, now = f"registration:{look.name}", domain_of(url), look.now()
    silent = now - known.told_at
    untold = f"{look.name}: nobody told for {silent.days} days how long {domain} is still registered. {url}: {known.trouble}."
    alarms = {f"{key}:untold": clean(untold) if known.trouble and silent >= UNTOLD else ""}
    if known.ends is None:
        return alarms
    days = (known.ends - now).total_seconds() / 86400
    ends = f"it ends on {known.ends:%Y-%m-%d} ({days:.1f} days left)"
    said = f"renew the registration of {domain}: {ends}. Until then the page does not change."
    held = f"{look.name}: the registry leaves {domain} out of the zone, or soon will: {', '.join(known.held)}."
    return alarms | alarms_by_days(key, days, limits, said) | {f"{key}:held": clean(held) if known.held else ""}
