"""A configuration is taken whole or refused whole, with the line of every mistake and never a secret."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from statuspage.settings.loader import ConfigError, Loaded, load_text
from statuspage.settings.summary import summary

GOOD = """\
page:
  name: My Bank
  bank: My Bank
  url: https://status.example.com
  languages: [en, es]
components:
  - slug: login
    name: {en: Log in, es: Entrar}
    symptom: login
probes:
  - name: home
    kind: http
    component: login
    target: {url: "https://www.example.com/", contains: [welcome]}
accounts:
  - name: mastodon
    kind: mastodon
    config: {base_url: "https://social.example", access_token: "${TOKEN}"}
channels:
  - {name: mastodon-en, account: mastodon, language: en}
"""
ENVIRON = {"TOKEN": "canary-token-7f3a"}
TODAY = date(2026, 11, 23)


def load(text: str, environ: dict[str, str] | None = None, folder: Path = Path("/nowhere")) -> Loaded:
    return load_text(text, name="statuspage.yaml", folder=folder, environ=ENVIRON if environ is None else environ)


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text, environ)
    return caught.value.problems


def test_a_good_file_is_taken_with_its_targets_and_accounts() -> None:
    loaded = load(GOOD)

    assert loaded.settings.page.name == "My Bank"
    assert loaded.targets["home"].url == "https://www.example.com/"
    assert loaded.configs["mastodon"].access_token == "canary-token-7f3a"
    assert "canary-token" not in loaded.text
    assert "canary-token" not in repr(loaded.configs)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("  name: My Bank\n", "  name: My Bank\n  flavour: red\n", 3, "unknown"),
        ("symptom: login", "symptom: login\n    fancy: 1", 10, "unknown"),
        ("kind: http", "kind: gopher", 12, "'gopher'"),
        ("contains: [welcome]", "contans: [welcome]", 14, "unknown"),
        ("account: mastodon, language: en", "account: mastodn, language: en", 20, "'mastodn'"),
        ("account: mastodon, language: en", "account: mastodon, language: fr", 20, "'fr'"),
        ("component: login", "component: logn", 13, "'logn'"),
        ("https://status.example.com", "https://status.example.com/", 4, "slash"),
        ("https://status.example.com", "status.example.com", 4, "is not the address of a page"),
        ("languages: [en, es]", "languages: [en, es]\n  time_zone: Mars/Base", 6, "IANA"),
        ("  - slug: login\n", "  - slug: login\n    slug: login\n", 8, "second time"),
        ("{en: Log in, es: Entrar}", "{es: Entrar}", 8, "default language"),
        ("symptom: login", "symptom: login\n    depends_on: [login]", 10, "'login'"),
        ("symptom: login", "symptom: login\n    group: nowhere", 10, "'nowhere'"),
        ("component: login", "component: login\n    interval_s: -3", 14, "-3"),
        ("component: login", "component: login\n    interval_s: .inf", 14, "less than or equal to 31622400"),
        ("component: login", "component: login\n    timeout_s: 1.0e+300", 14, "less than or equal to 31622400"),
        ("page:", "retention: {raw_checks_days: .inf}\npage:", 1, "less than or equal to 36525"),
        ("page:", "policy: {hold_s: .nan}\npage:", 1, "nan"),
        ("page:", "publishing: {hubs: [http://hub.example.com]}\npage:", 1, "https address"),
        ("page:", "publishing: {phone_menu: http://phone.example.com}\npage:", 1, "whole https address"),
        ("component: login", "component: login\n    status: operational", 14, "degraded_performance"),
        ("language: en}", "language: en, mode: shout}", 20, "shout"),
        ("page:", "page: [", 1, "not YAML"),
    ],
)
def test_a_mistake_is_named_with_file_line_finding_and_what_is_allowed(old: str, new: str, line: int, said: str) -> None:
    text = GOOD.replace(old, new, 1)

    found = problems(text)

    assert any(said in problem for problem in found), found
    if said != "not YAML":
        assert any(problem.startswith(f"statuspage.yaml:{line}:") for problem in found), found


def test_an_unknown_key_is_answered_with_the_keys_that_are_known_there() -> None:
    (in_probe,) = problems(GOOD.replace("component: login\n", "component: login\n    intervall_s: 5\n", 1))
    (in_channel,) = problems(GOOD.replace("language: en}", "language: en, lnk: never}"))

    assert "Did you mean 'interval_s'?" in in_probe and "accounts" not in in_probe
    assert "Did you mean 'link'?" in in_channel and "interval_s" not in in_channel


def test_a_mistake_that_an_alias_repeats_is_named_once() -> None:
    text = GOOD.replace("contains: [welcome]", "contains: &words [welcome, '${NOWHERE}'], lacks: *words")

    (found,) = problems(text)

    assert "NOWHERE" in found


def test_a_language_without_texts_is_refused_before_anything_starts() -> None:
    (found,) = problems(GOOD.replace("languages: [en, es]", "languages: [en, it]"))

    assert found.startswith("statuspage.yaml:5:") and "'it'" in found and "nl" in found


def test_every_mistake_is_named_at_once() -> None:
    text = GOOD.replace("  name: My Bank\n", "  name: My Bank\n  flavour: red\n").replace("symptom: login", "sympton: login")

    found = problems(text)

    assert len(found) == 2


def test_a_secret_in_plain_words_is_refused_and_not_repeated() -> None:
    text = GOOD.replace("${TOKEN}", "canary-plain-secret")

    found = problems(text)

    assert any("plain words" in problem for problem in found)
    assert "canary-plain-secret" not in "".join(found)


def test_a_variable_that_is_not_set_is_named() -> None:
    found = problems(GOOD, environ={})

    assert any("TOKEN" in problem and "not set" in problem for problem in found)


def test_a_secret_may_come_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-from-file\n")

    loaded = load(GOOD.replace("${TOKEN}", "file:token"), folder=tmp_path)

    assert loaded.configs["mastodon"].access_token == "canary-from-file"


def test_a_wrong_secret_never_stands_in_the_message() -> None:
    text = GOOD.replace("access_token", "access_tokn")

    found = problems(text)

    assert "canary-token-7f3a" not in "".join(found)


@pytest.mark.parametrize("name", ["google+", "google_plus", "googleplus", "google-plus", "gplus", "Google Plus", "Google+", "g+"])
def test_google_plus_is_told_to_be_closed_and_what_took_its_place(name: str) -> None:
    found = problems(GOOD.replace("kind: mastodon", f"kind: {name}"))

    assert any("closed in 2019" in problem and "kind google_business" in problem for problem in found)


@pytest.mark.parametrize("purpose", ["sandbox", "operators"])
def test_rehearsals_and_alarms_have_no_place_on_networks_that_take_pictures(purpose: str) -> None:
    text = (
        GOOD.split("accounts:")[0]
        + f"""accounts:
  - {{name: pictures, kind: pinterest, config: {{board_id: "63", access_token: "${{TOKEN}}"}}}}
