"""Which headers each class of route carries: one table, for the published files, the console and the servers in front.

PAGE      the HTML that people read; its one style sheet and its script stand in it and are named by their digests
EMBED     what other sites may show: badges, and the script of the banner
FRAME     the card that other sites may show in a frame: a small page without a script
MACHINE   feeds, JSON, text: read by programs from anywhere
CONSOLE   what engineers see; never kept by a cache
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

CACHE_PUBLIC = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
CACHE_NEVER = "no-store"
_NOTHING = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"


class RouteClass(StrEnum):
    PAGE = "page"
    EMBED = "embed"
    FRAME = "frame"
    MACHINE = "machine"
    CONSOLE = "console"


def content_security_policy(route: RouteClass, hashes: Mapping[str, str] | None = None, *, in_page: bool = False) -> str:
    """The policy of one class.

    hashes    "style" and "script" -> sha256-… of the inline ones, a space between several; without them no style, no script
    in_page   for <meta>, which may not say frame-ancestors
    """
    rules = ["default-src 'none'", "object-src 'none'", "base-uri 'none'"]
    rules.append("form-action 'self'" if route in (RouteClass.PAGE, RouteClass.CONSOLE) else "form-action 'none'")
    if route is RouteClass.PAGE:
        rules += [f"{kind}-src {_quoted(digests)}" for kind, digests in sorted((hashes or {}).items())]
        rules += ["connect-src 'self'", "img-src 'self' data:"]
    if route is RouteClass.CONSOLE:
        rules += ["style-src 'self'", "script-src 'self'", "connect-src 'self'", "img-src 'self' data:"]
    if route is RouteClass.FRAME and hashes:
        rules.append(f"style-src {_quoted(hashes['style'])}")
    if not in_page:
        rules.append("frame-ancestors *" if route is RouteClass.FRAME else "frame-ancestors 'none'")
    return "; ".join(rules)


def _quoted(digests: str) -> str:
    return " ".join(f"'{one}'" for one in digests.split())


def headers_for(route: RouteClass, hashes: Mapping[str, str] | None = None) -> dict[str, str]:
    """All security and cache headers of one class of route, ready to be sent. See content_security_policy for `hashes`."""
    open_to_all = route in (RouteClass.EMBED, RouteClass.FRAME, RouteClass.MACHINE)
    found = {
        "Content-Security-Policy": content_security_policy(route, hashes),
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # not no-referrer where forms are: browsers would then send "Origin: null" with them, which the console refuses
        "Referrer-Policy": "same-origin" if route in (RouteClass.PAGE, RouteClass.CONSOLE) else "no-referrer",
        "Permissions-Policy": _NOTHING,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if open_to_all else "same-origin",
        "Cache-Control": CACHE_NEVER if route is RouteClass.CONSOLE else CACHE_PUBLIC,
    }
    if route is RouteClass.FRAME:
        del found["X-Frame-Options"]  # frame-ancestors says who may; this older header knows only "nobody" and "we ourselves"
    if open_to_all:
        found["Access-Control-Allow-Origin"] = "*"
        found["Access-Control-Expose-Headers"] = "ETag"
    return found
