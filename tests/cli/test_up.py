"""What `up` says and writes at its start.

About the page's own address: a slip is named, a front server is mentioned, what fits is not talked about. And how somebody signs in.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from statuspage.cli.up import _known, _tell, _write_addresses, advice
from statuspage.settings.process import ProcessSettings


def said(page_url: str, *, host: str = "127.0.0.1", port: int = 8000) -> str:
    process = ProcessSettings(Path("my.yaml"), Path("var"), "sqlite://")
    return advice(dataclasses.replace(process, host=host, port=port), page_url, demo=False)


@pytest.mark.parametrize(
    "page_url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://127.0.0.1:8000/status"]
)
def test_an_address_that_is_served_needs_no_word(page_url: str) -> None:
    assert said(page_url) == ""


def test_another_port_of_this_machine_is_called_a_slip_with_both_ways_out() -> None:
    words = said("http://127.0.0.1:8000", port=9000)

    assert "lead to http://127.0.0.1:8000, for that is page.url in my.yaml" in words
    assert "This start serves http://127.0.0.1:9000: correct page.url, or start with the port that stands there." in words


@pytest.mark.parametrize("page_url", ["https://status.example.com", "http://status.example.com:8000", "https://status.example.com/en"])
def test_an_address_elsewhere_is_the_work_of_a_front_server(page_url: str) -> None:
    words = said(page_url)

    assert f"lead to {page_url}" in words
    assert "A front server must bring that address to http://127.0.0.1:8000" in words


def test_listening_everywhere_any_name_with_the_right_port_fits() -> None:
    assert "page.url" not in said("http://status.local:8000", host="0.0.0.0")
    assert "page.url" in said("http://status.local:8080", host="0.0.0.0")


SIGN_IN = "http://127.0.0.1:8000/console/link/canary"


@pytest.mark.parametrize("link", [True, False])
def test_the_link_that_signs_in_is_always_in_the_owners_file_and_shown_at_a_terminal_only(
    link: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = ProcessSettings(tmp_path / "my own.yaml", tmp_path, "sqlite://")
    addresses = {"page": "http://127.0.0.1:8000", "sign_in": SIGN_IN}

    _write_addresses(addresses, process)
    _tell(addresses, process, "", link=link)

    printed = capsys.readouterr().out
    assert json.loads(process.addresses.read_text()) == addresses == _known(addresses)
    assert oct(process.addresses.stat().st_mode)[-3:] == "600"
    assert (SIGN_IN in printed) is link
    assert (f"statuspage person link administrator --config '{process.config}' --data {tmp_path}" in printed) is not link
