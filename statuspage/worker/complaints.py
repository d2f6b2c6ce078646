"""What the verdict wants operators to look at: alarms that are none of the public's business. key -> text, worked out anew each time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from statuspage.core.detector import Streak
from statuspage.core.judgement import Contradict, Step, Withhold
from statuspage.core.sights import Seen

OURS = ("blind:", "account:", "blocked:", "unseen:", "contradiction:", "withheld:")  # beginnings of the keys that are cleared from here
UNSEEN_AFTER = timedelta(seconds=60)  # a start or a short gap alarms nobody


def complaints(
    streaks: Mapping[tuple[str, str], Streak],
    seen: Seen,
    steps: Iterable[Step],
    *,
    probes: Collection[str],
    probing: bool,
    now: datetime,
) -> dict[str, str]:
    """Every alarm that holds now.

    probes    names of the probes that are configured; what is remembered of others is left out
    probing   False while all probing is switched off: then nobody wonders that nothing is seen
    """
    found: dict[str, str] = {}
    for (probe, location), streak in sorted(streaks.items()):
        if probe in probes:
            found |= _of_streak(probe, location, streak)
    if probing:
        for slug in seen.unseen:
            if now - seen.memories[slug].confirmed_at >= UNSEEN_AFTER:
                found[f"unseen:{slug}"] = (
                    f"Nobody sees {slug}: too few locations have fresh results. The page says that monitoring is impaired, "
                    "and nothing is announced by itself."
                )
    for step in steps:
        if isinstance(step, Withhold):
            found[f"withheld:{step.slug}"] = (
                f"{step.slug} fails and no incident was begun: {step.why}. The page shows it; "
                "declare an incident if customers should be told."
            )
        elif isinstance(step, Contradict):
            found[f"contradiction:{step.incident_id}"] = (
                f"Incident {step.incident_id} says that it works again, and the checks of {', '.join(step.slugs)} fail. "
                "Say what is true, before the next promised update repeats it."
            )
    return found


def _of_streak(probe: str, location: str, streak: Streak) -> dict[str, str]:
    found = {}
    if streak.blind:
        found[f"blind:{location}"] = (
            f"Location {location} does not reach its own reference targets: its network fails. It has no vote until it does."
        )
    if streak.account:
        found[f"account:{probe}"] = (
            f"A test account of probe {probe} was refused while another one, or none at all, could sign in. The page is unchanged. "
            "Look at its password, its second factor and whether it is locked."
        )
    if streak.blocked:
        found[f"blocked:{probe}"] = f"Probe {probe} is taken for a robot at {location}. Let it through; until then it sees nothing."
    return found
