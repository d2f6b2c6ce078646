"""The verdict's memory, so that a restart forgets nothing: streaks, what is remembered of components, and how far was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from statuspage.core.detector import Side, Streak
from statuspage.core.sights import Memory
from statuspage.core.vocabulary import ComponentStatus, Reason
from statuspage.store.tables import DetectorRow
from statuspage.store.upsert import insert_for

# Rows that are no streak: names that no probe can have, since a probe's name has no slash.
_COMPONENT = "component/"
_CURSOR = "cursor/checks"
_ALL = select(DetectorRow.probe, DetectorRow.location, DetectorRow.state, DetectorRow.last_check_id)  # of hot paths: built once
_MEMORIES = select(DetectorRow.probe, DetectorRow.state).where(DetectorRow.probe.startswith(_COMPONENT))


@dataclass(frozen=True)
class State:
    """All that the verdict remembers.

    streaks    (probe, location) -> streak;  memories: component slug -> memory
    cursor     row id of check results: everything up to it was taken
    """

    streaks: Mapping[tuple[str, str], Streak] = field(default_factory=dict)
    memories: Mapping[str, Memory] = field(default_factory=dict)
    cursor: int = 0


def load(session: Session) -> State:
    """The memory as it was saved last."""
    streaks: dict[tuple[str, str], Streak] = {}
    memories: dict[str, Memory] = {}
    cursor = 0
    for probe, location, state, last in session.execute(_ALL):
        if probe == _CURSOR:
            cursor = last
        elif probe.startswith(_COMPONENT):
            memories[probe.removeprefix(_COMPONENT)] = _memory(state)
        else:
            streaks[probe, location] = _streak(state)
    return State(streaks, memories, cursor)


def save(session: Session, changed: State, now: datetime) -> None:
    """Writes the streaks and memories given, which may be some of all, and the cursor."""
    rows = [
        *(_row(probe, location, _json(asdict(streak)), now) for (probe, location), streak in sorted(changed.streaks.items())),
        *(_row(_COMPONENT + slug, "", _json(asdict(memory)), now) for slug, memory in sorted(changed.memories.items())),
        {**_row(_CURSOR, "", {}, now), "last_check_id": changed.cursor},
    ]
    insert = insert_for(session)(DetectorRow)
    written = {name: insert.excluded[name] for name in ("state", "last_check_id", "updated_at")}
    session.execute(insert.on_conflict_do_update(index_elements=["probe", "location"], set_=written), rows)


def forget(session: Session, slugs: Iterable[str]) -> None:
    """Drops what is remembered of components that have no probes any more."""
    session.execute(delete(DetectorRow).where(DetectorRow.probe.in_([_COMPONENT + slug for slug in slugs])))


def verdicts(session: Session) -> dict[str, ComponentStatus]:
    """Component slug -> what its own probes said at the last look; a component without probes is left out."""
    return {probe.removeprefix(_COMPONENT): ComponentStatus(state["status"]) for probe, state in session.execute(_MEMORIES)}


def _row(probe: str, location: str, state: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {"probe": probe, "location": location, "state": state, "last_check_id": 0, "updated_at": now}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return value


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _side(state: Mapping[str, Any]) -> Side:
    return Side(**{**state, "changed_at": _moment(state["changed_at"]), "since": _moment(state["since"])})


def _streak(state: Mapping[str, Any]) -> Streak:
    """What a neighbouring version wrote more or less than this one knows is left out, or has its default."""
    read: Mapping[str, Callable[[Any], Any]] = {
        "hurt": _side,
        "down": _side,
        "seen_at": _moment,
        "hurt_at": _moment,
        "reason": lambda reason: None if reason is None else Reason(reason),
    }
    known = {name.name for name in fields(Streak)}
    return Streak(**{name: read[name](value) if name in read else value for name, value in state.items() if name in known})


def _memory(state: Mapping[str, Any]) -> Memory:
    failed_at: Iterable[str] = state["failed_at"]
    return Memory(
        ComponentStatus(state["status"]), datetime.fromisoformat(state["confirmed_at"]), tuple(map(datetime.fromisoformat, failed_at))
    )
