"""What the verdict wants operators to look at, key -> text, worked out anew each time.

Blind locations, refused test accounts and probes taken for robots are the prober's alarms: it has the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from statuspage.core.judgement import Contradict, Step, Withhold
from statuspage.core.sights import Seen

OURS = ("unseen:", "contradiction:", "withheld:")  # beginnings of the keys that are cleared from here
UNSEEN_AFTER = timedelta(seconds=60)  # a start or a short gap alarms nobody


def complaints(seen: Seen, steps: Iterable[Step], *, probing: bool, now: datetime) -> dict[str, str]:
    """Every alarm that holds now.

    probing   False while all probing is switched off: then nobody wonders that nothing is seen
    """
    found: dict[str, str] = {}
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
