"""Notices link to pages that are published."""

from __future__ import annotations

from statuspage.core.addresses import subject_path
from statuspage.core.vocabulary import SubjectKind
from statuspage.publish.site import Site
from statuspage.publish.snapshot import PublicPage


def test_links_in_notices_point_where_the_publisher_writes() -> None:
    site = Site(PublicPage("p", "Bank", "Bank", "https://status.example.com", "Europe/Madrid", ("en",), "en"))

    assert subject_path(SubjectKind.INCIDENT, "abc", "en") == site.incident("en", "abc")
    assert subject_path(SubjectKind.MAINTENANCE, "abc", "en") == site.maintenance("en", "abc")
    assert subject_path(SubjectKind.WARNING, "abc", "en") == site.front("en")
