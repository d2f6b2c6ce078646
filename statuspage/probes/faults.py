"""What libcurl says went wrong, in our words: exactly one Reason for each thing that an engineer would do differently."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import pycurl

from statuspage.core.vocabulary import Reason
from statuspage.probes.findings import Failure

# X509_V_ERR_* of OpenSSL, as SSL_VERIFYRESULT gives them: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_VERIFY = {
    9: (Reason.TLS_EXPIRED, "the certificate is not valid yet"),
    10: (Reason.TLS_EXPIRED, "the certificate has expired"),
    18: (Reason.TLS_UNTRUSTED, "the certificate is signed by itself"),
    19: (Reason.TLS_UNTRUSTED, "the chain ends in a certificate that is signed by itself and not trusted"),
    20: (Reason.TLS_UNTRUSTED, "the issuer is unknown: not trusted, or an intermediate certificate is missing"),
    21: (Reason.TLS_UNTRUSTED, "the chain cannot be checked: an intermediate certificate may be missing"),
    23: (Reason.TLS_UNTRUSTED, "the certificate was revoked"),
    66: (Reason.TLS_WEAK, "the server's key is too small"),
    67: (Reason.TLS_WEAK, "the key of an issuer is too small"),
    68: (Reason.TLS_WEAK, "a certificate is signed with a broken digest"),
}
_WEAK = ("unsupported protocol", "protocol version", "no protocols available", "version too low", "key too small", "md too weak")
_REFUSED = {errno.ECONNREFUSED}
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EHOSTDOWN}
_RESET = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
_OUR_OWN = {  # it never came to the target's answer: this machine lacks something
    pycurl.E_SSL_CACERT_BADFILE: "the file of trusted issuers (ca_file) cannot be read, or is no file of certificates",
    pycurl.E_SSL_CERTPROBLEM: "our own certificate cannot be used",
    pycurl.E_SSL_CIPHER: "our own list of ciphers cannot be used",
    pycurl.E_SSL_ENGINE_INITFAILED: "the TLS library of this machine could not begin",
    pycurl.E_FAILED_INIT: "libcurl could not begin",
    pycurl.E_OUT_OF_MEMORY: "this machine has no memory left",
}
_PROTOCOL = {
    pycurl.E_UNSUPPORTED_PROTOCOL,
    pycurl.E_FTP_WEIRD_SERVER_REPLY,  # the old name of E_WEIRD_SERVER_REPLY
    pycurl.E_HTTP2,
    pycurl.E_BAD_CONTENT_ENCODING,
    pycurl.E_URL_MALFORMAT,
}


@dataclass(frozen=True)
class CurlError:
    """What libcurl told about one transfer. connected, secured: phases that were over; received: bytes of answer."""

    code: int
    message: str
    os_error: int
    verify_result: int
    connected: bool
    secured: bool
    received: int


def explain(error: CurlError) -> Failure:
    """The reason and a sentence. `message` is used to tell cases apart, never shown: it may name an address with its query."""
    if error.code in _OUR_OWN:
        return Failure(Reason.PROBER_FAULT, _OUR_OWN[error.code])
    if error.code == pycurl.E_OPERATION_TIMEDOUT:
        return _timed_out(error)
    if error.code == pycurl.E_COULDNT_CONNECT:
        return _not_connected(error)
    if error.code == pycurl.E_PEER_FAILED_VERIFICATION:
        return _not_verified(error)
    if error.code == pycurl.E_SSL_CONNECT_ERROR:
        return _no_handshake(error)
    if error.code in (pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR):
        return _broken_off(error)
    if error.code == pycurl.E_GOT_NOTHING:
        return Failure(Reason.CONNECTION_RESET, "the server closed the connection without an answer")
    if error.code == pycurl.E_PARTIAL_FILE:
        return Failure(Reason.CONNECTION_RESET, f"the server closed the connection in the middle of the body, after {error.received} bytes")
    if error.code in _PROTOCOL:
        return Failure(Reason.HTTP_PROTOCOL, "what came back is not an HTTP answer")
    if error.code == _E_TOO_LARGE:
        return Failure(Reason.HEADERS_TOO_LARGE, "a header line is too long")
    return Failure(Reason.HTTP_PROTOCOL, f"the exchange failed (libcurl error {error.code})")


_E_TOO_LARGE = 100  # CURLE_TOO_LARGE; pycurl has no name for it


def _timed_out(error: CurlError) -> Failure:
    if not error.connected:
        return Failure(Reason.CONNECT_TIMEOUT, "no connection before the deadline")
    if not error.secured:
        return Failure(Reason.READ_TIMEOUT, "the TLS handshake was not over at the deadline")
    if error.received:
        return Failure(Reason.READ_TIMEOUT, f"the answer was not complete at the deadline; {error.received} bytes had come")
    return Failure(Reason.READ_TIMEOUT, "no answer before the deadline")


def _not_connected(error: CurlError) -> Failure:
    if error.os_error in _UNREACHABLE:
        return Failure(Reason.CONNECT_UNREACHABLE, "there is no way to the address")
    if error.os_error == errno.ETIMEDOUT:
        return Failure(Reason.CONNECT_TIMEOUT, "the address did not react")
    if error.os_error in _REFUSED:
        return Failure(Reason.CONNECT_REFUSED, "the address refused the connection")
    return Failure(Reason.CONNECT_UNREACHABLE, f"no connection (system error {error.os_error})")


def _not_verified(error: CurlError) -> Failure:
    if error.verify_result in _VERIFY:
        return Failure(*_VERIFY[error.verify_result])
    if "subject name" in error.message or "hostname" in error.message or "host name" in error.message:
        return Failure(Reason.TLS_WRONG_HOST, "the certificate is for another host")
    return Failure(Reason.TLS_UNTRUSTED, f"the certificate is not trusted (OpenSSL result {error.verify_result})")


def _no_handshake(error: CurlError) -> Failure:
    message = error.message.lower()
    if any(sign in message for sign in _WEAK):
        return Failure(Reason.TLS_WEAK, "the server offers only protocol versions or keys that are too weak")
    if error.os_error in _RESET or "reset" in message or "unexpected eof" in message or "syscall" in message:
        return Failure(Reason.CONNECTION_RESET, "the server broke off the TLS handshake")
    return Failure(Reason.TLS_FAULT, "the TLS handshake failed")


def _broken_off(error: CurlError) -> Failure:
    message = error.message.lower()
    if any(sign in message for sign in _WEAK):  # TLS 1.3: the refusal arrives after the handshake seemed to be over
        return Failure(Reason.TLS_WEAK, "the server refused our protocol version or key")
    if "alert" in message:
        return Failure(Reason.TLS_FAULT, "the server ended TLS with an alert")
    if "chunk" in message:  # libcurl's word for a size that is no number, or a piece that does not end where it said
        return Failure(Reason.HTTP_PROTOCOL, "the pieces of the body (chunked) are not what HTTP wants")
    return Failure(Reason.CONNECTION_RESET, f"the connection broke off; {error.received} bytes had come")
