"""An incident status page and outage broadcaster for banks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from statuspage.worker.current import Current

__version__ = "0.1.0"
MAX_FORM_BYTES = 256 * 1024


def create_app(current: Current) -> Flask:
    """Puts the parts together, decides nothing. `current` hands out the configuration that runs."""
    from flask import Flask
    from jinja2 import StrictUndefined

    from statuspage.web import console, database, errors, leaving, operations, reports

    app = Flask(__name__, static_folder=None, template_folder=str(templates_folder()))
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.jinja_env.undefined = StrictUndefined
    app.extensions["current"] = current
    database.init_app(app, current.process.database)
    errors.init_app(app)
    app.register_blueprint(operations.blueprint)
    app.register_blueprint(reports.blueprint)
    app.register_blueprint(console.blueprint)
    app.register_blueprint(leaving.blueprint)
    return app


def templates_folder() -> Path:
    """The top-level `templates`, beside this package in a checkout and in an installation alike."""
    return Path(__file__).resolve().parent.parent / "templates"
