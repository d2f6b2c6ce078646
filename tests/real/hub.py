"""A WebSub hub made of the library Flask-WebSub, run by itself: python -m tests.real.hub FOLDER PORT"""

from __future__ import annotations

import sys
from pathlib import Path

from celery import Celery  # type: ignore[import-untyped]
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage  # type: ignore[import-untyped]


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    app = Flask(__name__)
    app.config.update(PUBLISH_SUPPORTED=True, SERVER_NAME=f"127.0.0.1:{port}")
    queue = Celery("hub", broker="memory://", backend="cache+memory://")
    queue.conf.update(task_always_eager=True)
    hub = Hub(SQLite3HubStorage(str(folder / "hub.db")), queue, **app.config)
    app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
    app.run("127.0.0.1", port, threaded=True)


if __name__ == "__main__":
    main()
