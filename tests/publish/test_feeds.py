"""Feeds: valid, stable ids, and not a byte different while nothing was said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

import feedparser
import pytest

from statuspage.core.vocabulary import ComponentStatus, MaintenanceStatus
from statuspage.publish import feeds
from statuspage.publish.encode import Encoded
from statuspage.publish.feeds import Feed, feed_about, feed_of
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import Snapshot
from tests.publish.samples import (
    NOW,
    builder,
    components,
    identifier,
    incident,
    maintenance,
    outage,
    past_incident,
    snapshot,
    update,
    warning,
    wording,
)

SPOKEN = ("en", "es", "nl", "fr", "de")
FRONTS = {"fresh.json", *(f"{folder}{name}" for folder in ("", *(f"{one}/" for one in SPOKEN)) for name in ("index.html", "status.txt"))}


def feed(found: Snapshot, language: str = "en") -> Feed:
    return feed_of(
        found, language, title="Example Bank: service status", description="Incidents and planned work at Example Bank", warning="Watch out"
    )


def content(found: Snapshot, generation: int) -> dict[str, Encoded]:
    """All files but those that carry the heartbeat."""
    return {path.as_posix(): one for path, one in builder().hot(found, generation).items() if path.as_posix() not in FRONTS}


def test_rebuilding_without_a_change_gives_the_same_bytes() -> None:
    """A12: 50 rebuilds, each of all three formats; all other files but those with the heartbeat twice."""
    made = [(feeds.atom(feed(at)), feeds.rss(feed(at)), feeds.json_feed(feed(at))) for at in _beats(50)]
    whole = [{path: one.digests for path, one in content(at, number).items()} for number, at in enumerate(_beats(2))]

    assert len(made) == 50
    assert len(set(made)) == 1
    assert whole[0] == whole[1]


def _beats(count: int) -> list[Snapshot]:
    return [replace(outage(4, 3), made_at=NOW + timedelta(minutes=number)) for number in range(count)]


def test_only_front_pages_and_the_two_beating_files_change_with_time() -> None:
    one, same = builder(), _beats(2)

    before, after = one.hot(same[0], 1), one.hot(same[1], 2)

    assert {path.as_posix() for path in after if after[path].digests != before[path].digests} == FRONTS


def test_atom_has_one_entry_per_incident_and_its_id_stays_when_it_goes_on() -> None:
    early, late = snapshot(incidents=(incident(1, 1),)), snapshot(incidents=(incident(1, 3),))

    first, second = feedparser.parse(feeds.atom(feed(early))), feedparser.parse(feeds.atom(feed(late)))

    assert not first.bozo and first.version == "atom10"
    assert [entry.id for entry in first.entries] == ["https://status.example.com/en/incidents/in0000000001/"]
    assert [entry.id for entry in second.entries] == [entry.id for entry in first.entries]
    assert second.entries[0].updated > first.entries[0].updated


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "Sun 22 Nov 14:09 CET"),
        ("es", "dom 22 nov 14:09 CET"),
        ("nl", "zo 22 nov 14:09 CET"),
        ("fr", "dim. 22 nov. 14:09 CET"),
        ("de", "So. 22. Nov. 14:09 MEZ"),
    ],
)
def test_the_moment_of_each_statement_is_told_in_the_reader_s_language_and_the_bank_s_zone(language: str, shown: str) -> None:
    found = feed(snapshot(incidents=(incident(1, 1),)), language)

    (item,) = json.loads(feeds.json_feed(found))["items"]
    (entry,) = feedparser.parse(feeds.atom(found), sanitize_html=False).entries

    for html in (item["content_html"], entry.content[0].value):
        assert f'<time datetime="2026-11-22T13:09:10Z">{shown}</time>' in html


def test_rss_has_one_item_per_update_newest_first() -> None:
    read = feedparser.parse(feeds.rss(feed(snapshot(incidents=(incident(1, 3),)))))

    assert not read.bozo and read.version == "rss20"
    assert [item.id.rpartition("#")[2] for item in read.entries] == ["update-3", "update-2", "update-1"]
    assert read.entries[0].published_parsed > read.entries[1].published_parsed


def test_a_fraud_warning_is_in_every_feed_and_its_address_is_its_place_on_the_front_page() -> None:
    warned = replace(outage(), warnings=(warning(minutes_ago=1),))
    place = f"https://status.example.com/en/#warning-{identifier('wa', 1)}"

    items = json.loads(feeds.json_feed(feed(warned)))["items"]
    rss, atom = (feedparser.parse(make(feed(warned))).entries for make in (feeds.rss, feeds.atom))

    assert items[0]["id"] == rss[0].id == atom[0].id == place
    assert items[0]["title"] == rss[0].title == atom[0].title == "Watch out"
    assert "bank-help[.]example" in items[0]["content_html"] and "bank-help[.]example" in rss[0].description
    assert f'id="warning-{identifier("wa", 1)}"' in Pages(warned.page, wording()).front(warned, "en").decode()


def test_json_feed_has_the_keys_of_its_version() -> None:
    read = json.loads(feeds.json_feed(feed(outage())))

    assert read["version"] == "https://jsonfeed.org/version/1.1"
    assert read["feed_url"] == "https://status.example.com/en/feed.json"
    assert {"id", "url", "title", "content_html", "date_published", "date_modified"} <= read["items"][0].keys()


def test_updated_does_not_move_when_only_components_or_permalinks_change() -> None:
    calm = snapshot(incidents=(incident(1, 2, permalinks=()),))
    busy = replace(calm, components=components(12, {7: ComponentStatus.MAJOR_OUTAGE}), content_at=NOW, incidents=(incident(1, 2),))

    assert feeds.atom(feed(calm)) == feeds.atom(feed(busy))
    assert feeds.rss(feed(calm)) == feeds.rss(feed(busy))
    assert feeds.json_feed(feed(calm)) == feeds.json_feed(feed(busy))


def test_an_empty_feed_is_valid_and_as_old_as_the_page() -> None:
    read = feedparser.parse(feeds.atom(feed(snapshot(incidents=()))))

    assert not read.bozo
    assert read.feed.updated.startswith("2025-10-18")


def test_feeds_speak_the_language_they_are_for() -> None:
    read = feedparser.parse(feeds.atom(feed(outage(), "de")))

    assert read.feed.language == "de"
    assert read.entries[0].title.startswith("Anmeldung")


@pytest.mark.parametrize("past", [30, 300])
def test_a_feed_does_not_grow_with_the_past(past: int) -> None:
    many = snapshot(incidents=tuple(past_incident(number + 2, number / 5) for number in range(past)), maintenances=(maintenance(),))

    read = feedparser.parse(feeds.atom(feed(many)))

    assert len(read.entries) == feeds.LATEST


def busy() -> Snapshot:
    """Trouble and work that go on since yesterday, and more since that is over already, all of it about another component."""
    one, other = components(2)
    trouble = incident(1, 2, started_at=NOW - timedelta(days=1), component_ids=(one.id,))
    work = maintenance(status=MaintenanceStatus.IN_PROGRESS, component_ids=(one.id,))
    later = tuple(replace(past_incident(number + 2, number / 100), component_ids=(other.id,)) for number in range(30))
    return snapshot(components=(one, other), incidents=(*later, trouble), maintenances=(work,))


def test_what_goes_on_stays_in_the_feeds_however_much_began_since() -> None:
    found = busy()

    told = feed(found)

    assert len(found.current) == 2 and len(told.entries) == feeds.LATEST
    assert all(one.id.encode() in made for one in found.current for made in (feeds.atom(told), feeds.rss(told), feeds.json_feed(told)))


def test_the_feed_of_a_component_is_not_cut_by_what_happens_to_others() -> None:
    found = busy()

    own = feed_about(feed(found), found.components[0], title="Log in")
    others = feed_about(feed(found), found.components[1], title="Cards")

    assert len(own.entries) == 2
    assert len(others.entries) == feeds.LATEST


def test_a_statement_that_was_back_dated_is_published_when_it_was_made() -> None:
    told = (update(2, 1, id=identifier("up", 2), display_at=NOW - timedelta(hours=5)), update(1, 30))

    read = feedparser.parse(feeds.rss(feed(snapshot(incidents=(incident(1, updates=told),)))))

    assert [item.id.rpartition("#")[2] for item in read.entries] == ["update-2", "update-1"]


def test_the_manifest_path_of_each_feed_is_known() -> None:
    files = builder().hot(snapshot(), 1)

    assert {PurePosixPath(f"fr/feed.{kind}") for kind in ("atom", "rss", "json")} <= set(files)


def test_readers_of_a_page_that_was_at_statuspage_find_the_feeds_where_they_were() -> None:
    files = builder().hot(snapshot(incidents=(incident(1, 2),)), 1)

    for kind in ("rss", "atom"):
        former, proper = files[PurePosixPath(f"history.{kind}")], files[PurePosixPath(f"en/feed.{kind}")]
        assert (former.body, former.bodies) == (proper.body, proper.bodies)


def test_the_feed_of_a_component_has_only_what_touches_it_and_what_concerns_everybody() -> None:
    touched = incident(1, 2)
    other = incident(2, 1, component_ids=())
    found = replace(snapshot(incidents=(touched, other)), warnings=(warning(minutes_ago=1),), components=components(12))
    inside, outside = found.by_id[touched.component_ids[0]], next(c for c in found.components if c.id not in touched.component_ids)

    ids = {one.slug: [entry.url for entry in feed_about(feed(found), one, title="x").entries] for one in (inside, outside)}

    everybody = [entry.url for entry in feed(found).entries if not entry.component_ids]
    assert set(ids[outside.slug]) == set(everybody)
    assert set(ids[inside.slug]) - set(everybody) == {"https://status.example.com/en/incidents/in0000000001/"}


def test_every_component_has_its_feeds_at_their_own_addresses() -> None:
    found = snapshot(incidents=(incident(1, 1),))
    made = builder().hot(found, 1)

    for component in found.components:
        for kind, version in (("atom", "atom10"), ("rss", "rss20")):
            path = PurePosixPath(f"de/components/{component.slug}/feed.{kind}")
            read = feedparser.parse(made[path].body)
            assert not read.bozo and read.version == version
            assert any(link.href == f"https://status.example.com/{path}" for link in read.feed.links if link.rel == "self")


def test_every_format_names_the_hubs_and_none_without() -> None:
    hubs = ("https://hub.example.com/?a=1&b=2", "https://other.example.com")
    plain, told = feed(outage()), feed(replace(outage(), page=replace(outage().page, hubs=hubs)))

    for made in (feeds.atom(told), feeds.rss(told)):
        parsed = feedparser.parse(made)
        assert [link["href"] for link in parsed.feed.links if link["rel"] == "hub"] == list(hubs)
        assert [link["rel"] for link in parsed.feed.links].count("self") == 1
        assert parsed.feed.link == "https://status.example.com/en/"
        assert len(parsed.entries) == len(feedparser.parse(feeds.atom(plain) if b"<feed" in made else feeds.rss(plain)).entries)
    assert [one["url"] for one in json.loads(feeds.json_feed(told))["hubs"]] == list(hubs)
    assert b"hub" not in feeds.atom(plain) + feeds.rss(plain)
    assert "hubs" not in json.loads(feeds.json_feed(plain))
