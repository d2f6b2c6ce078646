"""The pages that people read: whole in themselves, small, without a dead link, and never green by mistake."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, MaintenanceStatus
from statuspage.publish import plain
from statuspage.publish.build import Files
from statuspage.publish.page import Pages
from statuspage.publish.site import file_of
from statuspage.publish.snapshot import Month, Snapshot
from statuspage.publish.views import Views
from tests.publish.samples import (
    LANGUAGES,
    NOW,
    PAGE,
    PERMALINKS,
    builder,
    code,
    component,
    components,
    crowded,
    days,
    incident,
    maintenance,
    outage,
    past_incident,
    snapshot,
    update,
    warning,
    wording,
)

LIMIT = 14 * 1024
OWN = "https://status.example.com"
BAD = (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE)

ALTERNATE = re.compile(r'<link rel="alternate" hreflang="(\w+)" href="([^"]+)">')


class Page(HTMLParser):
    """What a browser would fetch or follow, and what a reader would read."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.inline_handlers: list[str] = []
        self._silent = 0
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.tags.append(tag)
        self._silent += tag in ("style", "script")
        self.inline_handlers += [name for name in found if name.startswith("on") or name == "style"]
        for name in ("src", "srcset", "data", "poster", "action"):
            if value := found.get(name):
                self.fetched.append(value)
        href = found.get("href") or ""
        if tag in ("link", "use") and found.get("rel") not in ("canonical", "alternate"):
            self.fetched.append(href)
        elif href:
            self.links.append(href)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def pages(files: Files) -> dict[str, bytes]:
    return {path.as_posix(): encoded.body for path, encoded in files.items() if path.suffix == ".html"}


def front(found: Snapshot, language: str = "en") -> Page:
    return Page(front_body(found, language).encode())


def front_body(found: Snapshot, language: str = "en") -> str:
    return Pages(found.page, wording()).front(found, language).decode()


@pytest.fixture(scope="module")
def outage_files() -> Files:
    return builder().hot(outage(), 1)


def test_a_page_fetches_nothing_and_runs_nothing_but_its_own(outage_files: Files) -> None:
    """A5"""
    wrong = []

    for path, body in pages(outage_files).items():
        page = Page(body)
        wrong += [f"{path}: {address}" for address in page.fetched if not re.fullmatch(r"#\w+|data:,|/u/|/report/send", address)]
        wrong += [f"{path}: {name}" for name in page.inline_handlers]
        wrong += [f"{path}: {found}" for found in re.findall(rb"url\(|@import", body)]

    assert len(pages(outage_files)) > 40
    assert wrong == []


def test_forty_components_with_long_names_bad_days_and_six_updates_fit_the_limit() -> None:
    """A5"""
    big = crowded()

    files = builder().hot(big, 1)

    bad = [day for one in big.components for day in one.days if any(status in BAD for status in day.seconds)]
    sizes = {language: len(files[PurePosixPath(f"{language}/index.html")].bodies["gzip"]) for language in LANGUAGES}
    assert (len(big.components), len(big.incidents[0].updates), len(bad) >= 90) == (40, 6, True)
    assert sum(len(one.days) for one in big.components) == 3600
    assert max(sizes.values()) <= LIMIT, sizes
    assert all(len(encoded.bodies.get("gzip", encoded.body)) <= LIMIT for path, encoded in files.items() if path.suffix == ".html")


def test_no_page_has_a_dead_link(outage_files: Files) -> None:
    month = Month(2026, 11, outage().subjects, outage().codes)
    archive = [file_of(f"/{language}/history/2026-{number}/") for language in LANGUAGES for number in (10, 11)]
    known = {*outage_files, *archive, *builder().archive(outage(), month, {one.id for one in month.subjects})}
    dead = []

    for path, body in pages(outage_files).items():
        for link in Page(body).links:
            local = link.removeprefix(OWN) or "/"
            ours = not local.startswith("/") or file_of(local.split("#")[0]) in known
            if not ours or not (link.startswith(("/", "#", OWN)) or link in {one.url for one in PERMALINKS}):
                dead.append(f"{path} -> {link}")

    assert dead == []


