"""The headers of the published files in the words of nginx and of Caddy, for servers that hand out the folder when ours is down.

Sources: nginx's modules http_map, http_headers and core (`types`); Caddy's directives `header` and matcher `path`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from statuspage.publish.headers import RouteClass
from statuspage.publish.site import JSON_FEED, MEDIA_TYPES, media_type, route_class

Headers = Mapping[RouteClass, Mapping[str, str]]
PUBLIC = (RouteClass.PAGE, RouteClass.EMBED, RouteClass.FRAME, RouteClass.MACHINE)
_WHO = "# Written by `statuspage front`, from what is published: write it again after each update of the product.\n"


def nginx(headers: Headers) -> dict[str, str]:
    """File name -> contents: `statuspage-maps.conf` belongs into `http`, `statuspage-headers.conf` into the location of the folder.

    nginx knows types by a file's last suffix only, so feed.json is plain JSON there, which JSON Feed allows.
    """
    maps = [_WHO, "map $uri $statuspage_class {", "  default page;"]
    maps += [rf"  ~\.({'|'.join(_suffixes(route))})$ {route};" for route in PUBLIC if route is not RouteClass.PAGE]
    maps.append("}")
    kinds = {suffix[1:]: kind.partition(";") for suffix, kind in MEDIA_TYPES.items()}
    written = [kind for kind, charset, _ in kinds.values() if charset and kind != "text/html"]  # text/html always is
    told = [_WHO, f"types {{ {' '.join(f'{kind} {suffix};' for suffix, (kind, *_) in kinds.items())} }}"]
    told += ["default_type text/html;", "charset utf-8;", f"charset_types {' '.join(written)};"]
    for name in _names(headers):
        variable = "$statuspage_" + name.lower().replace("-", "_")
        values = {route: headers[route].get(name, "") for route in PUBLIC}
        maps += [f"map $statuspage_class {variable} {{", *(f'  {route} "{value}";' for route, value in values.items()), "}"]
        told.append(f"add_header {name} {variable} always;")
    return {"statuspage-maps.conf": _lines(maps), "statuspage-headers.conf": _lines(told)}


def caddy(headers: Headers) -> dict[str, str]:
    """File name -> contents: `statuspage-headers.caddy` is a snippet, to be imported at the top and used where the folder is served."""
    told = [_WHO, "(statuspage_headers) {"]
    for route in PUBLIC:
        others = [suffix for other in PUBLIC if other is not RouteClass.PAGE for suffix in _suffixes(other)]
        match = f"not path {_globs(others)}" if route is RouteClass.PAGE else f"path {_globs(_suffixes(route))}"
        told += [f"  @statuspage_{route} {match}", f"  header @statuspage_{route} {{"]
        told += [f'    {name} "{value}"' for name, value in headers[route].items()]
        told.append("  }")
    for suffix, kind in MEDIA_TYPES.items():
        told += _type(suffix[1:], kind, f"path *{suffix}", *([f"not path */{JSON_FEED}"] if suffix == ".json" else []))
    told += [*_type("json_feed", media_type(PurePosixPath(JSON_FEED)), f"path */{JSON_FEED}"), "}"]
    return {"statuspage-headers.caddy": _lines(told)}


def _type(name: str, kind: str, *matches: str) -> list[str]:
    """Caddy's lines for one media type."""
    return [f"  @statuspage_{name} {{", *(f"    {match}" for match in matches), "  }", f'  header @statuspage_{name} Content-Type "{kind}"']


def _suffixes(route: RouteClass) -> list[str]:
    return sorted(suffix[1:] for suffix in MEDIA_TYPES if route_class(PurePosixPath("x" + suffix)) is route)


def _globs(suffixes: list[str]) -> str:
    return " ".join(f"*.{suffix}" for suffix in suffixes)


def _names(headers: Headers) -> list[str]:
    """Every header of any class, in the order of their first mention."""
    return list(dict.fromkeys(name for route in PUBLIC for name in headers[route]))


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
