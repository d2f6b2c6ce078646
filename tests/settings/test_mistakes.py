"""Slips that people make in YAML: each is told with its line, what was found and what is allowed, in words of YAML, not of Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.vocabulary import Impact
from statuspage.probes.place import BadPlace, check_host, without_secrets
from statuspage.settings.loader import LARGEST, ConfigError, load_file
from tests.settings.test_loader import ENVIRON, GOOD, load, problems

PYTHON = ("NoneType", "dict", "Input should", "instance of", "datetime", "Traceback", "mapping[", "tuple")
READING = (
    "this is not YAML",
    "cannot be read",
    "wants quotes",
    "Write the character itself",
)  # said of what is read, before there are values


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (GOOD, "page: 5\ncomponents: []", 1, "page: found 5. Allowed is a mapping with the keys name, bank, url,"),
        (GOOD, "page: 5\ncomponents: []", 2, "components: Allowed is a list with at least 1; this one has 0."),
        ("components:\n", "groups:\ncomponents:\n", 6, "groups: found nothing. Allowed is a list: [one, two], or lines that begin with"),
        ("  name: My Bank", "  name: 2026", 2, "page.name: found 2026. Allowed is a text; put it in quotes."),
        ("  name: My Bank", "  name: 2026-11-22", 2, "page.name: found 2026-11-22. Allowed is a text; put it in quotes."),
        ("  name: My Bank", "  name: yes", 2, "page.name: found true. Allowed is a text; put it in quotes."),
        ("  name: My Bank", "  name: '  '", 2, "page.name: found '  '. Allowed is a text on one line that is not blank."),
        ("  name: My Bank", f"  name: {'x' * 300}", 2, "… (302 letters). Allowed is a text of at most 57 letters; this one has 300."),
        ("  name: My Bank", "  name: My Bank\n  colour: #0b3d6e", 3, "behind a # stands a comment, unless it is in quotes."),
        ("  name: My Bank", "  name: My Bank\n  colour: blue", 3, "found 'blue'. Allowed is a colour in quotes, e.g. '#0b3d6e'."),
        ("  name: My Bank", "  name: My Bank\n  phone: call us", 3, "page.phone: found 'call us' is not a telephone number."),
        ("  name: My Bank", "  name: My Bank\n  contact_path: contact", 3, "page.contact_path: found 'contact' is not a path"),
        ("  name: My Bank", "  name: My Bank\n  contact_path: /history/x", 3, "where other pages stand"),
        ("  name: My Bank", "  name: My Bank\n  contact_path: /", 3, "where other pages stand"),
        ("  name: My Bank", "  name: My Bank\n  contact_path: /en", 3, "where other pages stand"),
        ("  name: My Bank", "  name: My Bank\n  claim_path: /status.txt", 3, "names with a dot"),
        ("  name: My Bank", "  name: My Bank\n  contact_path: /console/help", 3, "where other pages stand"),
        ("  name: My Bank", "  name: My Bank\n  contact_path: /claim/", 1, "which is page.contact_path too"),
        ("  name: My Bank", "  name: My Bank\n  hosts: [https://www.bank.example]", 3, "Write a host's name alone"),
        ("  name: My Bank", "  name: My Bank\n  time_zone: Europe", 3, "Write a name of the IANA list"),
        ("https://status.example.com", "https://status.example.com?x=1", 4, "is not the address of a page"),
        ("https://status.example.com", "https://status.example.com:99999", 4, "is not the address of a page"),
        ("languages: [en, es]", "languages: []", 5, "Allowed is a list with at least 1"),
        ("languages: [en, es]", "languages: en", 5, "page.languages: found 'en'. Allowed is a list"),
        ("languages: [en, es]", "languages: [en, es, en]", 5, "'en' stands in page.languages a second time"),
        ("{en: Log in, es: Entrar}", "{english: Log in}", 8, "name.english: found 'english'. Allowed is a language in two small letters"),
        ("{en: Log in, es: Entrar}", "Log in", 8, "name: found 'Log in'. Allowed is a mapping"),
        ("slug: login", "slug: Log In", 7, "found 'Log In'. Allowed is small letters, digits and hyphens"),
        ("component: login", "component: login\n    interval_s: 20s", 14, "interval_s: found '20s'. Allowed is a number."),
        ("component: login", "component: login\n    interval_s: soon", 14, "interval_s: found 'soon'. Allowed is a number."),
        ("component: login", "component: login\n    interval_s: 0", 14, "found 0. It must be greater than 0."),
        ("component: login", "component: login\n    failures_to_open: 2.5", 14, "found 2.5. Allowed is a whole number."),
        ("component: login", "component: login\n    status: down", 14, "found 'down'. Allowed is one of 'operational',"),
        ("language: en}", "language: en, sandbox: perhaps}", 20, "sandbox: found 'perhaps'. Allowed is true or false."),
        ("contains: [welcome]", "contains: welcome", 14, "target.contains: found 'welcome'. Allowed is a list"),
        ('target: {url: "https://www.example.com/", contains: [welcome]}', "target: x", 14, "target: found 'x'. Allowed is a mapping"),
        ("    kind: http\n", "", 11, "kind: this key is missing"),
        ("probes:\n", "probes: 7\nx:\n", 10, "probes: found 7. Allowed is a list"),
        ("accounts:\n", "accounts: true\nx:\n", 15, "accounts: found true. Allowed is a list"),
        ("page:", "incidents: {next_update_s: {terrible: 60}}\npage:", 1, "found 'terrible'. Allowed is one of"),
        ("page:", "delivery: {breaker_failures: 0}\npage:", 1, "It must be greater than or equal to 1"),
        ("page:", "locations: []\npage:", 1, "nothing would look"),
        ("page:", "locations: [{name: a, allow_addresses: [10.0.0.0/33]}]\npage:", 1, "found '10.0.0.0/33'. Write a network in CIDR"),
        ("page:", "locations: [{name: a, allow_addresses: [10.0.0.1/8]}]\npage:", 1, "found '10.0.0.1/8'. Write a network in CIDR"),
        (
            "page:",
            "locations: [{name: a, references: ['https://a.example', 'tcp://b.example', 'https://c.example']}]\npage:",
            1,
            "the reference 'tcp://b.example' cannot be read; write https://host, http://host or tcp://host:port: the port is missing.",
        ),
        ("  bank: My Bank", "\tbank: My Bank", 3, "Indent with blanks; a tab may not stand there"),
        ("  bank: My Bank", "   bank: My Bank", 3, "this is not YAML"),
        ("  bank: My Bank", "  bank: My: Bank", 3, "wants quotes"),
        ("  bank: My Bank", "  bank: My \x07Bank", 3, "the character U+0007 may not stand in it"),
        ("  bank: My Bank", "  bank: *nobody", 3, "an alias (a word that begins with *) stands here, but nothing was marked so"),
        ("  bank: My Bank", "  bank: !!python/object:os.system x", 3, "a tag (a word that begins with !) stands here"),
        ("page:\n", "page: !!python/object:os.system\n", 1, "a tag (a word that begins with !) stands here"),
        ("{en: Log in, es: Entrar}", "!!set {en, es}", 8, "a tag (a word that begins with !) stands here"),
        ("  bank: My Bank", "  bank: 'My Bank", 3, "The quote that begins here is not closed"),
        ("  bank: My Bank", "  bank: 2026-99-99", 3, "it looks like a number, a date or a sign of YAML. A text wants quotes"),
        ("  bank: My Bank", "  bank: 0b_", 3, "it looks like a number, a date or a sign of YAML. A text wants quotes"),
        (
            "symptom: login",
            'symptom: login\n    description: {en: "a\\a"}',
            10,
            "description.en: found 'a\\x07'. Allowed is a text without control",
        ),
        ("symptom: login", 'symptom: login\n    description: {en: "a\\ud800"}', 10, "half of a surrogate pair"),
        ("  name: My Bank", '  name: "My \\udfff Bank"', 2, "half of a surrogate pair"),
        ("  name: My Bank", '  name: My Bank\n  "\\ud800": x', 3, "half of a surrogate pair"),
        ("  bank: My Bank", "  bank: =", 3, "it looks like a number, a date or a sign of YAML. A text wants quotes"),
        (
            "component: login",
            "component: login\n    interval_s: .nan",
            14,
            "interval_s: found nan. It must be less than or equal to 31622400.",
        ),
    ],
)
def test_a_slip_is_told_in_words_of_yaml(old: str, new: str, line: int, said: str) -> None:
    found = problems(GOOD.replace(old, new, 1))

    assert [problem for problem in found if problem.startswith(f"statuspage.yaml:{line}:") and said in problem], found
    assert [(word, problem) for problem in found for word in PYTHON if word in problem] == []
    assert all(problem.endswith(".") or any(said in problem for said in READING) for problem in found)


@pytest.mark.parametrize(
    "name", ["Apple Pay®", "Visa™", "PayPal.Me", "Confirm password", "Карты", "a\u202eb", "a\u200bb", "a\u0085b", "a\ufffeb"]
)
@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("{en: Log in, es: Entrar}", "{{en: Log in, es: {name}}}", "8: components[0].name.es"),
        ("components:", "groups: [{{slug: all, name: {{en: {name}}}}}]\ncomponents:", "6: groups[0].name.en"),
        ("symptom: login", "symptom: scheme\n    scheme: {name}", "10: components[0].scheme"),
        ("  bank: My Bank", "  bank: {name}", "3: page.bank"),
    ],
)
def test_a_name_with_which_no_notice_can_be_made_is_refused_before_it_is_in_force(old: str, new: str, where: str, name: str) -> None:
    (found,) = problems(GOOD.replace(old, new.format(name=json.dumps(name)), 1))

    assert found.startswith(f"statuspage.yaml:{where}: found {name!r}: "), found
    assert found.endswith("No notice could be made with it.")


@pytest.mark.parametrize("name", ["3-D Secure", "SEPA 2.0", "24/7", "iDEAL | Wero", "Überweisung", "Payments: cards"])
def test_names_that_banks_have_are_taken(name: str) -> None:
    assert load(GOOD.replace("{en: Log in, es: Entrar}", f"{{en: {json.dumps(name)}}}"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("component: login", "component: login\n    interval_s: true", "interval_s: found true. Allowed is a number."),
        ("component: login", "component: login\n    slow_s: yes", "slow_s: found true. Allowed is a number."),
        ("component: login", "component: login\n    failures_to_open: yes", "failures_to_open: found true. Allowed is a whole number."),
        ("component: login", "component: login\n    interval_s: 0.0001", "interval_s: found 0.0001. It must be at least 1."),
        ("component: login", "component: login\n    timeout_s: 0.001", "timeout_s: found 0.001. It must be at least 0.1."),
        ("page:", "incidents: {next_update_s: {critical: yes}}\npage:", "next_update_s.critical: found true. Allowed is a number."),
        ("contains: [welcome]", "max_bytes: true", "target.max_bytes: found true. Allowed is a whole number."),
        ("contains: [welcome]", "expect_status: [yes]", "target.expect_status[0]: found true. Allowed is a whole number."),
        ("contains: [welcome]", "ends_at: /señal", "target.ends_at: found '/señal': 'ñ' may not stand in an address; write %C3%B1."),
        ("contains: [welcome]", "ends_at: welcome", "e.g. https://www.example.com/, or a path, which begins with a slash."),
        (
            "contains: [welcome]",
            "ends_at: '/a?canary'",
            "found '/a?***', where no answer ends. Write it in this form, without its query: /a.",
        ),
        ("contains: [welcome]", "ends_at: 'https://x.example'", "found 'https://x.example', where no answer ends."),
        ("contains: [welcome]", "ends_at: 'https://x.example:443/'", "without its query: https://x.example/."),
        ("contains: [welcome]", "contains: [welcome, '']", "target.contains[1]: found an empty text"),
        ("contains: [welcome]", "blocked: {texts: ['']}", "target.blocked.texts[0]: found an empty text"),
        ("contains: [welcome]", "expect_status: [9999]", "target.expect_status[0]: found 9999. A status of HTTP is 100 to 599."),
        ("contains: [welcome]", "expect_status: []", "target.expect_status: found an empty list"),
        ("contains: [welcome]", "ports: [99999]", "target.ports[0]: found the port 99999"),
        ("contains: [welcome]", "headers: {'X Y': a}", "found 'X Y', which no header is called"),
        ("contains: [welcome]", 'headers: {X: "canary\\r\\nB: c"}', "target.headers.X: its value has letters that no header carries"),
        ("contains: [welcome]", "headers: {X: canarí}", "target.headers.X: its value has letters that no header carries"),
    ],
)
def test_a_value_of_a_probe_that_makes_no_sense_is_refused(old: str, new: str, said: str) -> None:
    found = problems(GOOD.replace(old, new, 1))

    assert [problem for problem in found if said in problem], found
    assert "canar" not in "".join(found)


@pytest.mark.parametrize(
    ("kind", "target", "said"),
    [
        ("http", "url: 'https://x.com/a b'", "url: found 'https://x.com/a b': a blank may not stand in an address; write %20."),
        ("http", "url: https://x.com/señal", "url: found 'https://x.com/señal': 'ñ' may not stand in an address; write %C3%B1."),
        ("http", "url: 'https://x.com\\a'", "url: found 'https://x.com\\\\a': '\\\\' may not stand in an address; write %5C."),
        ("http", 'url: "https://x.com/\\u200b"', "a character that cannot be seen may not stand in an address; remove it."),
        (
            "http",
            "url: https://bücher.example/",
            "url: found 'https://bücher.example/': a host in another alphabet is written in its ASCII",
        ),
        ("http", "url: https://bücher.example/", "form: xn--bcher-kva.example."),
        ("http", "url: 'https://０１７７.0.0.1/'", "url: found 'https://０１７７.0.0.1/': the host has letters that no host has."),
        ("http", "url: http://0177.0.0.1/", "url: found 'http://0177.0.0.1/': the host is a number that is not written as a plain IPv4"),
        ("http", "url: http://0177.0.0.1/", "four decimal numbers without leading zeros, e.g. 192.0.2.80."),
        ("http", "url: www.example.com", "url: found 'www.example.com': what it begins with is not http or https; write the whole address"),
        ("http", "url: ftp://x.com/", "url: found 'ftp://x.com/': the scheme 'ftp' is not http or https; write the whole address"),
        ("http", "url: 'https://x.com:99999/'", "url: found 'https://x.com:99999/': the address cannot be read."),
        ("journey", "url: 'https://x.com/a b', steps: [{name: a, url: /}]", "url: found 'https://x.com/a b': a blank"),
        ("tls", "host: https://x.com", "host: found 'https://x.com': write the host alone, without https:// before it"),
        ("tls", "host: 'x.com:443'", "host: found 'x.com:443': write the host alone,"),
        (
            "tls",
            "host: bücher.example",
            "host: found 'bücher.example': a host in another alphabet is written in its ASCII form: xn--bcher-kva",
        ),
        ("tls", "host: '[::1]'", "host: found '[::1]': the host is not a plain IPv6 address, e.g. 2001:db8::80, without brackets."),
        ("tls", "host: x.com, port: 0", "port: found the port 0; a port is 1 to 65535."),
        ("tcp", "host: 010.1.2.3, port: 80", "host: found '010.1.2.3': the host is a number"),
        ("dns", "name: https://x.com, resolvers: [192.0.2.1, 192.0.2.2]", "name: found 'https://x.com': write the host alone"),
        ("dns", "name: x.com, resolvers: [192.0.2.1, 'a b']", "resolvers[1]: found 'a b': the host is neither a name"),
        ("dns", "name: x.com, resolvers: [192.0.2.1]", "resolvers: found 1 resolvers; name at least two"),
    ],
)
def test_a_target_that_cannot_be_asked_is_told_with_its_key_its_line_and_its_value(kind: str, target: str, said: str) -> None:
    text = GOOD.replace("kind: http", f"kind: {kind}").replace('{url: "https://www.example.com/", contains: [welcome]}', "")
    lines = "".join(f"\n      {part}" for part in target.split(", ", 1))

    (found,) = problems(text.replace("    target: ", f"    target:{lines}"))

    line = 16 if said.startswith(("port", "resolvers")) else 15
    assert f"probes[0].target.{said}" in found if ": found" in said else said in found, found
    assert found.startswith(f"statuspage.yaml:{line}: probes[0].target.")


@pytest.mark.parametrize(
    "url",
    [
        "https://canary:c4nary@www.example.com/",
        "https://canary:c4n@ry#c4nary@www.example.com/",
        "https://c4nary@www.example.com/a b",
        "canary:c4nary@www.example.com",
        "c4nary@www.example.com/",
        "https://www.example.com/a b?key=c4nary",
        "https://www.example.com/a b#c4nary",
        "https://www.example.com/a b?mail=canary@example.com&key=c4nary",
        "https:/canary:c4nary@www.example.com//x",
        "http://0177.0.0.1/?c4nary",
    ],
)
def test_what_signs_somebody_in_is_not_repeated_from_an_address(url: str) -> None:
    (found,) = problems(GOOD.replace("https://www.example.com/", url))

    assert found.startswith("statuspage.yaml:14: probes[0].target.url: found '")
    assert "c4n" not in found and "canary" not in found


@given(st.text(st.characters(exclude_characters="@", exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_of_an_address_for_messages_no_user_part_is_left(around: str, user: str) -> None:
    secret = f"{user}-c4n-y-"

    assert "c4n-y" not in without_secrets(f"https://{secret}@{around}")
    assert "c4n-y" not in without_secrets(f"{secret}@{around}")
    assert "c4n-y" not in without_secrets(f"https://x.example/{around}?{secret}")


@given(st.text())
def test_whatever_host_is_written_the_hint_is_one_that_would_be_taken(host: str) -> None:
    try:
        check_host(host)
    except BadPlace as error:
        hint = str(error).rpartition("ASCII form: ")[2] if "ASCII form" in str(error) else "x.example"
        assert check_host(hint) == hint


def test_a_component_that_depends_on_itself_is_told_so_once() -> None:
    (found,) = problems(GOOD.replace("symptom: login", "symptom: login\n    depends_on: [login]"))

    assert found.startswith("statuspage.yaml:10: components[0].depends_on[0]: found 'login', which is this component itself.")


JOURNEY = """    kind: journey
    component: login
    target:
      url: https://www.example.com/
      steps:
        - {name: log-in, url: /in, method: POST, form: {user: "{user}", password: "{password}"}, expect: {contains: [Hello]}}
      accounts:
        - {name: a, user: "anna", password: "${TOKEN}"}
        - {name: b, user: "bert", password: "${TOKEN}"}
