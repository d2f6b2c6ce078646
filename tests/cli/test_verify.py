"""`statuspage verify`: says exactly what it checked, and ends with a status that programs understand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from statuspage.publish import signing
from statuspage.publish.signing import Signer
from statuspage.publish.snapshot import PublicPage
from tests.cli.terminal import Terminal
from tests.publish.samples import PAGE, code

SIGNER, THIEF = Signer((b"s" * 32,)), Signer((b"t" * 32,))


@dataclass
class Site:
    """A page on this machine. files: path -> what is there."""

    page: PublicPage
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def publish(self, signer: Signer = SIGNER) -> None:
        self.files[signing.KEYS_PATH] = signing.keys_file(self.page, SIGNER)
        self.files["/u/K7Q2MXP/signed.json"] = signing.message_file(self.page, code(), signer)


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            body = here.files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = Site(replace(PAGE, url=f"http://127.0.0.1:{server.server_port}"))
        here.publish()
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield here
        server.shutdown()
        thread.join()


HOWS = [
    "K7Q2MXP",
    "k7q2 mxp",
    "{page}/u/K7Q2MXP",
    "{page}/u/K7Q2MXP/signed.json",
    "{page}/u/k7q2mxp",
    "{page}/u/K7Q2MXP/?fbclid=abc",
    "{page}/u/K7Q2MXP#x",
    "{page}/u/K7Q2-MXP.",
    "{page}/u/K7Q2%20MXP",
    "{page}/de/u/K7Q2MXP",
    " {page}/U/K7Q2MXP\n",
    "{loud}/u/K7Q2MXP",
]


@pytest.mark.parametrize("how", HOWS)
def test_a_code_and_its_addresses_are_checked_against_the_page_that_was_named(bare: Terminal, site: Site, how: str) -> None:
    said = bare.ok("verify", how.format(page=site.page.url, loud=site.page.url.replace("http", "HTTP")), "--page", site.page.url)

    assert site.asked == ["/u/K7Q2MXP/signed.json", signing.KEYS_PATH]
    assert said.startswith("GENUINE. Checked:")
    assert f"{site.page.url}{signing.KEYS_PATH} lists that key" in said and SIGNER.key_id in said
    assert code().text in said and "NOT checked" not in said
    assert "Not checked: whether what you received says the same" in said


def test_a_file_and_its_keys_are_checked_without_any_network_and_for_programs(bare: Terminal, site: Site, tmp_path: Path) -> None:
    (tmp_path / "signed.json").write_bytes(site.files["/u/K7Q2MXP/signed.json"])
    (tmp_path / "keys.json").write_bytes(site.files[signing.KEYS_PATH])
    site.files.clear()

    found = bare.json("verify", str(tmp_path / "signed.json"), "--keys", str(tmp_path / "keys.json"))

    assert found["genuine"] is True and found["keys_from"] == str(tmp_path / "keys.json")
    assert found["notices"][0]["id"] == "K7Q2MXP" and found["notices"][0]["words"] == code().text


def test_without_a_page_it_says_that_the_notice_itself_names_it(bare: Terminal, site: Site, tmp_path: Path) -> None:
    (tmp_path / "signed.json").write_bytes(site.files["/u/K7Q2MXP/signed.json"])

    said = bare.ok("verify", str(tmp_path / "signed.json"))

    assert f"NOT checked: whether {site.page.url} is your bank's page" in said


def test_the_page_of_the_configuration_is_the_one_that_counts(terminal: Terminal, site: Site, tmp_path: Path) -> None:
    """A stranger's genuine notice is not the bank's: the bank's page, which does not answer in this test, is asked for keys."""
    (tmp_path / "signed.json").write_bytes(site.files["/u/K7Q2MXP/signed.json"])
    (tmp_path / "keys.json").write_bytes(site.files[signing.KEYS_PATH])

    elsewhere = terminal.refused(6, "verify", str(tmp_path / "signed.json"))
    refused = terminal.refused(1, "verify", str(tmp_path / "signed.json"), "--keys", str(tmp_path / "keys.json"))

    assert "http://127.0.0.1:9/.well-known/statuspage-keys.json could not be fetched" in elsewhere
    assert "you asked about 'http://127.0.0.1:9'" in refused


@pytest.mark.parametrize("text", ["page: {url: '${PAGE_URL}'}", "page: 3", "not: [yaml", "\x00"])
def test_a_configuration_that_names_no_page_counts_as_none(bare: Terminal, text: str) -> None:
    bare.config.write_text(text)

    assert "Say whose code it is" in bare.refused(4, "verify", "AAAAAAA")


def test_what_is_not_genuine_ends_with_1_and_says_why(bare: Terminal, site: Site) -> None:
    page = ("--page", site.page.url)
    site.publish(THIEF)
    stolen = bare.refused(1, "verify", "K7Q2MXP", *page)
    site.files["/u/K7Q2MXP/signed.json"] = signing.message_file(site.page, code("All is well."), SIGNER).replace(b"well", b"lost")
    changed = bare.refused(1, "verify", "K7Q2MXP", *page)
    site.files["/u/K7Q2MXP/signed.json"] = signing.message_file(site.page, replace(code(), code="K7Q2MXQ"), SIGNER)
    other = bare.refused(1, "verify", "K7Q2MXP", *page)
    site.files["/u/K7Q2MXP/signed.json"] = json.dumps({"notices": []}).encode()
    empty = bare.refused(1, "verify", "K7Q2MXP", *page)

    assert "not among those of" in stolen and "was changed after it was signed" in changed
    assert "that of another code" in other and "no notice in it" in empty
    assert all(said.startswith("NOT GENUINE.") for said in (stolen, changed, other, empty))


@pytest.mark.parametrize("body", [b"<!doctype html>", b"", b"[]", b"{}", b'{"notices": 3}', b"\xff"])
@pytest.mark.parametrize("spoilt", ["/u/K7Q2MXP/signed.json", signing.KEYS_PATH])
def test_what_is_not_what_the_product_publishes_is_not_called_a_fake(
    bare: Terminal, site: Site, tmp_path: Path, spoilt: str, body: bytes
) -> None:
    """A page in front that asks for a sign-in, an address that is not of a code: nothing is known of the message."""
    site.files[spoilt] = body
    (tmp_path / "kept").write_bytes(body)

    for what in (f"{site.page.url}/u/K7Q2MXP", f"{site.page.url}{spoilt}", "K7Q2MXP", str(tmp_path / "kept")):
        said = bare.refused(6, "verify", what, "--page", site.page.url)

        assert "Nothing was checked." in said and "NOT GENUINE" not in said


def test_an_address_that_cannot_be_read_ends_with_4(bare: Terminal) -> None:
    assert "Nothing was checked." in bare.refused(4, "verify", "https://[::1/u/K7Q2MXP", "--page", "https://status.example.com")


def test_what_is_not_there_ends_with_4(bare: Terminal, site: Site) -> None:
    unknown = bare.refused(4, "verify", "AAAAAAA", "--page", site.page.url)

    assert "No message of that page carries this code" in unknown
    assert "--page" in bare.refused(4, "verify", "AAAAAAA")
    assert "no file here" in bare.refused(4, "verify", "no-such-thing")
