"""Judges what is left after the storm: the simulator's checker over what the networks truly show, threads, incidents, and the page."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import combinations
from types import SimpleNamespace
from typing import Any

from broadcasters.email import LEAVE_MARK
from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.demo.stage import NUMBERS
from statuspage.outside import Folder
from statuspage.publish.encode import SUFFIX, digest
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.store import deliveries, incidents, updates
from statuspage.store.engine import Database
from tests.end_to_end.truth import broken_threads, doubled
from tests.simulation.checker import faults_by_the_ledger
from tests.simulation.networks import TruePost
from tests.simulation.people import Told
from tests.simulation.ports import START
from tests.simulation.texts import code_of
from tests.storm.owed import Said, not_told, owed, statements_wrong, told_everywhere
from tests.storm.readers import ask

LISTS = ("email", "sms_list")
ENDS = (NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO)
_LEAVES = re.compile(r"/unsubscribe/[0-9a-f]+")
Posts = Sequence[Mapping[str, Any]]


def channel_of(ctx: Context, post: Mapping[str, Any]) -> str:
    """The channel that a true post belongs to: by its network, and by its language where two channels share an account."""
    found = [
        info.channel
        for info in ctx.channels.values()
        if info.channel.network in (post["network"], f"{post['network']}_list") and not info.channel.sandbox
    ]
    if len(found) > 1:
        found = [channel for channel in found if channel.language == (post["language"] or _reads(post["account"]))]
    return found[0].name if len(found) == 1 else f"nobody's ({post['network']} {post['account']} {post['language']})"


@cache
def _numbers() -> Mapping[str, str]:
    lines = [line.partition(",") for line in NUMBERS.read_text().splitlines() if line.startswith("+")]
    return {number: language for number, _, language in lines}


def _reads(number: str) -> str | None:
    """The language of whoever has this number: the list has one reader for each, and a short message does not name its own."""
    return _numbers().get(number)


def by_channel(ctx: Context, posts: Posts) -> dict[str, list[Mapping[str, Any]]]:
    """Channel -> what it truly shows, oldest first; every public channel is there."""
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name, info in ctx.channels.items() if not info.channel.operators}
    for post in posts:
        if post["network"] != "webhook":
            found.setdefault(channel_of(ctx, post), []).append(post)
    return found


def posts_wrong(ctx: Context, store: Database, posts: Posts) -> list[str]:
    """Lost, doubled, unexpected, disordered, stale or unsettled, by the checker of the simulator; and threads that are not one.

    The checker takes what was told from the rows: whether there is a row for all that was said is the matter of promised_wrong().
    """
    shown = by_channel(ctx, posts)
    every = _rows(store)
    rows = [row for row in every if row.subject_kind is SubjectKind.INCIDENT]
    alarms = [row for row in every if row.channel in ctx.channels and ctx.channels[row.channel].channel.operators]
    told = {row.code: Told(row, row.sequence, _seconds(row.created_at), drill=False) for row in rows}
    networks = {name: SimpleNamespace(posts=[_true(post) for post in seen]) for name, seen in shown.items()}
    world: Any = SimpleNamespace(store=store, networks=networks, knobs=SimpleNamespace(jumps=False))
    people: Any = SimpleNamespace(told=told, restored=False)
    found = [fault for fault in faults_by_the_ledger(world, people) if fault not in _gave_way(rows)]
    return [*found, *_doubled(posts, alarms), *_threads(ctx, shown, rows)]


def promised_wrong(ctx: Context, store: Database, posts: Posts, said: Sequence[Said], who: str) -> list[str]:
    """What was said and is not told: by the storm's own memory, the incidents' statements and the configuration."""
    rows = [row for row in _rows(store) if row.subject_kind is SubjectKind.INCIDENT]
    heard = [post["text"] for post in posts if post["network"] == "webhook"]
    expected = owed(ctx, store)
    return [*statements_wrong(store, said, who), *not_told(ctx, expected, by_channel(ctx, posts), rows, heard)]


def incidents_told(ctx: Context, store: Database, posts: Posts) -> list[str]:
    """Incidents that every channel told to their end."""
    rows = [row for row in _rows(store) if row.subject_kind is SubjectKind.INCIDENT]
    return told_everywhere(owed(ctx, store), by_channel(ctx, posts), rows)


def _rows(store: Database) -> list[Delivery]:
    with store.reading() as session:
        return deliveries.listing(session, limit=100_000)


def _gave_way(rows: Sequence[Delivery]) -> set[str]:
    """What the checker says of a run over a list that a newer update replaced on its way: some had read it by then, which is no fault."""
    begun = [row for row in rows if row.state is DeliveryState.SUPERSEDED and row.attempts and row.network in LISTS]
    return {f"unexpected: {row.code} is superseded in the ledger, but {row.channel} shows it" for row in begun}


def _doubled(posts: Posts, alarms: Sequence[Delivery]) -> Iterator[str]:
    """Public posts carry a code each, so no two are equal. An alarm may be raised again; operators read it as often as it was told."""
    yield from (f"doubled: {text}" for text in doubled([post for post in posts if post["network"] != "webhook"]))
    read = Counter(post["text"] for post in posts if post["network"] == "webhook")
    for text, more in (read - Counter(row.text for row in alarms)).items():
        yield f"doubled: operators read this {more} times more than it was told: {text}"


def _threads(ctx: Context, shown: Mapping[str, list[Mapping[str, Any]]], rows: Sequence[Delivery]) -> Iterator[str]:
    """Per incident: one root and a chain of replies, or one post that is edited.

    On a network that cannot be read, a post that was only assumed to be out cannot be edited either: the next one stands alone.
    """
    subjects = {row.code: row.subject_id for row in rows}
    assumed = Counter((row.subject_id, row.channel) for row in rows if row.state is DeliveryState.DELIVERED and row.remote_id is None)
    for name, posts in sorted(shown.items()):
        mode = ctx.channels[name].channel.mode if name in ctx.channels else None
        threads: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for post in posts:
            threads[subjects.get(code_of(_first_text(post)), "")].append(post)
        for subject, thread in sorted(threads.items()):
            if mode is UpdateMode.REPLY:
                yield from (f"thread of {subject}: {fault}" for fault in broken_threads(thread))
            elif mode is UpdateMode.EDIT and len(thread) > 1 + assumed[subject, name]:
                yield f"thread of {subject}: {len(thread)} posts on {name}, which edits one"


def _first_text(post: Mapping[str, Any]) -> str:
    return str(post["revisions"][0]["text"] if post["revisions"] else post["text"])


def _true(post: Mapping[str, Any]) -> TruePost:
    texts = [_as_frozen(text) for text in (*(revision["text"] for revision in post["revisions"]), post["text"])]
    moments = [post["at"], *(revision["until"] for revision in post["revisions"])]
    at = [_seconds(datetime.fromisoformat(moment)) for moment in moments]
    revisions = [(moment, moment, text) for moment, text in zip(at, texts, strict=True)]
    return TruePost(post["id"], post["in_reply_to"], revisions, at[0], gone=post["removed_at"] is not None)


def _as_frozen(text: str) -> str:
    """A mail names its reader's own address for leaving the list where the text for all has a mark."""
    return _LEAVES.sub(LEAVE_MARK, text)


