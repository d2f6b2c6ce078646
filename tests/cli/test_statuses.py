"""Each documented exit status is proven, with a message that says where, what was found and what is allowed."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from statuspage.demo import stage
from tests.cli.terminal import CONFIGURATION, SIGNING, TOKEN, TOP, Terminal, assert_no_secret

WRONG_TYPING = [
    (("incident", "declare"), "Missing argument"),
    (("incident", "declare", "login=broken"), "major_outage, partial_outage, degraded_performance, operational"),
    (("incident", "declare", "login", "--since", "yesterday"), "2026-03-01T14:05"),
    (("incident", "declare", "login", "--since", "0001-01-01T00:00+14:00"), "2026-03-01T14:05"),
    (("incident", "declare", "login", "--text", "no language"), "en='Cards work again.'"),
    (("incident", "update", "abc", "--component", "login"), "Write it like login=degraded_performance"),
    (("incident", "reopen", "abc", "--component", "login"), "Write it like login=degraded_performance"),
    (("incident", "declare", "login", "--text", "en=A.", "--text", "en=B."), "'en' is given twice"),
    (("incident", "declare", "login", "login=partial_outage"), "'login' is given twice"),
    (("incident", "update", "x", "--component", "a=operational", "--component", "a=major_outage"), "'a' is given twice"),
    (("incident", "correct", "x", "1", "--wrong", "en=A.", "--wrong", "en=B.", "--right", "en=C."), "'en' is given twice"),
    (("maintenance", "correct", "x", "1", "--wrong", "en=A.", "--right", "en=C.", "--right", "en=D."), "'en' is given twice"),
    (("warning", "fraud", "bank-help[.]example", "--text", "en=A.", "--text", "en=B."), "'en' is given twice"),
    (("incident", "list", "--limit", "0"), "1<=x<=100000"),
    (("maintenance", "list", "--limit", "99999999999999999999"), "1<=x<=100000"),
    (("maintenance", "correct", "abc", "99999999999999999999", "--wrong", "en=A.", "--right", "en=B."), "1<=x<=1000000"),
    (("incident", "update", "abc", "--version", "99999999999999999999"), "1<=x<=1000000000"),
    (("incident", "correct", "x", "99999999999999999999", "--wrong", "en=a", "--right", "en=b"), "1<=x<=1000000"),
    (("deliveries", "list", "--limit", "-1"), "1<=x<=100000"),
    (("warning", "list", "--days", "99999999"), "1<=x<=36525"),
    (("incident", "update", "x", "--status", "resolved"), "'investigating', 'identified', 'monitoring'"),
    (("maintenance", "plan", "login", "--from", "2026-11-29T02:00"), "--until"),
    (("deliveries", "list", "--state", "lost"), "'stuck'"),
    (("pause", "everything", "--reason", "x"), "'posting', 'probing'"),
    (("pause", "posting"), "--reason"),
    (("person", "add", "Bea", "--role", "queen"), "'administrator'"),
    (("up", "--port", "0"), f"1<=x<={65536 - stage.PORTS}"),
    (("web", "--port", "70000"), "1<=x<=65535"),
    (("fly",), "No such command"),
]


@pytest.mark.parametrize(("typed", "allowed"), WRONG_TYPING, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_2_what_is_typed_wrong_is_told_with_what_is_allowed(bare: Terminal, typed: tuple[str, ...], allowed: str) -> None:
    said = bare.refused(2, *typed)

    assert allowed in said


def test_1_a_rule_refuses_and_nothing_is_changed(terminal: Terminal) -> None:
    one = terminal.json("incident", "declare", "login")["id"]
    terminal.ok("incident", "resolve", one)
    before = terminal.json("incident", "show", one)

    said = [
        terminal.refused(1, "incident", "resolve", one),
        terminal.refused(1, "incident", "declare", "login", "--text", "en=Call +34 600 000 000 now."),
        terminal.refused(1, "pause", "probing", "--reason", " "),
        terminal.refused(1, "init", "--output", str(terminal.config)),
    ]
    terminal.ok("person", "add", "Bea")
    said.append(terminal.refused(1, "person", "add", "Bea"))

    assert terminal.json("incident", "show", one) == before
    assert len(terminal.json("incident", "list")) == 1
    assert all(len(message) > 30 for message in said)
    assert "Bea" in said[-1]


def test_4_a_prober_of_an_unknown_place_is_told_which_there_are(terminal: Terminal) -> None:
    assert "There is no location 'madird'. Known: here." in terminal.refused(4, "prober", "--location", "here", "--location", "madird")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("declare", "transfers", "--since", "1026-11-22T10:00"), "on 1026-11-22, more than 366 days ago"),
        (("declare", "transfers", "--since", "9999-12-31T23:59:59"), "in the future"),
        (("update", "{one}", "--next", "9999-12-31T23:59:59"), "for 9999-12-31: customers wait 31 days at most"),
    ],
)
def test_1_a_year_that_was_mistyped_is_refused(terminal: Terminal, typed: tuple[str, ...], said: str) -> None:
    one = terminal.json("incident", "declare", "login")["id"]

    refused = terminal.refused(1, "incident", *(word.format(one=one) for word in typed))

    assert said in refused and refused.endswith("Nothing was changed.\n")


def test_1_planned_work_in_another_century_is_refused(terminal: Terminal) -> None:
    refused = terminal.refused(1, "maintenance", "plan", "login", "--from", "9999-12-31T22:00", "--until", "9999-12-31T23:00")

    assert "begin in 9999" in refused and "Nothing was changed" in refused


def test_1_a_password_that_is_too_short_is_refused_without_being_repeated(terminal: Terminal) -> None:
    terminal.ok("person", "add", "Bea")

    result = terminal.type("person", "password", "Bea", stdin="zq9\n")

    assert result.exit_code == 1
    assert "3 letters" in result.stderr
    assert "zq9" not in result.stdout + result.stderr


def test_3_a_wrong_configuration_is_told_with_file_line_value_and_what_is_allowed(terminal: Terminal) -> None:
    text = terminal.config.read_text()
    terminal.config.write_text(text.replace("kind: tcp", "kind: smoke").replace("symptom: login", "symtom: login"))

    said = [terminal.refused(3, *command) for command in (("check",), ("reload",), ("incident", "list"))]

    assert len(set(said)) == 1
    assert re.search(r"statuspage\.yaml:3: components\[0\]\.symtom: this key is unknown", said[0])
    assert "nothing was changed" in said[0]


def test_3_no_configuration_at_all_and_references_that_lead_nowhere(terminal: Terminal) -> None:
    lost = terminal.type("incident", "list", env={"CANARY_TOKEN": None})
    terminal.config.unlink()
    missing = terminal.refused(3, "incident", "list")

    assert lost.exit_code == 3
    assert "CANARY_TOKEN" in lost.stderr
    assert "statuspage.yaml" in missing
    assert "No such file" in missing


NOWHERE = [
    ("incident", "show", "nothing"),
    ("incident", "update", "nothing", "--status", "monitoring"),
    ("incident", "resolve", "nothing"),
    ("incident", "correct", "nothing", "1", "--wrong", "en=a", "--right", "en=b"),
    ("incident", "declare", "nothing"),
    ("maintenance", "show", "nothing"),
    ("maintenance", "start", "nothing"),
    ("maintenance", "complete", "nothing"),
    ("maintenance", "cancel", "nothing"),
    ("maintenance", "extend", "nothing", "--until", "2030-01-01T00:00"),
    ("deliveries", "show", "nothing"),
    ("deliveries", "retry", "nothing"),
    ("deliveries", "withdraw", "nothing"),
    ("deliveries", "seen", "nothing"),
    ("account", "resume", "nothing"),
    ("person", "link", "nothing"),
    ("person", "role", "nothing", "viewer"),
    ("person", "disable", "nothing"),
    ("probe", "run", "nothing"),
    ("probe", "run", "login-port", "--location", "nothing"),
]


@pytest.mark.parametrize("typed", NOWHERE, ids=" ".join)
def test_4_what_does_not_exist_is_named(terminal: Terminal, typed: tuple[str, ...]) -> None:
    said = terminal.refused(4, *typed)

    assert "nothing" in said


def test_5_what_somebody_else_changed_meanwhile_is_not_overwritten(terminal: Terminal) -> None:
    seen = terminal.json("incident", "declare", "login")
    terminal.ok("incident", "update", seen["id"], "--status", "identified", "--cause", "supplier")

    said = terminal.refused(5, "incident", "resolve", seen["id"], "--version", str(seen["version"]))

    assert "changed" in said
    assert terminal.json("incident", "show", seen["id"])["status"] == "identified"


def test_6_a_database_that_is_not_there_is_not_made_by_looking_for_it(bare: Terminal) -> None:
    bare.configure()

    said = bare.refused(6, "incident", "list")

    assert "statuspage migrate" in said
    assert str(bare.data / "statuspage.db") in said
    assert not bare.data.exists()


def test_6_a_database_without_tables_says_what_to_do(terminal: Terminal) -> None:
    (terminal.data / "statuspage.db").write_bytes(b"")

    said = terminal.refused(6, "incident", "list")

    assert "is empty" in said
    assert "statuspage migrate" in said


def test_6_a_file_that_is_no_database_is_told_in_one_line_without_any_statement(terminal: Terminal) -> None:
    (terminal.data / "statuspage.db").write_bytes(b"not a database, " * 300)

    said = terminal.refused(6, "incident", "list")

    assert "The database does not answer: file is not a database" in said
    assert "SELECT" not in said
    assert len(said.splitlines()) == 1


def test_6_a_postgresql_that_is_away_is_told_without_its_password(terminal: Terminal) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://bank:{TOKEN}@127.0.0.1:{unused.getsockname()[1]}/bank"

        said = terminal.refused(6, "--database", url, "incident", "list")

    assert "The database does not answer" in said


def test_6_a_data_folder_that_cannot_be_made_is_named(bare: Terminal) -> None:
    bare.configure()
    bare.data.write_text("a file where a folder should be")

    said = bare.refused(6, "migrate")

    assert str(bare.data) in said


def answering(status: int) -> HTTPServer:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b'{"healthy": true}')

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Health)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.parametrize(("status", "exits"), [(200, 0), (503, 6)])
def test_health_tells_by_its_status_what_the_product_answers(bare: Terminal, status: int, exits: int) -> None:
    server = answering(status)
    try:
        result = bare.type("health", "--port", str(server.server_port))
    finally:
        server.shutdown()
        server.server_close()

    assert result.exit_code == exits
    assert result.stdout == '{"healthy": true}\n'


def test_health_asks_where_the_product_that_runs_on_this_folder_serves_its_page(bare: Terminal) -> None:
    server = answering(200)
    bare.data.mkdir(exist_ok=True)
    (bare.data / "addresses.json").write_text(json.dumps({"page": f"http://127.0.0.1:{server.server_port}"}))
    try:
        result = bare.type("health")
    finally:
        server.shutdown()
        server.server_close()

    assert (result.exit_code, result.stdout) == (0, '{"healthy": true}\n')


def test_6_health_of_a_product_that_is_not_there(bare: Terminal) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))

        said = bare.refused(6, "health", "--port", str(unused.getsockname()[1]))

    assert "No answer on port" in said


def test_real_processes_end_with_the_same_statuses(terminal: Terminal) -> None:
    declared = terminal.really("--json", "incident", "declare", "login")
    number = json.loads(declared.stdout)["id"]
    shown = terminal.really("incident", "show", number)
    missing = terminal.really("incident", "show", "nothing")
    lost = terminal.really("check", without=("CANARY_TOKEN",))

    assert [done.returncode for done in (declared, shown, missing, lost)] == [0, 0, 4, 3]
    assert number in shown.stdout
    assert missing.stdout == ""
    assert "Traceback" not in missing.stderr + lost.stderr


def test_a_taken_port_is_told_before_anything_is_started(bare: Terminal) -> None:
    bare.configure()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = bare.really("up", "--port", str(port))

    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used: Address already in use. This needs port {port}; nothing was started." in done.stderr
    assert "make run PORT=" in done.stderr
    assert not (bare.data / "statuspage.db").read_bytes()


def test_x34_no_secret_gets_from_the_configuration_into_database_files_or_answers(terminal: Terminal) -> None:
    answers = [
        terminal.ok(*command)
        for command in (
            ("check",),
            ("--json", "check"),
            ("reload",),
            ("incident", "declare", "login"),
            ("--json", "incident", "list"),
            ("--json", "deliveries", "list"),
            ("schema",),
        )
    ]
    one = terminal.json("deliveries", "list")[0]["id"]
    answers.append(terminal.ok("--json", "deliveries", "show", one))
    broken = terminal.config.read_text().replace("access_token:", "acces_token:")
    terminal.config.write_text(broken)
    terminal.refused(3, "check")

    for path in (path for path in terminal.data.rglob("*") if path.is_file()):
        assert_no_secret(path.read_bytes().decode("latin-1"))
    assert all(answers)


def test_x34_a_secret_in_plain_words_is_refused_without_being_shown(bare: Terminal) -> None:
    bare.configure()
    bare.config.write_text(CONFIGURATION.format(port=9).replace("${CANARY_TOKEN}", TOKEN).replace("file:signing.secret", SIGNING))

    said = bare.refused(3, "check")

    assert said.count("a secret stands here in plain words") == 3


def test_control_characters_of_a_network_do_not_reach_the_terminal(terminal: Terminal) -> None:
    from statuspage.core.vocabulary import DeliveryState
    from statuspage.store import Database, deliveries

    terminal.ok("incident", "declare", "login")
    one = terminal.json("deliveries", "list")[0]["id"]
    database = Database(f"sqlite:///{terminal.data / 'statuspage.db'}")
    with database.writing() as session:
        row = deliveries.get(session, one)
        deliveries.change(session, row, state=DeliveryState.STUCK, detail="over\x1b[2J\x9b1mdone")
    database.close()

    seen = terminal.ok("deliveries", "show", one) + terminal.ok("deliveries", "list")

    assert "\x1b" not in seen
    assert "\x9b" not in seen
    assert seen.count("over\\x1b[2J\\x9b1mdone") >= 2


def test_an_interrupt_while_the_program_is_still_being_read_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{TOP}"}

    done = subprocess.run([sys.executable, "-m", "statuspage", "up"], cwd=tmp_path, env=environment, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_an_interrupt_where_a_command_does_not_listen_for_it_is_told_as_shells_know_it() -> None:
    program = """if True:
        import os, signal
        from statuspage import __main__
        from statuspage.cli import configuration

        configuration.prepare = lambda _: os.kill(os.getpid(), signal.SIGINT)
        __main__.main()
    """

    done = subprocess.run([sys.executable, "-c", program, "migrate"], cwd=TOP, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "Aborted!")
