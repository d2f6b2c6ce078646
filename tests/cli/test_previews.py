"""`--preview` shows what would go out, and nothing goes out."""

from __future__ import annotations

from tests.cli.terminal import Terminal


def test_a_declaration_is_previewed_for_programs_and_then_said_word_for_word(terminal: Terminal) -> None:
    asked = ("incident", "declare", "login", "--text", "en=The app works.")

    shown = terminal.json(*asked, "--preview")
    assert terminal.json("incident", "list") == []
    one = terminal.json(*asked)["id"]
    said = terminal.json("incident", "show", one)

    assert shown["page"] == said["updates"][0]["texts"] and shown["titles"]["es"]
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


def test_what_the_guard_rails_refuse_is_named_in_every_language(terminal: Terminal) -> None:
    said = terminal.refused(
        1, "incident", "declare", "login", "--text", "en=Call 0900 123 987", "--text", "es=Vaya a evil.example/x", "--preview"
    )

    assert "en: " in said and "es: " in said
