"""The hosts that a configuration names: those that must stand while the bank is down, and those of the bank."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from statuspage.core.apart import Site
from statuspage.core.hosts import only_here
from statuspage.settings.loader import Loaded

MAIL = ("email",)  # kinds whose accounts name a relay


def ours(loaded: Loaded) -> list[Site]:
    """The page with its feeds, and the relays of mails; without what is on this machine."""
    relays = [Site(f"the mail relay of {one.name}", loaded.configs[one.name].host) for one in loaded.settings.accounts if one.kind in MAIL]
    return [site for site in (Site("the page", urlsplit(loaded.settings.page.url).hostname or ""), *relays) if _elsewhere(site)]


def theirs(loaded: Loaded) -> list[Site]:
    """What probes look at, each host once."""
    found: dict[str, Site] = {}
    for name, target in loaded.targets.items():
        site = Site(f"what probe {name} looks at", _host(target))
        if _elsewhere(site):
            found.setdefault(site.host, site)
    return list(found.values())


def _host(target: Any) -> str:
    url = getattr(target, "url", "")
    return (urlsplit(url).hostname if url else getattr(target, "host", "") or getattr(target, "name", "")) or ""


def _elsewhere(site: Site) -> bool:
    return bool(site.host) and not only_here(site.host)
