"""How long services usually take to answer, where the configuration shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from statuspage.settings.models import ProbeSettings
from statuspage.store import Session, latencies

SPAN = timedelta(minutes=15)  # the page's words name it (public.answers_rule)


def response_times(session: Session, probes: Mapping[str, Sequence[ProbeSettings]], now: datetime) -> dict[str, float]:
    """slug -> seconds that the checks of its shown probes usually waited: the middle value. Without those of which nothing is known.

    probes   slug of a component -> its probes
    """
    timed = {slug: [probe.name for probe in found if probe.show_response_time] for slug, found in probes.items()}
    names = [name for found in timed.values() for name in found]
    known = latencies.answered(session, names, now - SPAN) if names else {}
    waited = {slug: [one for name in found for one in known.get(name, ())] for slug, found in timed.items()}
    return {slug: median(found) / 1000 for slug, found in waited.items() if found}