def _seconds(moment: datetime) -> float:
    return (moment - START).total_seconds()


def incidents_wrong(store: Database) -> list[str]:
    """Statements with holes in their numbers, and two incidents of the verdict at one time about the same component."""
    wrong = []
    with store.reading() as session:
        found = incidents.listing(session, limit=None)
        said = updates.of_subjects(session, SubjectKind.INCIDENT, [one.id for one in found])
    for one in found:
        numbers = [update.sequence for update in said[one.id]]
        if numbers != list(range(1, len(numbers) + 1)):
            wrong.append(f"incident {one.id} has the statements {numbers}")
    for one, other in combinations([one.id for one in found if one.automatic], 2):
        if both := told_by_both(said[one], said[other]):
            wrong.append(f"two incidents at one time about {', '.join(sorted(both))}: {one} and {other}")
    return wrong


def told_by_both(one: Sequence[IncidentUpdate], other: Sequence[IncidentUpdate]) -> set[str]:
    """Components that the statements of two incidents named while both were open. What is over may come back, and name others then."""
    return {
        slug
        for slug, begun, ended in _named(one)
        for slug_too, begun_too, ended_too in _named(other)
        if slug == slug_too and ended > begun_too and ended_too > begun
    }


def _named(said: Sequence[IncidentUpdate]) -> list[tuple[str, datetime, datetime]]:
    """Component, since when and until when an open incident names it."""
    spans, since, named = [], dict[str, datetime](), set[str]()
    for update in said:
        named |= {slug for slug, _, _ in update.affected}
        if update.kind in ENDS:
            spans += [(slug, begun, update.created_at) for slug, begun in since.items()]
            since = {}
        elif since or update.kind in (NoticeKind.INVESTIGATING, NoticeKind.REOPENED):
            since = {slug: since.get(slug, update.created_at) for slug in named}
    return [*spans, *((slug, begun, datetime.max.replace(tzinfo=UTC)) for slug, begun in since.items())]