def test_a_bad_day_of_which_the_page_tells_no_incident_any_more_leads_to_the_archive_of_its_month() -> None:
    """A page keeps the newest fifty; what was before stands in the archive."""
    known = past_incident(2, 30)
    marked = replace(components(1)[0], days=days({30: (BAD[0], 700), 60: (BAD[0], 700), 88: (BAD[0], 700)}))
    found = snapshot(components=(marked,), incidents=(replace(known, component_ids=(marked.id,)),))
    found = replace(found, months=((2026, 11), (2026, 10), (2026, 9)))

    listed = re.search(r"<details>.*?</details>", front_body(found), re.S)

    assert listed is not None
    hrefs = re.findall(r'href="([^"]+)"', listed.group())
    assert hrefs == [f"/en/incidents/{known.id}/", "/en/history/2026-09/"], "in August nothing is archived"


def test_a_page_names_itself_in_every_language_and_each_of_these_names_it_in_turn(outage_files: Files) -> None:
    named = {f"{OWN}/{path.removesuffix('index.html')}": re.findall(ALTERNATE, body.decode()) for path, body in pages(outage_files).items()}
    answers = ("404.html", "/u/unknown/")  # which lead to the form in other languages, as nobody looks for them
    own = {address: names for address, names in named.items() if re.match(rf"{OWN}/[a-z]{{2}}/", address) and not address.endswith(answers)}

    assert len(own) > 40
    for address, names in own.items():
        assert [language for language, _ in names] == list(LANGUAGES), address
        assert address in [other for _, other in names], address
        assert all(own[other] == names for _, other in names), address


def test_readers_of_any_other_language_are_led_to_the_address_that_chooses_or_to_the_default_language(outage_files: Files) -> None:
    bodies = {path: body.decode() for path, body in pages(outage_files).items()}
    others = {path: re.findall(r'hreflang="x-default" href="([^"]+)"', body) for path, body in bodies.items()}

    assert others["index.html"] == others["de/index.html"] == [f"{OWN}/"]
    assert others["de/history/index.html"] == others["en/history/index.html"] == [f"{OWN}/en/history/"]
    assert all(len(LANGUAGES) * len(found) == len(re.findall(ALTERNATE, bodies[path])) for path, found in others.items())