"""


@pytest.mark.parametrize("ends_at", ["/", "/welcome", "/a//b.html", "/%C3%B1", "https://x.example/", "http://x.example:8080/a"])
def test_a_place_where_answers_end_is_taken(ends_at: str) -> None:
    assert load(GOOD.replace("contains: [welcome]", f"ends_at: '{ends_at}'"))


def with_journey() -> str:
    return GOOD[: GOOD.index("    kind: http")] + JOURNEY + GOOD[GOOD.index("accounts:") :]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('user: "bert"', 'user: "anna"', "target.accounts[1].user: this user is that of another account here"),
        ('"bert", password: "${TOKEN}"', '"bert"', "target.accounts[1]: a step uses {password}, and this account has none"),
        ("      accounts:", "      attempts_per_hour: 0\n      accounts:", "attempts_per_hour: found 0. It must be at least 1."),
        ("      accounts:", "      rest_s: -5\n      accounts:", "rest_s: found -5. It must be at least 0."),
        ("expect: {", "slow_s: -1, expect: {", "target.steps[0].slow_s: found -1. It must be greater than 0."),
        ("expect: {", "slow_s: .nan, expect: {", "target.steps[0].slow_s: found nan. Allowed is a finite number."),
        (
            "expect: {",
            "refused: {texts: [Sorry], min_s: 3, max_s: 2}, expect: {",
            "steps[0].refused.max_s: found 2, which is below min_s: 3.",
        ),
        ("expect: {", "expect: {numbers: [{json: $.a, min: 3, max: 2}], ", "expect.numbers[0].max: found 2, which is below min: 3."),
        ("expect: {", "expect: {rows: [{match: a, min: yes}], ", "expect.rows[0].min: found true. Allowed is a whole number."),
        (
            "url: /in,",
            "url: 'https://x.com/a b',",
            "steps[0].url: found 'https://x.com/a b': a blank may not stand in an address; write %20.",
        ),
        ("url: /in,", "url: '/señal',", "steps[0].url: found '/señal': 'ñ' may not stand in an address; write %C3%B1."),
        ("url: /in,", "url: //evil.com/,", "steps[0].url: found '//evil.com/': what begins with // names another host"),
        ("url: /in,", "url: 'ftp://x.com/{user}',", "steps[0].url: found 'ftp://x.com/{user}': the scheme 'ftp' is not http or https"),
        ("url: /in,", "url: 'https://0177.0.0.1/',", "steps[0].url: found 'https://0177.0.0.1/': the host is a number"),
        ("url: /in,", "url: 'https://canary:canary@x.com/?canary',", "steps[0].url: found 'https://***@x.com/?***': the address carries"),
        (
            "expect: {",
            "writes: true, confirm: {url: //evil.com/}, expect: {",
            "steps[0].confirm.url: found '//evil.com/': what begins with // names another host",
        ),
        (
            "expect: {",
            "expect: {numbers: [{json: $.a, equals: '1.234,56'}], ",
            "expect.numbers[0].equals: found '1.234,56', which is no number",
        ),
        ("expect: {", "slow_s: 11, expect: {", "steps[0].slow_s: found 11, which is more than timeout_s: 10."),
        ('password: "{password}"', "password: 98765432", "form.password: "),
        ('password: "{password}"', "password: canary-plain", "form.password: this field is a secret in plain words"),
    ],
)
def test_a_value_of_a_journey_that_makes_no_sense_is_refused(old: str, new: str, said: str) -> None:
    good = with_journey()

    found = problems(good.replace(old, new, 1))

    assert load(good)
    assert [problem for problem in found if said in problem], found
    assert "canary" not in "".join(found) and "98765432" not in "".join(found)


@pytest.mark.parametrize(
    "url", ["/in", "in?x=1", "https://sign-in.example.com/in", "https://www.example.com:8443/{unique}", "/{user}/{balance}"]
)
def test_paths_and_whole_addresses_of_steps_are_taken(url: str) -> None:
    """A sign-in often stands on a host of its own; that is written out."""
    text = (
        with_journey()
        .replace("url: /in,", f"url: '{url}',")
        .replace('password: "${TOKEN}"}', 'password: "${TOKEN}", values: {balance: "5 €"}}')
    )

    assert load(text).targets["home"].steps[0].url == url


@pytest.mark.parametrize(("balance", "fine"), [("1234.56", True), ("1,234.56", True), ("1.234,56", False), ("EUR 5", False)])
def test_what_a_number_should_equal_is_a_number_for_each_account(balance: str, fine: bool) -> None:
    text = with_journey().replace("expect: {", "expect: {numbers: [{json: $.a, equals: '{balance}'}], ", 1)
    text = text.replace('password: "${TOKEN}"}', 'password: "${TOKEN}", values: {balance: "1"}}', 1)
    text = text.replace('password: "${TOKEN}"}', f'password: "${{TOKEN}}", values: {{balance: "{balance}"}}}}', 1)

    if fine:
        assert load(text)
        return
    (found,) = problems(text)
    assert "steps[0].expect.numbers[0].equals: found '{balance}', which becomes no number for every account." in found


PRIVATE = "components:\n  - {slug: vault, private: true, symptom: login, name: {en: Vault}}\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("language: en}", "language: en, sandbox: true, operators: true}", 20, "channels[0].operators: found true beside sandbox: true"),
        (
            "components:\n",
            PRIVATE,
            21,
            "channels[0].components: found vault: private components alone, of which customers hear nothing. Name a public one.",
        ),
        ("component: login", "component: login\n    slow_s: 10.5", 14, "slow_s: found 10.5, which is more than timeout_s: 10."),
        ("component: login", "component: login\n    slow_s: 5\n    timeout_s: 4", 14, "slow_s: found 5, which is more than timeout_s: 4."),
        ("page:", "retention: {raw_checks_days: 200}\npage:", 1, "raw_checks_days: found 200, which is more than hourly_days: 100."),
        ("page:", "retention: {hourly_days: 3}\npage:", 1, "raw_checks_days: found 7, which is more than hourly_days: 3."),
        ("page:", "retention: {daily_days: 99}\npage:", 1, "hourly_days: found 100, which is more than daily_days: 99."),
    ],
)
def test_what_contradicts_itself_is_refused(old: str, new: str, line: int, said: str) -> None:
    text = GOOD.replace(old, new, 1)
    text = text.replace("language: en}", "language: en, components: [vault]}") if "vault" in new else text

    (found,) = problems(text)

    assert found.startswith(f"statuspage.yaml:{line}: ") and said in found, found


@pytest.mark.parametrize(
    "what", ["components: [vault, login]", "components: [vault], sandbox: true", "components: [vault], operators: true"]
)
def test_a_channel_that_hears_of_something_is_taken(what: str) -> None:
    assert load(GOOD.replace("components:\n", PRIVATE, 1).replace("language: en}", f"language: en, {what}}}"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty. `statuspage init` prints a configuration to begin with"),
        ("# nothing but a comment\n", "the file is empty"),
        ("---\n", "found nothing. Allowed is a mapping with the keys page, groups, components"),
        ("- page\n", "found a list. Allowed is a mapping"),
        ("page\n", "found 'page'. Allowed is a mapping"),
        ("page: {}\n---\npage: {}\n", "this is not YAML"),
        ("[" * 5000, "in one another"),
        ("a: " + "[" * 60 + "]" * 60, "in one another"),
        ("a: &a [*a]\n", "an alias that holds itself"),
        ("page: &p\n  <<: *p\n", "an alias that holds itself"),
        ("page: &p\n  self: *p\n", "an alias that holds itself"),
    ],
)
def test_what_is_no_configuration_at_all_is_told_so(text: str, said: str) -> None:
    (found,) = problems(text)

    assert found.startswith("statuspage.yaml:") and said in found


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "statuspage.yaml"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)

    with pytest.raises(ConfigError, match=f"more than {LARGEST // 1000} kB"):
        load_file(path, ENVIRON)


def test_what_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "statuspage.yaml"
    path.write_bytes(GOOD.replace("Entrar", "Acción").encode("latin-1"))

    with pytest.raises(ConfigError, match=r"statuspage\.yaml:8: the file is not UTF-8"):
        load_file(path, ENVIRON)


def test_anchors_and_merges_are_read_as_yaml_has_them() -> None:
    text = GOOD.replace("    kind: http\n    component: login\n", "    <<: &usual {kind: http, component: login, interval_s: 7}\n").replace(
        "accounts:\n",
        "  - <<: [{timeout_s: 3}, *usual]\n    name: other\n    interval_s: 9\n    target: {url: 'https://a.example'}\naccounts:\n",
    )

    first, second = load(text).settings.probes

    assert (first.kind, first.interval_s, second.kind, second.interval_s, second.timeout_s) == ("http", 7, "http", 9, 3)


def test_a_mistake_that_a_merge_brings_is_found_at_the_merge() -> None:
    (found,) = problems(GOOD.replace("    component: login\n", "    <<: {component: login, intervall_s: 7}\n"))

    assert found.startswith("statuspage.yaml:13: probes[0].intervall_s: this key is unknown. Did you mean 'interval_s'?")


def test_an_impact_that_is_left_out_keeps_its_time() -> None:
    found = load("incidents: {next_update_s: {critical: 60}}\n" + GOOD).settings.incidents.next_update_s

    assert found == {Impact.CRITICAL: 60, Impact.MAJOR: 1800, Impact.MINOR: 1800, Impact.NONE: 3600}


# --- references --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe", b"x" * 200_000])
def test_a_file_that_holds_no_secret_is_named_and_not_shown(content: bytes | None, tmp_path: Path) -> None:
    place = tmp_path / "token"
    if content is None:
        place.mkdir()
    else:
        place.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load(GOOD.replace("${TOKEN}", "file:token"), folder=tmp_path)

    assert "accounts[0].config.access_token: the file of 'file:token'" in str(caught.value)


@pytest.mark.parametrize("value", ["", "  "])
def test_a_variable_that_is_set_but_empty_is_no_secret(value: str) -> None:
    (found,) = problems(GOOD, environ={"TOKEN": value})

    assert "${TOKEN} is set in the environment, but empty" in found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: mastodon", "kind: ${TOKEN}"),
        ("symptom: login", "symptom: ${TOKEN}"),
        ("es: Entrar", 'es: "${TOKEN}.com"'),
        ("bank: My Bank", "bank: ${TOKEN}-with-more-than-twenty-letters"),
        ('base_url: "https://social.example"', "base_url: 'ftp://${TOKEN}'"),
        ('url: "https://www.example.com/"', "url: 'https://${TOKEN}@www.example.com/'"),
        ("https://status.example.com", "https://user:${TOKEN}@status.example.com"),
        ("language: en}", "language: en, mode: '${TOKEN}'}"),
    ],
)
def test_what_a_reference_leads_to_is_not_shown_wherever_it_was_put_by_mistake(old: str, new: str) -> None:
    found = problems(GOOD.replace(old, new, 1))

    assert found
    assert "canary-token-7f3a" not in "".join(found)


def test_nor_is_the_beginning_of_one_that_is_too_long_to_be_shown() -> None:
    secret = "S3cr3t" + "x" * 200
    written = GOOD.replace("  name: My Bank", '  name: My Bank\n  colour: "a ${LONG}"')

    (found,) = problems(written, environ={**ENVIRON, "LONG": secret})

    assert "S3cr3t" not in found
    assert "page.colour: found 'a ${LONG}'. Allowed is a colour" in found and found.count("is not shown") == 1


@pytest.mark.parametrize(
    "written",
    ["!secret {}", "!vault {}", "!!int x{}", "!!float {}", "!!binary {}", "!!bool {}", "!!timestamp {}", "!{}", "*{}", "!{}! x", "%{}"],
)
def test_a_plain_secret_is_not_repeated_however_it_is_written(written: str) -> None:
    (found,) = problems(GOOD.replace('"${TOKEN}"', written.format("canary7f3a")))

    assert found.startswith("statuspage.yaml:18:") and "canary" not in found


@pytest.mark.parametrize("written", ["!!bool abc", "!!bool 1", "!!timestamp abc", "!!int ''", "!!int '-'", "!!float '-'", "!!binary '…'"])
def test_a_value_that_breaks_the_parser_is_told_like_any_other(written: str) -> None:
    (found,) = problems(GOOD.replace("component: login", f"component: login\n    interval_s: {written}", 1))

    assert found.startswith("statuspage.yaml:14: ")


@pytest.mark.parametrize("header", ["Authorization", "cookie", "X-Api-Key"])
def test_a_header_that_signs_in_is_a_secret(header: str) -> None:
    plain = GOOD.replace("contains: [welcome]", f"headers: {{{header}: Bearer canary-plain}}")

    (found,) = problems(plain)

    assert f"target.headers.{header}: this header is a secret in plain words" in found and "canary-plain" not in found
    assert load(plain.replace("Bearer canary-plain", "'Bearer ${TOKEN}'"))
