"""What the bank's own sites show: a banner script with its words. Nothing while all is well, or while only our own sight is impaired."""

from __future__ import annotations

from functools import cache

from statuspage.core.status import PageSentence
from statuspage.publish.api_v2 import dump
from statuspage.publish.assets import STATIC, small_js
from statuspage.publish.plain import COLOURS
from statuspage.publish.site import Site
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.views import HERO, affected
from statuspage.publish.wording import Wording

SILENT = (PageSentence.ALL_OPERATIONAL, PageSentence.MONITORING_IMPAIRED)


@cache
def banner_js() -> bytes:
    """The script that a page includes with `<script async src="{page}/banner.js">`; at most 2 KB, see X20 for its headers."""
    return small_js((STATIC / "js" / "banner.js").read_text(encoding="utf-8")).encode()


def banner_json(snapshot: Snapshot, wording: Wording, language: str) -> bytes:
    """Its words. `text` is "" when there is nothing to show; `url`: where the link leads; `ink` on `paper` has 4.5:1 or more."""
    site, sentence = Site(snapshot.page), snapshot.status.sentence
    told = wording.text(f"headline.{sentence.value}", language)
    names = affected(snapshot, wording, language)
    text = ". ".join((told, wording.text("affected", language, names=names))) if names else told
    return dump(
        {
            "text": "" if sentence in SILENT else text,
            "url": site.url(site.front(language)),
            "language": language,
            "ink": "#ffffff",
            "paper": COLOURS[HERO[sentence]],
        }
    )