def test_a_page_in_one_language_needs_no_address_for_others() -> None:
    found = outage()

    assert "x-default" not in front_body(replace(found, page=replace(found.page, languages=("en",))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_all_its_words(language: str) -> None:
    page = front(outage(), language)

    assert wording().text("headline.partial_outage", language) in page.text
    assert wording().text("services", language) in page.text
    assert wording().safety(language) in page.text


def test_a_state_is_told_in_words_and_a_shape_beside_the_colour() -> None:
    every = dict(enumerate(ComponentStatus))

    page = front(snapshot(components=components(12, every)))

    for status in every.values():
        assert wording().state(status, "en") in page.text
    assert {f"#{status}" for status in every.values()} <= set(page.fetched)


@pytest.mark.parametrize("impaired", [True, False])
def test_what_nobody_sees_is_grey_and_the_page_is_not_green(impaired: bool) -> None:
    """A4"""
    page = front(snapshot(components=components(12, {0: ComponentStatus.UNKNOWN}), impaired=impaired))

    assert "No data" in page.text
    assert "Everything is working" not in page.text
    assert "We cannot see everything right now" in page.text


def test_when_all_is_well_it_says_so_and_how_old_that_is() -> None:
    page = front(snapshot())

    assert "Everything is working" in page.text
    assert "As of Sun 22 Nov 14:35 CET" in page.text
    assert "more than 5 minutes ago, this copy is old" in page.text


def test_an_open_incident_shows_its_newest_update_first_and_the_promise() -> None:
    page = front(outage(updates=3))

    newest, oldest = page.text.index("Sun 14:17 CET"), page.text.index("Sun 14:09 CET")
    assert newest < oldest
    assert "Next update : Sun 14:45 CET".replace(" :", ":") in page.text
    assert "2 earlier updates" in page.text


def test_a_broken_promise_is_shown_as_late() -> None:
    late = incident(1, 2, next_update_by=NOW - timedelta(minutes=4))
    kept = incident(1, 2, next_update_by=NOW - timedelta(seconds=59))

    assert "late by 4 min" in front(snapshot(incidents=(late,))).text
    assert "late by" not in front(snapshot(incidents=(kept,))).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_has_the_safety_line_once(language: str) -> None:
    whole = replace(outage(updates=6), warnings=(warning(),))
    subject = Page(Pages(PAGE, wording()).subject(whole, whole.incidents[0], language))

    text = plain.status_txt(whole, wording(), language).decode()
    assert "bank-help[.]example" in text
    for page in (front(whole, language).text, subject.text, text):
        assert page.count(wording().safety(language).split(". ")[0]) == 1
        assert page.count(wording().safety("en").split(". ")[0]) == (language == "en")  # what is shown untranslated brings none along
        assert "14:45" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plain_text_tells_planned_work_to_come_with_its_moment_and_address(language: str) -> None:
    planned, cancelled = maintenance(1), maintenance(2, cancelled=True)
    found = snapshot(maintenances=(planned, cancelled))
    start, end = (wording().moment(at, language) for at in (planned.scheduled_for, planned.scheduled_until))

    text = plain.status_txt(found, wording(), language).decode()

    heading = f"\n\n{wording().text('planned', language)}\n"
    assert heading in text and text.index(heading) < text.index(wording().text("services", language))
    assert wording().text("from_until", language, start=start, end=end) in text
    assert f"https://status.example.com/{language}/maintenance/{planned.id}/" in text
    assert cancelled.id not in text
    assert heading not in plain.status_txt(snapshot(), wording(), language).decode()


def test_the_page_of_what_happened_and_of_a_code_tell_its_year_for_they_are_read_for_years() -> None:
    pages = Pages(PAGE, wording())
    past, work = past_incident(8, 2.0, 1.25), maintenance()
    found = snapshot(incidents=(past,), maintenances=(work,))
    told = code()

    for subject, start, end in ((past, past.started_at, past.resolved_at), (work, work.scheduled_for, work.scheduled_until)):
        text = Page(pages.subject(found, subject, "en")).text
        for at in (start, end):
            assert wording().moment(at or NOW, "en", year=True) in text
    assert wording().moment(told.at, "en", year=True) in Page(pages.code(told)).text
    assert f" {NOW:%Y} " in wording().moment(told.at, "en", year=True)


def test_work_planned_more_than_half_a_year_ahead_is_announced_with_its_year() -> None:
    far = maintenance(starts_in=timedelta(days=300))
    found = snapshot(maintenances=(far,))
    start, end = (wording().moment(at, "en", year=True) for at in (far.scheduled_for, far.scheduled_until))
    sentence = wording().text("from_until", "en", start=start, end=end)

    assert sentence in front(found).text
    assert sentence in plain.status_txt(found, wording(), "en").decode()


def test_planned_work_elsewhere_does_not_hide_that_a_service_is_not_seen() -> None:
    both = {0: ComponentStatus.UNKNOWN, 3: ComponentStatus.UNDER_MAINTENANCE}

    page = front(snapshot(components=components(12, both), impaired=True))

    assert "We cannot see everything right now" in page.text
    assert "Planned work is under way" not in page.text


def test_a_long_list_of_affected_services_is_counted_instead_of_told() -> None:
    down = dict.fromkeys(range(12), ComponentStatus.MAJOR_OUTAGE)

    page = front(snapshot(components=components(12, down), incidents=(incident(1, 1, impact=Impact.CRITICAL),)))

    assert "and 9 more" in page.text


def test_a_correction_stands_beside_what_it_corrects() -> None:
    told = (update(2, 5, kind="correction", corrects=1), update(1, 20))

    page = front(snapshot(incidents=(incident(1, updates=told),)))

    assert "Corrects the update of Sun 14:15 CET" in page.text
    assert "Corrected later, see above." in page.text


def test_a_missing_translation_is_said_in_the_reader_s_language_and_the_text_marked() -> None:
    body = front_body(outage(), "fr")

    assert "Ce message n&#39;est pas encore disponible en français." in body
    assert '<p class="update__text" lang="en">' in body


def test_ninety_days_are_one_path_per_status_and_a_list_of_the_bad_days() -> None:
    one = component(0, days=days({3: (ComponentStatus.MAJOR_OUTAGE, 5400), 40: (ComponentStatus.DEGRADED_PERFORMANCE, 60)}))

    body = front_body(snapshot(components=(one,), groups=()))

    bar = body[body.index('<svg class="bar"') : body.index("</svg>", body.index('<svg class="bar"'))]
    assert bar.count("<path") == 3
    assert "2 days with problems" in body
    assert "Thu 19 Nov: Down 1 h 30 min" in body


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["Mastodon", "Bluesky", "X", "Slack"]),
        ("de", ["LinkedIn", "Telegram", "Mastodon"]),
        ("nl", ["Matrix", "Threads"]),
    ],
)
def test_the_front_page_links_the_posts_in_the_reader_s_language_and_the_page_of_the_incident_all(language: str, shown: list[str]) -> None:
    found, text = outage(), wording().text("posts_all", language)

    told = front_body(found, language)
    own = Pages(PAGE, wording()).subject(found, found.incidents[0], language).decode()

    line = told[told.index('<p class="posts">') :].partition("</p>")[0]
    assert re.findall(r'hreflang="\w\w">(.*?)</a>', line) == shown
    assert f'<a href="/{language}/incidents/in0000000001/#posts">{text}</a>' in line
    assert all(f'href="{link.url}"' in own for link in found.incidents[0].permalinks) and 'id="posts"' in own


