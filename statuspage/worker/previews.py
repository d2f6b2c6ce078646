"""Pictures of the page's state, drawn after the page is out: it must not wait for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from statuspage.publish.encode import Encoded
from statuspage.publish.preview import Preview, draw, preview_of
from statuspage.publish.site import Site, file_of
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.views import Views
from statuspage.publish.wording import Wording


class Previews:
    """Which languages' pictures tell another state than the page. After a start all are drawn anew. logo: of the bank, a PNG or b""."""

    def __init__(self, wording: Wording, logo: bytes) -> None:
        self._wording, self._logo = wording, logo
        self._out: Mapping[str, Preview] = {}

    def due(self, snapshot: Snapshot) -> Mapping[str, Preview]:
        """Language -> what its picture has to say, for those that do not say it yet."""
        wanted = {language: preview_of(Views(snapshot, self._wording, language)) for language in snapshot.page.languages}
        return {language: told for language, told in wanted.items() if told != self._out.get(language)}

    def files(self, snapshot: Snapshot, due: Mapping[str, Preview]) -> dict[PurePosixPath, Encoded]:
        """Their pictures. They are packed already: no other coding would make them smaller."""
        site = Site(snapshot.page)
        return {file_of(site.preview(language)): Encoded({"identity": draw(told, self._logo)}) for language, told in due.items()}

    def note(self, due: Mapping[str, Preview]) -> None:
        """They are out."""
        self._out = {**self._out, **due}
