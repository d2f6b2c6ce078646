"""What the public may know of posts: where they stand, which of them are genuine, and their numbers on X."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, UpdateMode
from statuspage.publish.snapshot import Permalink, PublicCode

GENUINE = frozenset(
    {DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.DELIVERED, DeliveryState.STUCK}
)  # on its way, or perhaps seen by somebody


class Posts:
    """Picks from rows of the ledger. hidden: names of channels of which the public hears nothing."""

    def __init__(self, hidden: Collection[str]) -> None:
        self._hidden = hidden

    def permalinks(self, rows: Iterable[Delivery]) -> tuple[Permalink, ...]:
        """The beginning of each channel's thread."""
        first: dict[str, Delivery] = {}
        for row in rows:
            if row.channel not in self._hidden and row.state is DeliveryState.DELIVERED and row.url:
                first.setdefault(row.channel, row)
        return tuple(Permalink(row.network, row.channel, row.language, row.url) for row in first.values() if row.url)

    def on_x(self, rows: Iterable[Delivery], language: str) -> dict[int, str]:
        """sequence -> number of the post on X; where several languages speak there, the one in `language`."""
        mine = [row for row in rows if row.network == "x" and row.channel not in self._hidden and row.state is DeliveryState.DELIVERED]
        mine.sort(key=lambda row: row.language == language)
        return {row.sequence: row.remote_id for row in mine if row.remote_id}

    def codes(self, rows: Iterable[Delivery], path: str) -> tuple[list[PublicCode], list[str]]:
        """The genuine messages, and the codes of those that were never sent and never will be. path: see PublicCode."""
        public = [row for row in rows if row.channel not in self._hidden]
        genuine = [row for row in public if row.state in GENUINE or _gave_way_on_its_way(row)]
        known = {row.code for row in genuine}
        return [_code(row, path) for row in genuine], [row.code for row in public if row.code not in known]


def _gave_way_on_its_way(row: Delivery) -> bool:
    """A newer update took its place after some may have read it: the first of a list, or those who looked at a post before its next edit.

    A row from a backup whose fate nobody knew keeps that as its error class.
    """
    return row.state is DeliveryState.SUPERSEDED and (row.attempts > 0 or row.epoch > 1 or row.error_class is not None)


def _code(row: Delivery, path: str) -> PublicCode:
    """What stands behind the code of a message: the words that the network was or will be given."""
    words = row.story if row.mode is UpdateMode.EDIT else row.text
    sent = (row.request or {}).get("text")
    return PublicCode(
        code=row.code,
        text=str(sent or words or row.text_alone),
        at=row.created_at,
        network=row.network,
        channel=row.channel,
        language=row.language,
        path=path,
        subject_id=row.subject_id,
        url=row.url,
    )