def test_where_nothing_was_posted_in_the_reader_s_language_the_posts_in_the_page_s_are_shown() -> None:
    links = tuple(link for link in outage().incidents[0].permalinks if link.language != "fr")

    told = front_body(snapshot(incidents=(incident(1, permalinks=links),)), "fr")

    assert 'hreflang="en">Mastodon (en)</a>' in told


def test_tab_stops_stay_few_with_forty_components() -> None:
    page = front(outage(count=40, updates=6))

    stops = page.tags.count("a") + page.tags.count("summary") + page.tags.count("input") + page.tags.count("button")

    assert stops <= 80


def test_only_addresses_of_our_own_page_become_links() -> None:
    text = "See https://status.example.com/en/ and https://status.example.com.evil.example and https://evil.example/x"
    told = (update(1, 5, texts={"en": text}),)

    page = front(snapshot(incidents=(incident(1, updates=told, permalinks=()),)))

    assert [link for link in page.links if "example.com" in link and link.startswith("https") and link != f"{OWN}/en/"] == [
        link for link in page.links if link.startswith(f"{OWN}/") and link != f"{OWN}/en/"
    ]
    assert not [link for link in page.links if "evil" in link]


def test_a_code_shows_the_exact_text_the_network_and_the_moment() -> None:
    page = Page(Pages(PAGE, wording()).code(outage().codes[0]))

    assert "Genuine: this message is from us" in page.text
    assert outage().codes[0].text in page.text
    assert "Mastodon" in page.text and "Sun 22 Nov 2026 14:06 CET" in page.text
    assert "/en/incidents/in0000000001/" in page.links


def test_the_form_for_a_code_works_without_script() -> None:
    body = Pages(PAGE, wording()).codes("de").decode()

    assert '<form class="code-form" action="/u/" method="get">' in body
    assert 'name="code"' in body
    longest = int(re.findall(r'maxlength="(\d+)"', body)[0])
    assert longest >= len("https://statusseite.eine-bank-mit-langem-namen.example/status/u/K7Q2MXP") * 2, "addresses are pasted whole"
    assert "diese Adresse mit Ihrem Code" in body and f"{PAGE.url}/u/K7Q2MXP" in body
    assert "<script" not in body


