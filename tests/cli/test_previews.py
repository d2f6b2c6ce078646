"""`--preview` shows what would go out, and nothing goes out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tests.cli.terminal import Terminal


def timeless(texts: dict[str, str]) -> dict[str, str]:
    """Without the hours: a minute may pass between a preview and what is said then."""
    return {language: re.sub(r"\d?\d:\d\d", "…", text) for language, text in texts.items()}


def test_a_declaration_is_previewed_for_programs_and_then_said_word_for_word(terminal: Terminal) -> None:
    asked = ("incident", "declare", "login", "--text", "en=The app works.")

    shown = terminal.json(*asked, "--preview")
    assert terminal.json("incident", "list") == []
    one = terminal.json(*asked)["id"]
    said = terminal.json("incident", "show", one)

    assert timeless(shown["page"]) == timeless(said["updates"][0]["texts"]) and shown["titles"]["es"]
    assert {post["channel"] for post in shown["posts"]} == {"mastodon-en", "press"}
    post = next(post for post in shown["posts"] if post["channel"] == "mastodon-en")
    assert (post["place"], post["left_out"], post["language"]) == ("first", [], "en")
    assert post["lengths"][0]["allowed"] == 500 and 0 < post["lengths"][0]["used"] < 500
    assert post["code"] in post["text"] and post["link"].endswith(f"/u/{post['code']}")


def test_every_step_is_previewed_for_people(terminal: Terminal) -> None:
    one = terminal.json("incident", "declare", "login")["id"]

    update = terminal.ok("incident", "update", one, "--status", "identified", "--cause", "change", "--preview")
    wrong = terminal.ok("incident", "correct", one, "1", "--wrong", "en=We said all.", "--right", "en=It is the app.", "--preview")
    end = terminal.ok("incident", "resolve", one, "--cause", "change", "--preview")

    assert "Nothing was said." in update and "A change in our own systems caused this." in update and "replaces update 1" in update
    assert "It is the app." in wrong and "press: silent. Nothing is said in 'es'" in wrong
    assert "--- page, es" in end
    assert len(terminal.json("incident", "show", one)["updates"]) == 1


def test_planned_work_is_previewed_at_every_step(terminal: Terminal) -> None:
    begins, ends, later = ((datetime.now(UTC) + timedelta(days=3, hours=hours)).isoformat() for hours in (0, 2, 3))
    asked = ("maintenance", "plan", "login", "--from", begins, "--until", ends)

    shown = terminal.json(*asked, "--preview")
    assert terminal.json("maintenance", "list") == []
    one = terminal.json(*asked)["id"]
    cancelled = terminal.ok("maintenance", "cancel", one, "--preview")
    started = terminal.ok("maintenance", "start", one, "--preview")
    terminal.ok("maintenance", "start", one)
    longer = terminal.json("maintenance", "extend", one, "--until", later, "--preview")
    done = terminal.json("maintenance", "complete", one, "--preview")
    wrong = terminal.ok("maintenance", "correct", one, "1", "--wrong", "en=It is all.", "--right", "en=It is the app.", "--preview")

    assert shown["kind"] == "planned" and set(shown["page"]) == {"en", "es"} and shown["titles"]["en"]
    assert {post["channel"] for post in shown["posts"]} == {"mastodon-en", "press"}
    assert "Nothing was said." in cancelled and "Nothing was said." in started and "It is the app." in wrong
    assert (longer["kind"], done["kind"]) == ("planned_longer", "planned_done")
    assert terminal.json("maintenance", "show", one)["status"] == "in_progress"


def test_what_the_guard_rails_refuse_is_named_in_every_language(terminal: Terminal) -> None:
    said = terminal.refused(
        1, "incident", "declare", "login", "--text", "en=Call 0900 123 987", "--text", "es=Vaya a evil.example/x", "--preview"
    )

    assert "en: " in said and "es: " in said
