"""The words of notices: from facts to texts in the reader's language, fitted to each channel and kept within guard rails.

Nothing here knows channels, tables or the web; sentences come from statuspage/data, values from the caller.
"""

from statuspage.words.catalogue import Catalogue, CatalogueError, MissingTranslation, load_catalogue, parse_catalogue
from statuspage.words.interface import Interface, InterfaceError
from statuspage.words.page import PageFacts
from statuspage.words.words import Words

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Interface",
    "InterfaceError",
    "MissingTranslation",
    "PageFacts",
    "Words",
    "load_catalogue",
    "parse_catalogue",
]
