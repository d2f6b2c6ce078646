"""What the demonstration's past tells: incidents of every kind and planned work, as plain data. All of it is invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from statuspage.core.vocabulary import ComponentStatus

_MAJOR, _PARTIAL, _SLOW = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE


@dataclass(frozen=True)
class Story:
    """One incident. Moments are minutes after customers first noticed; a cause is a key of the catalogue.

    days_ago, at   the day, counted back from today, and the local time at which it began
    seen_by_probes   True: the machine began it; False: a person declared it
    identified     moment and cause, or None: never said
    fails_again    moments at which it fails again and works once more; None: the repair held
    resolved       moment; by a person with the cause, or by the machine where by_person is False
    explained_after_days, explanation   the promised explanation, per language
    """

    days_ago: int
    at: str
    hit: Mapping[str, ComponentStatus]
    works_again: int
    resolved: int
    seen_by_probes: bool = True
    by_person: bool = True
    symptom: str | None = None
    identified: tuple[int, str] | None = None
    fails_again: tuple[int, int] | None = None
    late: str | None = None
    explained_after_days: int | None = None
    explanation: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Work:
    """Planned work. announced_days: so many days before; days_ago below zero: still to come.

    minutes     as planned; longer: minutes more that it took after all
    cancelled   so many days before it should have begun
    """

    days_ago: int
    at: str
    components: tuple[str, ...]
    minutes: int
    announced_days: int = 6
    symptom: str | None = None
    longer: int = 0
    cancelled: int | None = None


_LOG_IN_EXPLAINED = {
    "en": "A change to signing in had been tried with too few customers at once. "
    "Since then we try every change with as many as on a pay day.",
    "es": "Un cambio en el acceso se había probado con muy pocos clientes a la vez. "
    "Desde entonces probamos cada cambio con tantos como en un día de cobro.",
    "nl": "Een wijziging aan het inloggen was met te weinig klanten tegelijk getest. "
    "Sindsdien testen we elke wijziging met zoveel klanten als op een betaaldag.",
    "fr": "Une modification de la connexion avait été essayée avec trop peu de clients à la fois. "
    "Depuis, nous essayons chaque modification avec autant de clients qu'un jour de paie.",
    "de": "Eine Änderung am Anmelden war mit zu wenigen Kunden zugleich erprobt worden. "
    "Seither erproben wir jede Änderung mit so vielen wie am Zahltag.",
}

STORIES: tuple[Story, ...] = (
    Story(
        84, "09:12", {"log-in": _MAJOR}, 47, 85, identified=(16, "change"), late="handled",
        explained_after_days=5, explanation=_LOG_IN_EXPLAINED,
    ),
    Story(71, "17:40", {"cards": _PARTIAL}, 128, 170, seen_by_probes=False, symptom="card", identified=(41, "supplier"), late="handled"),
    Story(52, "13:05", {"balance": _PARTIAL}, 12, 42, by_person=False),
    Story(43, "08:31", {"web": _SLOW}, 21, 96, identified=(12, "busy"), fails_again=(38, 55), symptom="slow"),
    Story(29, "11:20", {"cash-machines": _PARTIAL}, 186, 240, seen_by_probes=False, symptom="atm", identified=(64, "equipment")),
    Story(21, "20:48", {"app": _MAJOR}, 22, 60, identified=(15, "network")),
    Story(12, "07:15", {"transfers": _SLOW}, 95, 140, seen_by_probes=False, symptom="late", identified=(26, "equipment"), late="handled"),
    Story(5, "16:02", {"security-codes": _PARTIAL}, 38, 71, seen_by_probes=False, symptom="code_late", identified=(19, "supplier")),
)  # fmt: skip

WORKS: tuple[Work, ...] = (
    Work(66, "02:00", ("transfers",), 90, symptom="transfer"),
    Work(38, "01:30", ("web", "app"), 60, symptom="slow", longer=45),
    Work(9, "02:00", ("cards",), 120, symptom="card", cancelled=2),
    Work(-3, "02:00", ("balance", "transfers"), 120, symptom="balance"),
)
