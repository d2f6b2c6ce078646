"""For machines that watch us: /health proves work rather than life, /metrics is for Prometheus. Neither tells anything secret."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from statuspage.web.metrics import StoreCollector
from statuspage.worker.current import Current
from statuspage.worker.health import Examiner

blueprint = Blueprint("operations", __name__)
examiner = Examiner()


def current() -> Current:
    found: Current = current_app.extensions["current"]
    return found


@blueprint.get("/health")
def health() -> tuple[Response, int]:
    """200 while every part did real work lately, else 503; each part with what was found."""
    report = examiner.examine(current().context(), current().process)
    answer = jsonify({"healthy": report.healthy, "parts": {part.name: part.as_json() for part in report.parts}})
    answer.headers["Cache-Control"] = "no-store"
    return answer, 200 if report.healthy else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text format, computed from the store: the same from every process."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(current().context()))
    answer = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.before_request
def only_from_here() -> Response | None:
    """Outside loopback these are served by the front server's own rules; see docs/production.md."""
    if request.remote_addr in ("127.0.0.1", "::1") and not request.headers.get("X-Forwarded-For"):
        return None
    return Response("These addresses answer on loopback only.\n", status=403, content_type="text/plain; charset=utf-8")