channels:
  - {{name: pictures-en, account: pictures, language: en, {purpose}: true}}
"""
    )

    (found,) = problems(text)

    assert "neither rehearsals nor alarms" in found


def many(probes: int, more: str = "") -> str:
    """A configuration with so many probes."""
    ones = [f"  - {{name: p{n}, kind: tcp, component: login, target: {{host: www.example.com, port: 443}}{more}}}\n" for n in range(probes)]
    return GOOD[: GOOD.index("probes:")] + "probes:\n" + "".join(ones)


@pytest.mark.parametrize(("probes", "warned"), [(200, False), (201, True)])
def test_more_probes_than_a_prober_has_slots_for_are_warned_of(probes: int, warned: bool) -> None:
    told = summary(load(many(probes)), TODAY).warnings

    assert any(f"here: when every target hangs, {probes * 2} checks would be in flight at once" in line for line in told) is warned


@pytest.mark.parametrize(("locations", "warned"), [("", False), ("locations: [{name: a}, {name: b}]\n", True)])
def test_places_that_one_process_would_look_from_are_warned_of(locations: str, warned: bool) -> None:
    told = " ".join(summary(load(locations + many(1)), TODAY).warnings)

    assert ("looks from all 2 locations (a, b), from one machine and its one network" in told) is warned
    assert ("statuspage prober --location a" in told) is warned


def test_probes_that_are_spread_over_locations_are_counted_where_they_run() -> None:
    text = "locations: [{name: a}, {name: b}]\n" + many(300, ", locations: [LOCATION]")
    for name in "ab" * 150:
        text = text.replace("LOCATION", name, 1)

    told = summary(load(text), TODAY).warnings

    assert not any("in flight" in line for line in told)


@pytest.mark.parametrize(("until", "told"), [("2026-12-05", "in 12 days, on 2026-12-05"), ("2027-06-01", "in 190 days, on 2027-06-01")])
def test_check_says_how_long_the_credentials_of_an_account_last(until: str, told: str) -> None:
    text = GOOD.replace("kind: mastodon\n", f"kind: mastodon\n    expires: {until}\n")

    assert f"account mastodon: the credentials run out {told}. Put new ones into the configuration." in summary(load(text), TODAY).warnings


@pytest.mark.parametrize("wrong", ["soon", "31.12.2026", "5", "true"])
def test_an_end_of_credentials_that_is_no_day_is_refused_with_its_line(wrong: str) -> None:
    text = GOOD.replace("kind: mastodon\n", f"kind: mastodon\n    expires: {wrong}\n")

    with pytest.raises(ConfigError) as refused:
        load(text)

    line = next(number for number, one in enumerate(text.splitlines(), 1) if "expires" in one)
    assert f":{line}:" in str(refused.value) and "expires" in str(refused.value) and "2027-01-31" in str(refused.value)


def png(width: int = 60, height: int = 20) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (width, height)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "cannot be read"),
        (b"GIF89a", "Use a PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(400_000), "at most 300 kB"),
        (b"\x89PNG\r\n\x1a\n...", "is damaged"),
        (png(600, 200)[:60], "is damaged"),
        (png()[:45] + bytes([png()[45] ^ 0xFF]) + png()[46:], "is damaged"),
        (png(4000, 3000), "4000 x 3000 pixels. Use a PNG of at most 10 million pixels"),
        (png(20_000, 20_000), "at most 10 million pixels"),
    ],
)
def test_a_logo_that_cannot_be_drawn_is_refused(data: bytes | None, said: str, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / "logo.png").write_bytes(data)
    text = GOOD.replace("  bank: My Bank\n", "  bank: My Bank\n  logo: logo.png\n  colour: '#aa0000'\n")

    with pytest.raises(ConfigError) as caught:
        load_text(text, name="statuspage.yaml", folder=tmp_path, environ=ENVIRON)

    assert any(problem.startswith("statuspage.yaml:") and "page.logo" in problem and said in problem for problem in caught.value.problems)


def test_a_logo_is_taken_from_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png())
    text = GOOD.replace("  bank: My Bank\n", "  bank: My Bank\n  logo: logo.png\n")

    assert load_text(text, name="statuspage.yaml", folder=tmp_path, environ=ENVIRON).logo == png()


def test_an_alias_bomb_is_refused_before_it_unfolds() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    found = problems("\n".join(levels))

    assert any("aliases" in problem for problem in found)


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_with_a_line(text: str) -> None:
    try:
        load(text)
    except ConfigError as error:
        assert all(problem.startswith("statuspage.yaml:") for problem in error.problems)


@given(st.binary(max_size=120), st.integers(0, len(GOOD)))
def test_a_good_file_with_noise_in_it_never_breaks_the_reader(noise: bytes, at: int) -> None:
    text = GOOD[:at] + noise.decode("latin-1") + GOOD[at:]

    try:
        load(text)
    except ConfigError as error:
        assert error.problems


@pytest.mark.parametrize(
    ("key", "colour", "said"),
    [
        ("link_colour", "#ff6200", "light paper is 2.76:1; at least 4.5:1 is needed. The nearest colour that has it: #c24b00."),
        ("link_colour_dark", "#0a56a8", "dark paper is 2.35:1; at least 4.5:1 is needed. The nearest colour that has it: #5187c1."),
    ],
)
def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_can(key: str, colour: str, said: str, tmp_path: Path) -> None:
    text = GOOD.replace("  bank: My Bank\n", f"  bank: My Bank\n  {key}: '{colour}'\n")
    line = text.splitlines().index(f"  {key}: '{colour}'") + 1

    with pytest.raises(ConfigError) as caught:
        load_text(text, name="statuspage.yaml", folder=tmp_path, environ=ENVIRON)

    (problem,) = caught.value.problems
    assert problem.startswith(f"statuspage.yaml:{line}: page.{key}: found '{colour}', whose contrast ") and said in problem
    better = problem.rpartition(" ")[2].rstrip(".")
    assert load_text(text.replace(colour, better), name="statuspage.yaml", folder=tmp_path, environ=ENVIRON)


@pytest.mark.parametrize("kind", ["http", "tls"])
def test_issuers_are_looked_for_beside_the_file_and_those_that_cannot_be_used_are_told(kind: str, tmp_path: Path) -> None:
    """Ours to mend: with them missing every check would find nothing, whatever the bank does."""
    (tmp_path / "empty.pem").write_text("no certificate")
    text = (
        GOOD
        if kind == "http"
        else GOOD.replace("kind: http", "kind: tls").replace('url: "https://www.example.com/", contains: [welcome]', "host: x.com")
    )

    missing = load(text.replace("target: {", "target: {ca_file: issuers.pem, "), folder=tmp_path)
    empty = load(text.replace("target: {", "target: {ca_file: empty.pem, "), folder=tmp_path)

    assert [target.ca_file for target in missing.targets.values() if getattr(target, "ca_file", "")] == [str(tmp_path / "issuers.pem")]
    assert any("issuers.pem cannot be used (No such file or directory)" in line for line in summary(missing, TODAY).warnings)
    assert any("empty.pem cannot be used (no certificate stands in it)" in line for line in summary(empty, TODAY).warnings)
