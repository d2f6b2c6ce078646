"""Knows channels and nothing of statuspage. One module per kind of network; see post.py for what goes in and comes out.

A further kind is one module with KIND, CLASS or delivery_class(), MODES, Config, limits() and broadcast() (or stage(), publish() and
ask()), and one line here; or, from another package, an entry point of the group "statuspage.broadcasters" that names the module.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from types import ModuleType

from broadcasters import (
    apprise,
    bluesky,
    discord,
    email,
    facebook,
    google_business,
    instagram,
    linkedin,
    mastodon,
    matrix,
    ntfy,
    pinterest,
    slack,
    slack_webhook,
    sms,
    sms_list,
    snapchat,
    teams,
    telegram,
    threads,
    webhook,
    x,
)

GROUP = "statuspage.broadcasters"


OWN = (
    mastodon,
    bluesky,
    x,
    facebook,
    threads,
    instagram,
    linkedin,
    pinterest,
    telegram,
    webhook,
    snapchat,
    google_business,
    slack,
    slack_webhook,
    teams,
    discord,
    matrix,
    ntfy,
    apprise,
    sms,
    sms_list,
    email,
)
CLOSED = dict.fromkeys(
    ("google+", "googleplus", "google_plus", "google-plus"),
    "Google+ closed in 2019. Its place is taken by posts of a Google Business Profile: kind google_business.",
)


def _found() -> dict[str, ModuleType]:
    """Our own modules and those of other packages; a name of ours cannot be taken."""
    own = {module.KIND: module for module in OWN}
    others = {point.name: point.load() for point in entry_points(group=GROUP) if point.name not in own}
    return {**others, **own}


BROADCASTERS: dict[str, ModuleType] = _found()
