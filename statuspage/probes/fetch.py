"""One request of a probe: the name resolved and checked, the address pinned, redirects followed by us, hop by hop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from ssl import get_default_verify_paths

from statuspage.core.vocabulary import Reason
from statuspage.probes.certificates import Certificate
from statuspage.probes.charset import as_page
from statuspage.probes.engine import Operation, Work
from statuspage.probes.findings import Failure
from statuspage.probes.look import Look
from statuspage.probes.lookup import lookup, system_servers
from statuspage.probes.place import BadPlace, Place, follow
from statuspage.probes.transfer import MAX_BODY, Exchange, Transfer

MAX_HOPS = 3
PORTS = frozenset({80, 443, 8000, 8080, 8443})  # where a redirect may lead, besides the ports that the administrator wrote
USER_AGENT = "statuspage-probe/1"
SAFE_METHODS = ("GET", "HEAD")
_REDIRECTS = (301, 302, 303, 307, 308)
_ACROSS_ORIGINS = frozenset({"accept", "accept-language", "user-agent"})  # all others may be credentials


@dataclass(frozen=True)
class Request:
    """headers, body   may hold secrets: never in repr
    cookies   asked before each hop for the Cookie header that fits the place; learn is told each hop's Set-Cookie lines
    address   only this one of the addresses behind the name (first hop); "" for the first that accepts
    ports     further ports that may be reached; the port of `place` always may
    """

    place: Place
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    follow: bool = True
    address: str = ""
    ports: frozenset[int] = frozenset()
    max_body: int = MAX_BODY
    ca_file: str = ""
    certificate: bool = False
    cookies: Callable[[Place], str] | None = field(default=None, repr=False)
    learn: Callable[[Place, list[str]], None] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What one request brought: the last exchange, where it ended, and what the whole cost.

    place      where the answer came from, after redirects
    phases_ms  dns, connect, tls, first_byte summed over the hops, and total
    unanswered a request that may change something was sent out whole, and its answer, or the page that the answer leads to, did not
               come: nobody knows what it did
    unreachable  addresses that were tried in vain before one answered
    """

    failure: Failure | None
    place: Place
    exchange: Exchange
    phases_ms: Mapping[str, float]
    hops: int = 0
    unanswered: bool = False
    unreachable: tuple[tuple[str, Failure], ...] = ()

    @property
    def status(self) -> int:
        return self.exchange.status

    @property
    def chain(self) -> tuple[Certificate, ...]:
        return self.exchange.chain

    @property
    def latency_ms(self) -> float:
        return self.phases_ms.get("total", 0.0)

    def header(self, name: str) -> str:
        """The first value of that header (in small letters), or ""."""
        return next((value for key, value in self.exchange.headers if key == name), "")

    @cached_property
    def text(self) -> str:
        """The body as text, as browsers read it; what cannot be read becomes U+FFFD."""
        return as_page(self.exchange.body, self.header("content-type"))


@cache
def trusted_issuers() -> str:
    """The file of issuers that this machine trusts; certifi's where the machine has none."""
    path = get_default_verify_paths().cafile
    if path and Path(path).exists():
        return path
    import certifi

    return certifi.where()


def fetch(request: Request, look: Look, deadline: float) -> Work[Answer]:
    """Carries out the request before `deadline` (of look.monotonic). What goes wrong is in Answer.failure."""
    phases: dict[str, float] = {}
    began = look.monotonic()
    hop, acted = 0, False
    while True:
        answer = yield from _one_hop(request, look, deadline)
        acted = acted or (answer.exchange.sent and request.method not in SAFE_METHODS)
        for name, value in answer.phases_ms.items():
            phases[name] = phases.get(name, 0.0) + value
        phases["total"] = round((look.monotonic() - began) * 1000, 3)
        answer = replace(answer, phases_ms=phases, hops=hop, unanswered=acted and answer.failure is not None)
        if hop and answer.failure and answer.failure.reason is Reason.ADDRESS_DENIED:
            return replace(answer, failure=Failure(Reason.REDIRECT_REFUSED, f"redirect refused: {answer.failure.evidence}"))
        location = answer.header("location")
        if answer.failure or not request.follow or answer.status not in _REDIRECTS or not location:
            return answer
        following = _redirected(request, answer, location, hop)
        if isinstance(following, Failure):
            return replace(answer, failure=following, unanswered=acted)
        request, hop = following, hop + 1


def _redirected(request: Request, answer: Answer, location: str, hop: int) -> Request | Failure:
    """The next request of a chain of redirects, or why it is not made."""
    if hop >= MAX_HOPS:
        return Failure(Reason.REDIRECT_LOOP, f"more than {MAX_HOPS} redirects; the last led to {answer.place.shown}")
    try:
        place = follow(request.place, location)
    except BadPlace as error:
        return Failure(Reason.REDIRECT_REFUSED, f"redirect refused: {error}")
    if request.place.scheme == "https" and place.scheme == "http":
        return Failure(Reason.REDIRECT_REFUSED, "redirect refused: it leads from https to http")
    ports = request.ports | {request.place.port}
    if place.port not in ports | PORTS:
        return Failure(Reason.REDIRECT_REFUSED, f"redirect refused: port {place.port} is not in the list of ports")
    foreign = place.origin != request.place.origin
    keeps_method = answer.status in (307, 308) or request.method in SAFE_METHODS
    if foreign and keeps_method and request.body is not None:
        return Failure(Reason.REDIRECT_REFUSED, "redirect refused: the form would have gone to another origin")
    headers = {name: value for name, value in request.headers.items() if not foreign or name.lower() in _ACROSS_ORIGINS}
    request = replace(request, address="")
    if keeps_method:
        return replace(request, place=place, headers=headers, ports=ports)
    headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return replace(request, place=place, headers=headers, ports=ports, method="GET", body=None)


def _one_hop(request: Request, look: Look, deadline: float) -> Work[Answer]:
    place = request.place
    left_s = deadline - look.monotonic()
    if left_s <= 0:
        failure = Failure(Reason.READ_TIMEOUT, "no time was left for this request")
        return Answer(failure, place, Exchange(failure), {})
    found = yield from lookup(place.host, look.rules, look.servers or system_servers(), left_s)
    phases = {"dns": found.elapsed_ms}
    if found.failure:
        return Answer(found.failure, place, Exchange(found.failure), phases)
    addresses = (request.address,) if request.address in found.addresses else found.addresses
    missed: list[tuple[str, Failure]] = []
    for number, address in enumerate(addresses, 1):
        left_s = deadline - look.monotonic()
        last = number == len(addresses)
        exchange = yield _transfer(request, address, max(left_s, 0.001), last)
        if exchange.connected or last or deadline <= look.monotonic():
            break
        missed.append((address, exchange.failure))
    if request.learn is not None:
        request.learn(place, [value for name, value in exchange.headers if name == "set-cookie"])
    phases |= {name: value for name, value in exchange.phases_ms.items() if name != "total"}
    return Answer(exchange.failure, place, exchange, phases, unreachable=tuple(missed))


def _transfer(request: Request, address: str, left_s: float, last: bool) -> Operation:
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **request.headers}
    if request.cookies is not None and (cookie := request.cookies(request.place)):
        headers["Cookie"] = cookie
    return Transfer(
        place=request.place,
        address=address,
        deadline_s=left_s,
        connect_s=None if last else left_s / 2,
        method=request.method,
        headers=tuple(headers.items()),
        body=request.body,
        ca_file=request.ca_file or trusted_issuers(),
        max_body=request.max_body,
        certificate=request.certificate,
    )
