"""An incident status page and outage broadcaster for banks."""

__version__ = "0.1.0"