def test_the_pages_for_help_say_what_to_do_and_the_number_for_fraud() -> None:
    files = builder().hot(snapshot(), 1)

    for path in ("en/contact/index.html", "en/claim/index.html"):
        assert "900 123 456" in Page(files[PurePosixPath(path)].body).text
    assert files[PurePosixPath("contact/index.html")].body == files[PurePosixPath("en/contact/index.html")].body


def test_a_page_under_a_path_links_within_it() -> None:
    under = replace(PAGE, url="https://bank.example/status")

    files = builder(under).hot(replace(snapshot(), page=under), 1)

    links = Page(files[PurePosixPath("en/index.html")].body).links
    assert all(link.startswith(("/status/", "https://bank.example/status/", "#")) for link in links)


def test_incident_pages_and_the_archive_do_not_hang_on_the_moment_of_publication() -> None:
    later = replace(outage(), made_at=NOW + timedelta(days=3))
    month = Month(2026, 11, outage().subjects, ())

    everything = {one.id for one in month.subjects}

    first, second = builder().archive(outage(), month, everything), builder().archive(later, month, everything)

    assert PurePosixPath("en/incidents/in0000000001/index.html") in first
    assert {path: one.digests for path, one in first.items()} == {path: one.digests for path, one in second.items()}


def test_what_ended_long_ago_leaves_the_hot_set_and_stays_in_feeds_and_api() -> None:
    old = past_incident(8, 30)

    files = builder().hot(snapshot(incidents=(old,)), 1)

    assert PurePosixPath(f"en/incidents/{old.id}/index.html") not in files
    assert old.id in files[PurePosixPath("en/feed.atom")].body.decode()
    assert old.id in files[PurePosixPath("api/v2/incidents.json")].body.decode()


def test_planned_work_is_announced_and_shown_while_it_runs() -> None:
    planned = front(snapshot(maintenances=(maintenance(),)))

    assert "Planned work" in planned.text
    assert "Wed 25 Nov 14:35 CET until Wed 25 Nov 17:35 CET" in planned.text


def test_an_incident_that_is_over_is_named_in_the_recent_past() -> None:
    page = front(snapshot(incidents=(past_incident(8, 2.0, 1.25),)))

    assert past_incident(8, 2.0).status is IncidentStatus.RESOLVED
    assert "lasted 1 h 15 min" in page.text


def test_an_incident_lasted_until_it_worked_again_and_not_until_that_was_said() -> None:
    past = past_incident(8, 2.0, 1.25)
    page = front(snapshot(incidents=(replace(past, restored_at=past.started_at + timedelta(hours=1)),)))

    assert "lasted 1 h" in page.text and "lasted 1 h 15 min" not in page.text


def test_cancelled_work_is_shown_with_the_times_that_were_planned() -> None:
    cancelled = maintenance(cancelled=True, status=MaintenanceStatus.COMPLETED, completed_at=NOW - timedelta(days=1))

    view = Views(snapshot(maintenances=(cancelled,)), wording(), "en").subject(cancelled)

    assert (view.start, view.end) == (cancelled.scheduled_for, cancelled.scheduled_until)


def test_what_a_component_is_stands_under_its_name_in_the_reader_s_language() -> None:
    told = component(0, descriptions={"en": "With password <or> face.", "de": "Mit Passwort."})

    body = Pages(PAGE, wording()).front(snapshot(components=(told,)), "en").decode()

    assert re.search(r"</h4>.*?<p class=\"muted\">With password &lt;or&gt; face\.</p>.*?<svg class=\"bar\"", body, re.DOTALL)
    assert "title=" not in body.partition('id="services"')[2]


def test_where_all_components_are_private_nothing_is_said_of_services() -> None:
    body = Pages(PAGE, wording()).front(snapshot(components=(), groups=(), incidents=()), "en").decode()

    assert "0 services" not in body and 'id="services"' not in body and "/en/report/" not in body
    assert 'property="og:description"' in body and "Help needed?" in body
