"""The shared table of answers: every broadcaster in the same situations, over real HTTP, against the demonstration networks."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from broadcasters import BROADCASTERS, timeline
from broadcasters.errors import OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.post import Remote
from statuspage.demo.networks.server import RunningNetworks
from tests.broadcasters.bench import (
    CODE,
    EDITING,
    KINDS,
    LINK,
    READABLE,
    SAYS_NO_ID,
    SESSIONS,
    WORDLESS,
    WORDS,
    Bench,
    Hands,
    bench_for,
    configured,
    failure,
)

ROOMY = {"teams": 28 * 1024, "matrix": 65536, "sms": 1600}  # what the network itself takes, where our limit keeps well below
UNADDRESSED = ("teams", "ntfy", "sms", "slack_webhook")  # their posts have no address for people
UNASKED = ("webhook", "teams", "slack_webhook")  # nothing can be asked without sending

SHORT_S = 0.2  # deadline where the situation is that no answer comes

# Situation -> the fault, whether the post is truly there afterwards, and the error: its kind, its outcome, and its waiting time.
NO_ANSWER: dict[str, tuple[dict[str, Any], int]] = {
    "time-out, not applied": ({"fault": "timeout", "applied": False}, 0),
    "time-out, applied": ({"fault": "timeout", "applied": True}, 1),
    "half an answer": ({"fault": "cut"}, 1),
    "headers that drip": ({"fault": "drip", "every_s": 0.05}, 1),
}
SERVER_FAULTS = {
    f"{status}, {'applied' if applied else 'not applied'}": (status, applied)
    for status in (500, 502, 503, 504)
    for applied in (False, True)
}
WAITS: dict[str, tuple[Any, float | None]] = {
    "seconds": (7, 7.0),
    "a date": ("Sun, 22 Nov 2026 14:36:30 GMT", 90.0),  # the networks' clock stands at 14:35:00
    "a negative number": ("-5", None),
    "garbage": ("soon", None),
    "nothing": (None, None),
}


def test_a_post_is_published_with_its_words_language_and_address(bench: Bench) -> None:
    receipt = bench.broadcast(bench.post())

    (applied,) = bench.truth()
    words = CODE if bench.kind == "snapchat" else WORDS  # a picture alone
    assert (applied["text"], applied["in_reply_to"], receipt.wrong) == (words, None, "")
    if bench.kind not in SAYS_NO_ID:
        assert applied["id"] == receipt.remote.id
    assert applied["language"] == ("es" if bench.kind in ("mastodon", "bluesky", "webhook", "google_business", "teams") else None)
    assert bool(applied["picture"]) is (bench.image is not None)
    if bench.kind not in (*WORDLESS, *UNADDRESSED):
        assert receipt.url == applied["url"]
        with urllib.request.urlopen(applied["url"]) as page:
            assert LINK in page.read().decode()


@pytest.mark.parametrize("situation", WAITS)
def test_a_refusal_for_rate_waits_as_long_as_the_network_says(bench: Bench, situation: str) -> None:
    value, least = WAITS[situation]
    bench.networks.misbehave(bench.kind, "429", retry_after_s=value)

    error = failure(lambda: bench.broadcast(bench.post()))

    assert isinstance(error, Unavailable)
    assert error.outcome is OutcomeClass.THROTTLED
    assert error.retry_after_s == least
    assert bench.truth() == []


@pytest.mark.parametrize("situation", SERVER_FAULTS)
def test_a_server_fault_on_a_create_says_nothing_about_what_was_done(bench: Bench, situation: str) -> None:
    """D6"""
    status, applied = SERVER_FAULTS[situation]
    bench.networks.misbehave(bench.kind, "5xx", status=status, applied=applied)

    error = failure(lambda: bench.broadcast(bench.post()))

    assert isinstance(error, Uncertain)
    assert error.outcome is OutcomeClass.AMBIGUOUS
    assert len(bench.truth()) == applied


@pytest.mark.parametrize("situation", NO_ANSWER)
def test_a_lost_answer_is_uncertain(bench: Bench, situation: str) -> None:
    fault, applied = NO_ANSWER[situation]
    bench.networks.misbehave(bench.kind, **fault)

    error = failure(lambda: bench.broadcast(bench.post(), SHORT_S))

    assert isinstance(error, Uncertain)
    assert error.outcome is OutcomeClass.AMBIGUOUS
    assert len(bench.truth()) == applied


def test_a_post_that_takes_effect_late_is_uncertain_and_then_there(bench: Bench) -> None:
    bench.networks.misbehave(bench.kind, "late", after_s=600, times=1)
    error = failure(lambda: bench.broadcast(bench.post(), SHORT_S))
    before = len(bench.truth())

    bench.networks.release()

    assert isinstance(error, Uncertain)
    assert (before, len(bench.truth())) == (0, 1)


def test_a_network_that_refuses_connections_got_nothing(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    config = configured(bench.kind, nowhere)
    if bench.kind in SESSIONS:
        config = replace(config, access_token=bench.config.access_token)

    error = failure(lambda: bench.broadcast(bench.post(), config=config))

    assert isinstance(error, Unavailable)
    assert error.outcome is OutcomeClass.RETRY


def test_a_revoked_token_asks_for_a_new_sign_in(bench: Bench) -> None:
    bench.networks.misbehave(bench.kind, "revoked")

    error = failure(lambda: bench.broadcast(bench.post()))

    # A receiver of webhooks is the bank's own: what it refuses may pass, and no sign-in helps.
    expected = (Unavailable, OutcomeClass.RETRY) if bench.kind == "webhook" else (Rejected, OutcomeClass.REAUTH)
    assert (type(error), error.outcome) == expected
    assert bench.truth() == []


def test_an_account_that_may_not_post_is_told_apart(bench: Bench) -> None:
    bench.networks.misbehave(bench.kind, "denied")

    error = failure(lambda: bench.broadcast(bench.post()))

    assert isinstance(error, Rejected)
    assert error.outcome is (OutcomeClass.GONE if bench.kind in ("webhook", "teams") else OutcomeClass.DENIED)
    assert not error.single and not error.parent_gone


def test_a_text_that_the_network_refuses_is_a_matter_of_content(bench: Bench) -> None:
    if bench.kind in WORDLESS:
        assert not bench.module.limits(bench.config).per_link
        return
    maximum = ROOMY.get(bench.kind, bench.module.limits(bench.config).maximum)

    error = failure(lambda: bench.broadcast(bench.post(text="x" * (maximum + 1))))

    assert isinstance(error, Rejected)
    assert error.outcome is OutcomeClass.CONTENT
    assert bench.truth() == []


def test_a_refusal_as_a_repeat_is_uncertain(bench: Bench) -> None:
    bench.networks.misbehave(bench.kind, "duplicate")

    error = failure(lambda: bench.broadcast(bench.post()))

    if bench.kind == "webhook":
        assert (type(error), error.outcome) == (Unavailable, OutcomeClass.RETRY)
    else:
        assert (type(error), error.outcome) == (Uncertain, OutcomeClass.DUPLICATE)


# --- repeats ------------------------------------------------------------------------------------------------------------------------

REPEATED = {  # X and Facebook refuse
    **dict.fromkeys(("mastodon", "bluesky", "webhook", "matrix"), 1),
    **dict.fromkeys(("telegram", "pinterest", "google_business", "slack", "slack_webhook", "discord", "sms"), 2),
}


@pytest.mark.parametrize("kind", REPEATED)
def test_a_repeat_is_harmless_exactly_where_the_class_says_so(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    post = bench.post()

    receipts = [bench.broadcast(post), bench.broadcast(post)]

    assert len(bench.truth()) == REPEATED[kind]
    assert (receipts[0] == receipts[1]) is (REPEATED[kind] == 1 or kind in SAYS_NO_ID)


@pytest.mark.parametrize("kind", ["x", "facebook"])
@pytest.mark.parametrize("attempt", range(5))
def test_an_equal_text_after_a_lost_answer_is_refused_and_can_be_read_back(
    kind: str, attempt: int, networks: RunningNetworks, clock: Hands
) -> None:
    """D9"""
    bench = bench_for(kind, networks, clock)
    networks.misbehave(kind, "timeout", applied=True, times=1)
    code = f"K7Q2M3{'ABCDE'[attempt]}"
    post = bench.post(text=f"Aviso {attempt}. https://status.bank.es/u/{code}", code=code)
    failure(lambda: bench.broadcast(post, SHORT_S))

    error = failure(lambda: bench.broadcast(post))

    assert (type(error), error.outcome) == (Uncertain, OutcomeClass.DUPLICATE)
    assert bench.find(code).remote.id == bench.truth()[0]["id"]
    assert len(bench.truth()) == 1


def test_a_server_that_forgets_keys_posts_twice_which_is_why_it_counts_as_bare(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("mastodon", networks, clock)
    networks.misbehave("mastodon", "keys_forgotten")
    post = bench.post()

    bench.broadcast(post)
    bench.broadcast(post)

    assert len(bench.truth()) == 2
    assert bench.module.delivery_class(replace(bench.config, honours_keys=False)) == "bare"
    assert bench.module.delivery_class(bench.config) == "keyed"


def test_another_text_under_the_same_record_key_is_refused_and_the_first_stands(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("bluesky", networks, clock)
    bench.broadcast(bench.post())

    error = failure(lambda: bench.broadcast(bench.post(text="Otra cosa.")))

    assert (type(error), error.outcome, error.code) == (Uncertain, OutcomeClass.DUPLICATE, "InvalidSwap")
    assert [one["text"] for one in bench.truth()] == [WORDS]


# --- threads ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "reply" in BROADCASTERS[kind].MODES])
def test_replies_hang_on_the_post_before_and_on_the_root(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = _replying(kind, networks, clock)
    root = bench.broadcast(bench.post()).remote

    first = bench.broadcast(bench.post("Uno.", 2, reply_to=root, root=root)).remote
    bench.broadcast(bench.post("Dos.", 3, reply_to=first, root=root))

    before = root if kind == "slack" else first  # in a thread of Slack everything answers its first message
    assert [(one["in_reply_to"], one["root"]) for one in bench.truth()] == [(None, root.id), (root.id, root.id), (before.id, root.id)]


@pytest.mark.parametrize("kind", ["mastodon", "x", "slack"])
@pytest.mark.parametrize("attempt", range(5))
def test_a_reply_to_a_post_that_was_taken_down_says_that_the_parent_is_gone(
    kind: str, attempt: int, networks: RunningNetworks, clock: Hands
) -> None:
    """D15"""
    bench = _replying(kind, networks, clock)
    root = bench.broadcast(bench.post()).remote
    networks.remove(kind, root.id)

    error = failure(lambda: bench.broadcast(bench.post(f"Sigue {attempt}.", 2, reply_to=root, root=root)))

    assert isinstance(error, Rejected)
    assert error.parent_gone


def test_telegram_posts_alone_where_the_message_replied_to_is_gone_and_says_so(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("telegram", networks, clock)
    root = bench.broadcast(bench.post()).remote
    networks.remove("telegram", root.id)

    receipt = bench.broadcast(bench.post("Sigue.", 2, reply_to=root, root=root))

    assert receipt.notes == ("The message replied to is gone: posted alone.",)


def test_bluesky_takes_a_reply_to_a_post_that_is_gone_without_a_word(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("bluesky", networks, clock)
    root = bench.broadcast(bench.post()).remote
    networks.remove("bluesky", root.id)

    bench.broadcast(bench.post("Sigue.", 2, reply_to=root, root=root))

    assert bench.truth()[-1]["in_reply_to"] == root.id


def test_x_posts_alone_where_a_reply_is_not_allowed_and_says_so(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("x", networks, clock)
    bench.config = replace(bench.config, may_reply=True)
    root = bench.broadcast(bench.post()).remote

    receipt = bench.broadcast(bench.post("Sigue.", 2, reply_to=root, root=root))

    assert "posted alone" in receipt.notes[0]
    assert bench.truth()[-1]["in_reply_to"] is None


def test_x_does_not_even_try_to_reply_where_the_account_may_not(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("x", networks, clock)
    root = bench.broadcast(bench.post()).remote

    receipt = bench.broadcast(bench.post("Sigue.", 2, reply_to=root, root=root))

    assert receipt.notes == ()
    assert bench.truth()[-1]["in_reply_to"] is None


def _replying(kind: str, networks: RunningNetworks, clock: Hands) -> Bench:
    bench = bench_for(kind, networks, clock)
    if kind == "x":
        networks.misbehave("x", "replies_allowed")
        bench.config = replace(bench.config, may_reply=True)
    return bench


# --- edits --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EDITING)
def test_an_edit_rewrites_the_post_and_a_repeat_changes_nothing(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    first = bench.broadcast(bench.post())
    rewritten = bench.post("Resuelto.", 2, edit=first.remote)

    receipts = [bench.edit(rewritten), bench.edit(rewritten)]

    (applied,) = bench.truth()
    assert (applied["text"], [one["text"] for one in applied["revisions"]]) == ("Resuelto.", [WORDS])
    assert [(one.remote.id, one.url) for one in receipts] == [(first.remote.id, first.url)] * 2


@pytest.mark.parametrize("kind", EDITING)
@pytest.mark.parametrize("fault", [{"fault": "timeout", "applied": True}, {"fault": "5xx", "applied": False}, {"fault": "cut"}])
def test_an_edit_without_answer_may_be_repeated(kind: str, fault: dict[str, Any], networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    rewritten = bench.post("Resuelto.", 2, edit=bench.broadcast(bench.post()).remote)
    networks.misbehave(kind, **fault, times=1)

    error = failure(lambda: bench.edit(rewritten, SHORT_S))
    bench.edit(rewritten)

    assert (type(error), error.outcome) == (Unavailable, OutcomeClass.RETRY)
    assert [one["text"] for one in bench.truth()] == ["Resuelto."]
    assert len(bench.truth()[0]["revisions"]) == 1


@pytest.mark.parametrize("kind", EDITING)
def test_an_edit_of_a_post_that_was_taken_down_says_that_it_is_gone(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    first = bench.broadcast(bench.post()).remote
    networks.remove(kind, first.id)

    error = failure(lambda: bench.edit(bench.post("Resuelto.", 2, edit=first)))

    assert isinstance(error, Rejected)
    assert error.parent_gone


@pytest.mark.parametrize("kind", EDITING)
def test_an_edit_that_names_no_post_is_our_own_mistake(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)

    with pytest.raises(ValueError, match=r"post\.edit"):
        bench.edit(bench.post())


# --- finding again ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", READABLE)
@pytest.mark.parametrize("situation", NO_ANSWER)
def test_a_post_whose_answer_was_lost_is_found_by_its_marker_or_proven_absent(
    kind: str, situation: str, networks: RunningNetworks, clock: Hands
) -> None:
    bench = bench_for(kind, networks, clock)
    fault, applied = NO_ANSWER[situation]
    bench.broadcast(bench.post("Otro aviso. Ref AAAAAAA", 1))
    networks.misbehave(kind, **fault, times=1)
    failure(lambda: bench.broadcast(bench.post(number=2), SHORT_S))

    found = bench.find()

    if applied:
        assert (found.remote.id, found.url) == (bench.truth()[-1]["id"], bench.truth()[-1]["url"])
        assert LINK in found.text
    else:
        assert found is None


@pytest.mark.parametrize("kind", READABLE)
@pytest.mark.parametrize(
    "marker", [f"Ref {CODE}", f"({CODE})", f"https://status.bank.example/u/{CODE}", f"http://127.0.0.1:8000/u/{CODE}."]
)
def test_the_marker_is_found_in_every_form_in_which_posts_carry_it(kind: str, marker: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    receipt = bench.broadcast(bench.post(f"Pagos con tarjeta: no funcionan. {marker}"))

    found = bench.find()

    assert found.remote == receipt.remote


@pytest.mark.parametrize("kind", READABLE)
def test_a_code_inside_another_word_is_no_marker(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    bench.broadcast(bench.post(f"Ref {CODE}A y A{CODE}"))

    assert bench.find() is None


@pytest.mark.parametrize("kind", READABLE)
@pytest.mark.parametrize("fault", [{"fault": "5xx"}, {"fault": "timeout"}, {"fault": "cut"}, {"fault": "429"}])
def test_a_timeline_that_cannot_be_read_proves_nothing(kind: str, fault: dict[str, Any], networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    networks.misbehave(kind, **fault, on="read")
    bench.deadline_s = SHORT_S

    error = failure(bench.find)

    assert isinstance(error, Unavailable)


@pytest.mark.parametrize("kind", READABLE)
def test_a_timeline_that_lags_shows_the_post_after_its_time(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    networks.misbehave(kind, "lag", seconds=20)
    bench.broadcast(bench.post())

    seen = []
    for _ in range(3):
        seen.append(bench.find() is not None)
        clock.turn(10)

    assert seen == [False, False, True]


@pytest.mark.parametrize("kind", READABLE)
def test_a_timeline_of_many_pages_is_read_back_to_the_moment_asked_for(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    since = clock()
    bench.broadcast(bench.post())
    posts = getattr(bench.module, "PAGE", 40) + 5
    for number in range(2, posts + 1):
        bench.broadcast(bench.post(f"Aviso {number}.", number))

    recent = bench.module.recent(bench.config, bench.http(), since)

    assert len(recent) == posts
    assert bench.find() is not None


def test_more_posts_than_can_be_read_are_no_proof_of_absence(
    networks: RunningNetworks, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_for("facebook", networks, clock)
    monkeypatch.setattr(timeline, "MOST_PAGES", 2)
    for number in range(2 * bench.module.PAGE + 1):
        bench.broadcast(bench.post(f"Aviso {number}.", number))

    error = failure(bench.find)

    assert isinstance(error, Unavailable)


# --- accounts -----------------------------------------------------------------------------------------------------------------------


def test_verify_names_the_account_and_posts_nothing(bench: Bench) -> None:
    said = bench.module.verify(bench.config, bench.http())

    assert ("demobank" in said) or bench.kind in UNASKED
    assert bench.truth() == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("bluesky", *UNASKED)])
def test_verify_tells_of_a_revoked_token(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    networks.misbehave(kind, "revoked")

    error = failure(lambda: bench.module.verify(bench.config, bench.http()))

    assert error.outcome is OutcomeClass.REAUTH


def _expired(act: Callable[[], object]) -> None:
    assert failure(act).outcome is OutcomeClass.REAUTH


def test_a_bluesky_session_that_ran_out_is_renewed(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("bluesky", networks, clock)
    networks.misbehave("bluesky", "expired")
    _expired(lambda: bench.broadcast(bench.post()))

    bench.config = replace(bench.config, **bench.module.refresh(bench.config, bench.http()))

    bench.broadcast(bench.post())
    assert len(bench.truth()) == 1


def test_a_spent_bluesky_refresh_token_gives_way_to_the_app_password(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("bluesky", networks, clock)
    spent = replace(bench.config, access_token="gone", refresh_token="gone")
    _expired(lambda: bench.module.broadcast(bench.post(), spent, bench.http()))

    renewed = replace(spent, **bench.module.refresh(spent, bench.http()))

    assert bench.module.broadcast(bench.post(), renewed, bench.http()).remote.id == bench.truth()[0]["id"]


def test_without_a_bluesky_session_nothing_is_sent(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("bluesky", networks, clock)
    bare = replace(bench.config, access_token="")

    error = failure(lambda: bench.module.broadcast(bench.post(), bare, bench.http()))

    assert (error.outcome, error.code) == (OutcomeClass.REAUTH, "NoSession")


def test_a_wrong_bluesky_app_password_is_a_matter_for_a_person(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("bluesky", networks, clock)
    password = "wrong-" * 3
    wrong = replace(bench.config, app_password=password, refresh_token="")

    error = failure(lambda: bench.module.refresh(wrong, bench.http()), (password,))

    assert (type(error), error.outcome) == (Rejected, OutcomeClass.REAUTH)


def test_an_x_refresh_token_works_once_and_gives_the_next(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("x", networks, clock)
    first = replace(bench.config, refresh_token=f"{bench.config.access_token}-refresh", client_id="demo-x-client")

    second = replace(first, **bench.module.refresh(first, bench.http()))
    third = replace(second, **bench.module.refresh(second, bench.http()))
    error = failure(lambda: bench.module.refresh(second, bench.http()), (second.refresh_token, second.access_token))

    assert error.outcome is OutcomeClass.REAUTH
    assert bench.module.broadcast(bench.post(), third, bench.http()).remote == Remote(bench.truth()[0]["id"])


def test_x_without_refresh_token_says_that_a_person_must_sign_in(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("x", networks, clock)

    error = failure(lambda: bench.module.refresh(bench.config, bench.http()))

    assert error.outcome is OutcomeClass.REAUTH
