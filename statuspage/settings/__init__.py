"""The configuration: models.py says what may stand in statuspage.yaml, loader.py reads it."""

from statuspage.settings.models import Settings

__all__ = ["Settings"]
