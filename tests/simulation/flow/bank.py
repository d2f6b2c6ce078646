"""The bank that is watched: its components, places and probes as the configuration names them, and how that changes in a reload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from statuspage.settings import Settings

LANGUAGE = "en"
SECRET = "Canaryvault"  # name of the private component: in no public file
DRILL = "Canarydrill"  # what people write in a rehearsal
AUTHOR = "Canaryauthor"
REASON = "Canaryreason"
CANARIES = (SECRET, DRILL, AUTHOR, REASON)


@dataclass(frozen=True)
class Part:
    """One component. key: what it truly is, whatever its slug is called at present."""

    key: str
    slug: str
    name: str
    was: tuple[str, ...] = ()
    group: str | None = None
    above: tuple[str, ...] = ()  # keys of the components that it depends on
    private: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Bank:
    """What the configuration says. Times in seconds; see settings.models.Incidents for their meaning."""

    parts: tuple[Part, ...]
    places: tuple[str, ...]
    interval_s: float
    zone: str = "Europe/Madrid"
    to_open: int = 3
    stable_s: float = 300.0
    reopen_s: float = 300.0
    apart_s: float = 300.0
    per_day: int = 20
    raw_days: float = 7.0
    heartbeat_s: float = 900.0
    folders: int = 1

    @property
    def present(self) -> list[Part]:
        return [part for part in self.parts if not part.gone]

    def part(self, key: str) -> Part:
        return next(part for part in self.parts if part.key == key)

    def key_of(self, slug: str) -> str | None:
        """The component that is, or was, called so."""
        return next((part.key for part in self.parts if slug == part.slug or slug in part.was), None)

    def ancestors(self, key: str) -> set[str]:
        found: set[str] = set()
        queue = list(self.part(key).above)
        while queue:
            above = queue.pop()
            if above not in found:
                found.add(above)
                queue.extend(self.part(above).above)
        return found

    def changed(self, key: str, **how: Any) -> Bank:
        return replace(self, parts=tuple(replace(part, **how) if part.key == key else part for part in self.parts))

    def renamed(self, key: str, slug: str) -> Bank:
        part = self.part(key)
        return self.changed(key, slug=slug, was=(*part.was, part.slug))

    def settings(self) -> Settings:
        slug = {part.key: part.slug for part in self.parts}
        here = {part.key for part in self.present}
        return Settings.model_validate(
            {
                "page": {"name": "Bank of Sim", "bank": "Sim", "url": "https://page.sim", "languages": [LANGUAGE], "time_zone": self.zone},
                "groups": [{"slug": "pay", "name": {LANGUAGE: "Payments"}}],
                "components": [_component(part, slug, here) for part in self.present],
                "locations": [{"name": place} for place in self.places],
                "probes": [self._probe(part) for part in self.present],
                "incidents": {
                    "stable_s": self.stable_s,
                    "reopen_within_s": self.reopen_s,
                    "new_per_component_s": self.apart_s,
                    "new_per_day": self.per_day,
                    "next_update_s": {"critical": 420.0, "major": 480.0, "minor": 540.0, "none": 600.0},
                    "remind_before_s": 60.0,
                    "slow_after_s": 3600.0,
                    "slow_update_s": 900.0,
                },
                "publishing": {"heartbeat_s": self.heartbeat_s, "folders": [f"/copy{number}" for number in range(1, self.folders)]},
                "retention": {"raw_checks_days": self.raw_days, "hourly_days": 30.0, "daily_days": 60.0},
            }
        )

    def _probe(self, part: Part) -> dict[str, Any]:
        return {
            "name": f"p-{part.key}", "kind": "http", "component": part.slug, "target": {}, "interval_s": self.interval_s,
            "failures_to_open": self.to_open,
        }  # fmt: skip


def _component(part: Part, slug: Mapping[str, str], here: set[str]) -> dict[str, Any]:
    return {
        "slug": part.slug,
        "name": {LANGUAGE: part.name},
        "group": part.group,
        "private": part.private,
        "was": list(part.was),
        "depends_on": [slug[key] for key in part.above if key in here],
    }


PARTS = (
    Part("login", "login", "Sign-in"),
    Part("app", "app", "Mobile app", above=("login",)),
    Part("cards", "cards", "Cards", group="pay"),
    Part("atm", "atm", "Cash machines", group="pay"),
    Part("vault", "canaryvault", SECRET, private=True),
)
