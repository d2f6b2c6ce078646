"""One exchange with one address: connect, perhaps TLS, perhaps one request and its answer. No names, no redirects."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

import pycurl

from statuspage.core.vocabulary import Reason
from statuspage.probes.certificates import Certificate, read_chain
from statuspage.probes.decoding import ACCEPTED, Body
from statuspage.probes.engine import Ended, Engine, Stop
from statuspage.probes.faults import CurlError, explain
from statuspage.probes.findings import Failure
from statuspage.probes.place import Place

MAX_BODY = 1024 * 1024
MAX_HEADERS = 64 * 1024
_BLANKS = b" \t\r\n\v\f"  # of ASCII alone: the last byte of "à" would be one in Latin-1
_VERSIONS = {
    "1.0": pycurl.SSLVERSION_TLSv1_0,
    "1.1": pycurl.SSLVERSION_TLSv1_1,
    "1.2": pycurl.SSLVERSION_TLSv1_2,
    "1.3": pycurl.SSLVERSION_TLSv1_3,
}


@dataclass(frozen=True)
class Exchange:
    """What one Transfer saw.

    failure     None if the exchange was whole, whatever its status
    headers     names in small letters, in order
    connected   the address accepted; sent: the request may have reached the server, so it may have been acted upon
    phases_ms   connect, tls, first_byte, total: each phase's own time; those not reached are missing
    """

    failure: Failure | None
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    connected: bool = False
    sent: bool = False
    phases_ms: Mapping[str, float] = field(default_factory=dict)
    chain: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Transfer:
    """Operation; gives an Exchange. A fresh connection each time, to `address` and nowhere else; host and SNI stay `place`'s.

    deadline_s     for everything together; connect_s: for the connection alone, where another address waits
    ca_file        PEM file of the issuers to trust
    connect_only   ends after connect (http) or the handshake (https), sends nothing
    certificate    True: read the chain too
    """

    place: Place
    address: str
    deadline_s: float
    connect_s: float | None = None
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    ca_file: str = ""
    min_tls: str = "1.2"
    max_body: int = MAX_BODY
    connect_only: bool = False
    certificate: bool = False

    def begin(self, engine: Engine, ended: Ended) -> Stop:
        return _Running(self, engine, ended).stop


class _Running:
    """One transfer under way: takes in what libcurl hands over, within the limits."""

    def __init__(self, wanted: Transfer, engine: Engine, ended: Ended) -> None:
        self.wanted = wanted
        self.engine = engine
        self.ended = ended
        self.failure: Failure | None = None
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.header_bytes = 0
        self.received = 0
        self.body: Body | None = None
        self.sockets: list[socket.socket] = []
        self.curl = pycurl.Curl()
        try:
            self._prepare()
            engine.transfer(self.curl, self._over)
        except BaseException:
            self.curl.close()
            raise

    def stop(self) -> None:
        self.engine.drop(self.curl)
        self._close()

    def _close(self) -> None:
        self.curl.close()
        for opened in self.sockets:
            opened.close()

    def _prepare(self) -> None:
        wanted, curl = self.wanted, self.curl
        curl.setopt(pycurl.URL, wanted.place.url)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        address = f"[{wanted.address}]" if ":" in wanted.address else wanted.address
        curl.setopt(pycurl.CONNECT_TO, [f"::{address}:{wanted.place.port}"])
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.PROXY, "")  # whatever the environment says
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
        curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(wanted.deadline_s * 1000)))
        if wanted.connect_s is not None:
            curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(wanted.connect_s * 1000)))
        if wanted.place.scheme == "https":
            self._prepare_tls()
        if wanted.connect_only:
            curl.setopt(pycurl.CONNECT_ONLY, 1)
        else:
            self._prepare_request()

    def _prepare_tls(self) -> None:
        self.curl.setopt(pycurl.SSLVERSION, _VERSIONS[self.wanted.min_tls])
        if self.wanted.ca_file:
            self.curl.setopt(pycurl.CAINFO, self.wanted.ca_file)
        if self.wanted.certificate:
            self.curl.setopt(pycurl.OPT_CERTINFO, 1)

    def _prepare_request(self) -> None:
        wanted, curl = self.wanted, self.curl
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.HTTP_CONTENT_DECODING, 0)  # we decode, with a limit
        curl.setopt(pycurl.HEADERFUNCTION, self._header)
        curl.setopt(pycurl.WRITEFUNCTION, self._write)
        if wanted.method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        elif wanted.body is not None:
            curl.setopt(pycurl.POSTFIELDS, wanted.body)
            curl.setopt(pycurl.CUSTOMREQUEST, wanted.method)
        elif wanted.method != "GET":
            curl.setopt(pycurl.CUSTOMREQUEST, wanted.method)
        names = {name.lower() for name, _ in wanted.headers}
        lines = [_line(name, value) for name, value in wanted.headers]
        if "accept-encoding" not in names:
            lines.append(f"Accept-Encoding: {ACCEPTED}")
        curl.setopt(pycurl.HTTPHEADER, [*lines, "Expect:"])

    def _open_socket(self, _purpose: int, address: pycurl.CurlSockAddr) -> socket.socket | int:
        if address.addr[0] != self.wanted.address or address.addr[1] != self.wanted.place.port:
            self.failure = Failure(Reason.ADDRESS_DENIED, "the connection would have gone to an address that was not checked")
            return pycurl.SOCKET_BAD
        self.engine.connections += 1
        opened = socket.socket(address.family, address.socktype, address.protocol)
        self.sockets.append(opened)
        self.engine.soon(opened.close)  # libcurl works on a copy of it
        return opened

    def _header(self, line: bytes) -> int | None:
        self.header_bytes += len(line)
        self.received += len(line)
        if self.header_bytes > MAX_HEADERS:
            self.failure = Failure(Reason.HEADERS_TOO_LARGE, f"more than {MAX_HEADERS} bytes of headers")
            return -1
        if line.startswith(b"HTTP/"):
            self.headers.clear()
            return None
        name, colon, value = line.partition(b":")
        if colon:
            self.headers.append((name.strip(_BLANKS).decode("latin-1").lower(), value.strip(_BLANKS).decode("latin-1")))
        return None

    def _write(self, data: bytes) -> int | None:
        self.received += len(data)
        if self.body is None:
            self.body = Body([value for name, value in self.headers if name == "content-encoding"], self.wanted.max_body)
        if self.body.feed(data):
            return None
        self.failure = self.body.failure
        return -1

    def _over(self, code: int, message: str) -> None:
        exchange = self._exchange(code, message)
        self.engine.soon(self._close)  # not from inside libcurl's own call
        self.ended(exchange, None)

    def _exchange(self, code: int, message: str) -> Exchange:
        info = self.curl.getinfo
        secure = self.wanted.place.scheme == "https"
        connected = info(pycurl.CONNECT_TIME) > 0
        secured = info(pycurl.APPCONNECT_TIME) > 0 if secure else connected
        failure, body = self.failure, b""
        if failure is None and code:
            failure = explain(
                CurlError(code, message, info(pycurl.OS_ERRNO), info(pycurl.SSL_VERIFYRESULT), connected, secured, self.received)
            )
        if failure is None and self.body is not None:
            body = self.body.end()
            failure = self.body.failure
        return Exchange(
            failure=failure,
            status=info(pycurl.RESPONSE_CODE),
            headers=tuple(self.headers),
            body=b"" if failure else body,
            connected=connected,
            sent=secured and not self.wanted.connect_only,
            phases_ms=self._phases(),
            chain=read_chain(info(pycurl.INFO_CERTINFO)) if secure and self.wanted.certificate else (),
        )

    def _phases(self) -> dict[str, float]:
        info = self.curl.getinfo
        connect, tls, first = info(pycurl.CONNECT_TIME), info(pycurl.APPCONNECT_TIME), info(pycurl.STARTTRANSFER_TIME)
        phases = {}
        if connect > 0:
            phases["connect"] = connect
        if tls > 0:
            phases["tls"] = tls - connect
        if self.received and first > 0:
            phases["first_byte"] = first - max(connect, tls)
        phases["total"] = info(pycurl.TOTAL_TIME)
        return {name: round(seconds * 1000, 3) for name, seconds in phases.items()}


def _line(name: str, value: str) -> str:
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in name + value):
        raise ValueError(f"the header {name[:40]!r} was to be sent with a control character")
    return f"{name}: {value}" if value else f"{name};"  # libcurl's spelling of an empty header
