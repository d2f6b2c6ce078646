"""Pictures of the page's state, drawn after the page is out: it must not wait for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import structlog

from statuspage.publish.clean import cleaned
from statuspage.publish.encode import Encoded
from statuspage.publish.logo import opened
from statuspage.publish.preview import Preview, draw, plate_of, preview_of
from statuspage.publish.site import Site, file_of
from statuspage.publish.snapshot import PublicPage, Snapshot
from statuspage.publish.views import Views
from statuspage.publish.wording import Wording
from statuspage.publish.writer import Target

KEPT = 10  # pictures of a language: a network may fetch again what was shared some states ago
log = structlog.get_logger("statuspage.publisher")


class Previews:
    """Which languages' pictures tell another state than the page. After a start all are drawn anew.

    logo     of the bank, a PNG or b""
    folder   the first one that is published to: which pictures of before a start are still there
    """

    def __init__(self, wording: Wording, logo: bytes, folder: Target) -> None:
        if logo and opened(logo) is None:
            log.warning("the logo cannot be drawn; pictures go out without it")
            logo = b""
        self._wording, self._logo, self._folder = wording, logo, folder
        self._out: Mapping[str, Preview] = {}
        self._lately: Mapping[PurePosixPath, tuple[PurePosixPath, ...]] = {}  # folder -> newest first

    def due(self, snapshot: Snapshot) -> Mapping[str, Preview]:
        """Language -> what its picture has to say, for those that do not say it yet."""
        clean = cleaned(snapshot)  # as the page that names the picture
        wanted = {language: preview_of(Views(clean, self._wording, language)) for language in clean.page.languages}
        return {language: told for language, told in wanted.items() if told != self._out.get(language)}

    def files(self, page: PublicPage, due: Mapping[str, Preview]) -> dict[PurePosixPath, Encoded]:
        """Their pictures, each under the address that is its own for good and under the one of what is true now; at first the plate too.

        They are packed already: no other coding would make them smaller. One that cannot be drawn is told of and left out.
        """
        site = Site(page)
        made: dict[PurePosixPath, Encoded] = {}
        for language, told in due.items():
            try:
                picture = self._drawn(told)
                plate = {} if language in self._out else self._plate(cleaned(page), language)
            except Exception:  # a fault in drawing must not hold up what else there is to publish
                log.exception("a picture of the state cannot be drawn; the page goes on without it", language=language)
                continue
            state = dict.fromkeys((site.preview(language, told.version), site.preview(language)), picture)
            made |= {file_of(path): drawn for path, drawn in {**state, **plate}.items()}
        return made

    def _plate(self, page: PublicPage, language: str) -> Mapping[str, Encoded]:
        return {Site(page).plate(language): self._drawn(plate_of(page, self._wording, language))}

    def _drawn(self, told: Preview) -> Encoded:
        return Encoded({"identity": draw(told, self._logo)})

    def staying(self, page: PublicPage, due: Mapping[str, Preview]) -> dict[PurePosixPath, tuple[PurePosixPath, ...]]:
        """Folder -> the pictures that stay in it, newest first: these, and the last ones before. Raises what the folder raises."""
        found = {}
        for language, told in due.items():
            path = file_of(Site(page).preview(language, told.version))
            before = self._lately.get(path.parent) or self._folder.list(path.parent)
            found[path.parent] = (path, *(one for one in before if one != path))[:KEPT]
        return found

    def note(self, due: Mapping[str, Preview], staying: Mapping[PurePosixPath, tuple[PurePosixPath, ...]]) -> None:
        """They are out, or cannot be drawn: nothing is due for them until the state changes."""
        self._out, self._lately = {**self._out, **due}, {**self._lately, **staying}

    def forget(self) -> None:
        """Somebody else publishes from now on: which pictures are out is not known any more."""
        self._out, self._lately = {}, {}
