"""The papers of the public page on which a bank's own colours have to be read. static/css/tokens.css has the same; a test compares them."""

from __future__ import annotations

from typing import NamedTuple

LIGHT_PAPERS = ("#f4f6f8", "#ffffff")  # --paper, --card
DARK_PAPERS = ("#0f1419", "#171d24")
LINK, LINK_DARK = "#0a56a8", "#8cc2ff"  # of links and buttons, where the bank names no colours of its own


class Theme(NamedTuple):
    """The bank's look. band: of the page's head; link, link_dark: of links and buttons on light and on dark paper;
    logo: a small PNG as a data: address, or "", shown logo_width pixels wide."""

    band: str = "#0b3d6e"
    link: str = LINK
    link_dark: str = LINK_DARK
    logo: str = ""
    logo_width: int = 0


OURS = Theme()  # where the bank names none