def page_wrong(ctx: Context, store: Database, folder: Folder, port: int) -> list[str]:
    """What the page that is served at `port` does not tell as it is, now that everything is over."""
    with store.reading() as session:
        found = [one for one in incidents.listing(session, limit=50) if not _private(ctx, one)]
        said = updates.of_subjects(session, SubjectKind.INCIDENT, [one.id for one in found])
    truth = {one.id: (str(one.status), [update.status for update in said[one.id]]) for one in found}
    shown = {one["id"]: (one["status"], _told_on_page(one)) for one in _json(port, "/api/v2/incidents.json")["incidents"]}
    summary = _json(port, "/api/v2/summary.json")
    wrong = [
        f"{one}: {truth.get(one)} is shown as {shown.get(one)}" for one in truth.keys() | shown.keys() if truth.get(one) != shown.get(one)
    ]
    if summary["status"]["indicator"] != "none" or summary["incidents"]:
        wrong.append(f"the page says {summary['status']} and has {len(summary['incidents'])} open incidents")
    wrong += [f"{one['name']} is {one['status']}" for one in summary["components"] if one["status"] != "operational"]
    return [*wrong, *_folder_wrong(folder)]


def _told_on_page(incident: Mapping[str, Any]) -> list[str]:
    """The states of its statements, oldest first."""
    return [update["status"] for update in reversed(incident["incident_updates"])]


def _private(ctx: Context, incident: Incident) -> bool:
    private = {component.slug for component in ctx.settings.components if component.private}
    return incident.components.keys() <= private


def _json(port: int, path: str) -> Any:
    return json.loads(ask(port, path, 30.0)[1])


def _folder_wrong(folder: Folder) -> Iterator[str]:
    """Files that are not what the manifest says."""
    for path, entry in Manifest.from_bytes(folder.read(MANIFEST)).files.items():
        held = {coding: folder.read(path.with_name(path.name + SUFFIX[coding])) for coding in entry.digests}
        if {coding: digest(body or b"") for coding, body in held.items()} != entry.digests:
            yield f"{path} is not the file that the manifest names"


def codes_wrong(posts: Posts, port: int) -> list[str]:
    """Codes in posts that the page does not confirm."""
    codes = {code_of(text) for post in posts if post["network"] != "webhook" for text in (post["text"],)} - {""}
    answers = {code: ask(port, f"/u/{code}", 30.0)[0] for code in sorted(codes)}
    return [f"/u/{code} answers {status}" for code, status in answers.items() if status != 200]
