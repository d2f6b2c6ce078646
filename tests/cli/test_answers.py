"""`statuspage answers`: what to write to customers, and what counter and phone say."""

from __future__ import annotations

from tests.cli.terminal import Terminal


def test_answers_for_people_before_and_during_trouble(terminal: Terminal) -> None:
    before = terminal.ok("answers")
    terminal.json("incident", "declare", "login")

    spanish = terminal.ok("answers", "--language", "es", "--ref", "2026-1234", "--reply-by", "2026-03-01T18:00+01:00")
    staff = terminal.ok("answers", "--language", "en", "--staff")

    assert "Nothing is wrong" in before and "[es] Ahora mismo no nos consta ninguna avería." in before
    assert "No se puede entrar." in spanish and "Su referencia: 2026-1234." in spanish and "[en]" not in spanish
    assert "What nobody says" in staff and "Reported by a colleague" in staff and "[en]" not in staff


def test_answers_for_programs(terminal: Terminal) -> None:
    nothing = terminal.json("answers")
    one = terminal.json("incident", "declare", "login")["id"]

    found = terminal.json("answers", "--language", "en")

    assert nothing["nothing_wrong"] is True and nothing["about"] == []
    assert [about["id"] for about in found["about"]] == [one]
    assert set(found["about"][0]["answers"][0]["texts"]) == {"en"}


def test_a_language_that_the_page_does_not_speak_is_refused(terminal: Terminal) -> None:
    assert "Use: en, es" in terminal.refused(1, "answers", "--language", "pt")
