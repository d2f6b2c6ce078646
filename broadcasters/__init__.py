"""Knows channels and nothing of statuspage. One module per kind of network; see post.py for what goes in and comes out.

A further kind is one module with KIND, CLASS or delivery_class(), MODES, Config, limits(), verify() and broadcast() (or stage(), publish()
and ask(); or, for a list of people, draft(), opener() and fault()), and one line here; or, from another package, an entry point of the
group "statuspage.broadcasters" that names the module.
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
CLOSED = dict.fromkeys(  # in small letters, without blanks, hyphens and underscores
    ("google+", "googleplus", "g+", "gplus"),
    "Google+ closed in 2019. Its place is taken by posts of a Google Business Profile: kind google_business.",
)


def _found() -> tuple[dict[str, ModuleType], dict[str, str]]:
    """Our own modules and those of other packages, and why one of these cannot be used; a name of ours cannot be taken."""
    found = {module.KIND: module for module in OWN}
    broken = {}
    for point in entry_points(group=GROUP):
        if point.name in found:
            continue
        try:
            module = point.load()
        except Exception as error:  # whatever another package does: the others go on, and this one is told of where it is named
            broken[point.name] = f"The package that brings it cannot be loaded: {type(error).__name__}: {error}."
            continue
        if missing := ", ".join(_missing(module)):
            broken[point.name] = f"The package that brings it cannot be used: {point.value} lacks {missing}."
        else:
            found[point.name] = module
    return found, broken


def _missing(module: ModuleType) -> list[str]:
    """What a module needs by its own account and does not have."""
    run = ("draft", "opener", "fault") if getattr(module, "RUN", False) else ()
    ways = run or (("broadcast",) if hasattr(module, "broadcast") else ("stage", "publish", "ask"))
    modes = tuple(str(mode) for mode in getattr(module, "MODES", ()))
    wanted = ("KIND", "MODES", "Config", "limits", "verify", *(("edit",) if "edit" in modes else ()), *ways)
    lacking = [name for name in wanted if not hasattr(module, name)]
    return [*lacking, *(() if hasattr(module, "CLASS") or hasattr(module, "delivery_class") else ("CLASS or delivery_class",))]


BROADCASTERS: dict[str, ModuleType]
BROKEN: dict[str, str]
BROADCASTERS, BROKEN = _found()
