"""`statuspage front` before anything was published: a bank's own colours must not be locked out by its own policy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from statuspage.cli import main
from statuspage.cli.common import WRONG_CONFIGURATION
from statuspage.publish.assets import load_assets
from statuspage.settings.loader import load_file
from statuspage.worker.public_page import public_page
from tests.publish.samples import snapshot
from tests.web_public.serving import publish

CONFIGURATION = """\
page: {name: Canary Bank, bank: Canary, url: "https://status.example.org", languages: [en], colour: "#7a0019", link_colour: "#7a0019"}
components:
  - {slug: login, name: {en: Log in}}
"""


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_the_headers_before_the_first_edition_are_those_of_its_pages(tmp_path: Path, server: str) -> None:
    config = tmp_path / "statuspage.yaml"
    config.write_text(CONFIGURATION)
    command = ["--config", str(config), "--data", str(tmp_path / "data"), "front", server]

    early = CliRunner().invoke(main, [*command, str(tmp_path / "early")])
    page = public_page(load_file(config, {}).settings)
    publish(tmp_path / "data/public", replace(snapshot(), page=page))
    late = CliRunner().invoke(main, [*command, str(tmp_path / "late")])

    assert (early.exit_code, late.exit_code) == (0, 0), early.output + late.output
    written = {path.name: path.read_text() for path in (tmp_path / "early").iterdir()}
    assert written == {path.name: path.read_text() for path in (tmp_path / "late").iterdir()}
    assert any(load_assets(page.theme).hashes["style"] in text for text in written.values())
    assert load_assets(page.theme).hashes["style"] != load_assets().hashes["style"]


def test_without_an_edition_and_a_configuration_it_says_what_is_missing(tmp_path: Path) -> None:
    command = ["--config", str(tmp_path / "none.yaml"), "--data", str(tmp_path), "front", "nginx", str(tmp_path / "folder")]

    done = CliRunner().invoke(main, command)

    assert done.exit_code == WRONG_CONFIGURATION
    assert "none.yaml: the file cannot be read" in done.output
