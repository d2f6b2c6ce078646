"""Knows channels and nothing of statuspage. One module per kind of network; see post.py for what goes in and comes out.

A further kind is one module with KIND, CLASS or delivery_class(), MODES, Config, limits() and broadcast(), and one line here; or,
from another package, an entry point of the group "statuspage.broadcasters" that names the module.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from types import ModuleType

from broadcasters import bluesky, facebook, mastodon, telegram, webhook, x

GROUP = "statuspage.broadcasters"


def _found() -> dict[str, ModuleType]:
    """Our own modules and those of other packages; a name of ours cannot be taken."""
    own = {module.KIND: module for module in (mastodon, bluesky, x, facebook, telegram, webhook)}
    others = {point.name: point.load() for point in entry_points(group=GROUP) if point.name not in own}
    return {**others, **own}


BROADCASTERS: dict[str, ModuleType] = _found()
