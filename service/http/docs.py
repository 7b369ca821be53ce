"""The pages about the API: its description, a viewer for it, and what each problem type means."""

import html
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

import orjson
from aiohttp import hdrs, web

from service.cache.page import Page
from service.http.answers import JSON, Policy, answer
from service.http.messages import CATALOGUE
from service.http.openapi.operation import Schema
from service.http.routing import Handler, both

HTML = "text/html; charset=utf-8"
VIEWER = "flask-swagger-ui"
STYLE_TYPE, SCRIPT_TYPE, ICON_TYPE = "text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/png"
VIEWER_FILES = {
    "swagger-ui.css": STYLE_TYPE,
    "index.css": STYLE_TYPE,
    "swagger-ui-bundle.js": SCRIPT_TYPE,
    "favicon-32x32.png": ICON_TYPE,
}
PAGES = Policy("public, no-cache", "Accept-Encoding")
# Their address names the version of the viewer.
FOREVER = Policy("public, max-age=31536000, immutable", "Accept-Encoding")
# The viewer shows small pictures from data: addresses.
SECURITY = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
)
_SHELL = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}
</head>
<body>
{body}
</body>
</html>
"""
_START = """\
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#viewer",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    validatorUrl: null,
    displayRequestDuration: true,
  });
});
"""
_STYLE = """\
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
section { border-top: 1px solid #ccc; }
section:target { background: #fff6d5; }
h2 { font-size: 1.1rem; margin-bottom: 0; }
code { font-family: ui-monospace, monospace; }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #ddd; }
  section:target { background: #3a3210; }
  a { color: #8ab4f8; }
}
"""


class Docs:
    """Answers /openapi.json and everything below /docs."""

    def __init__(self, description: Schema) -> None:
        made = datetime.now(UTC)
        package = distribution(VIEWER)
        self._viewer = f"/docs/viewer-{package.version}"
        self._folder = Path(str(package.locate_file("flask_swagger_ui/dist")))
        pages = {
            "/openapi.json": (orjson.dumps(description), JSON),
            "/docs": (_viewer_page(self._viewer).encode(), HTML),
            "/docs/start.js": (_START.encode(), SCRIPT_TYPE),
            "/docs/problems": (_problems_page(self._viewer).encode(), HTML),
            "/docs/problems.css": (_STYLE.encode(), STYLE_TYPE),
        }
        self._pages = {path: (Page(body, made, 0.0, SECURITY), kind) for path, (body, kind) in pages.items()}
        for name, kind in VIEWER_FILES.items():
            content = (self._folder / name).read_bytes()
            self._pages[f"{self._viewer}/{name}"] = (Page(content, made, 0.0, SECURITY), kind)

    def routes(self) -> list[web.RouteDef]:
        """One for each page and each file."""
        return [one for path in self._pages for one in both(hdrs.METH_GET, path, self._handler(path))]

    def _handler(self, path: str) -> Handler:
        page, kind = self._pages[path]
        policy = FOREVER if path.startswith(self._viewer) else PAGES

        async def handler(request: web.Request) -> web.StreamResponse:
            return answer(request, page, policy, kind)

        return handler


def _viewer_page(viewer: str) -> str:
    head = f"""\
<link rel="stylesheet" href="{viewer}/swagger-ui.css">
<link rel="stylesheet" href="{viewer}/index.css">
<link rel="icon" type="image/png" href="{viewer}/favicon-32x32.png">
<script src="{viewer}/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>"""
    return _SHELL.format(title="Herdbook API", head=head, body='<div id="viewer"></div>')


def _problems_page(viewer: str) -> str:
    head = f"""\
<link rel="stylesheet" href="/docs/problems.css">
<link rel="icon" type="image/png" href="{viewer}/favicon-32x32.png">"""
    entries = "\n".join(_problem(code) for code in sorted(CATALOGUE))
    body = f"""\
<h1>Problems</h1>
<p>Every failure is <code>application/problem+json</code> (RFC 9457). Its <code>type</code> leads to a line of this
page, its <code>error.code</code> is the name here, and its <code>error.trace_id</code> is also in the log of the
service. <a href="/docs">The API</a></p>
{entries}"""
    return _SHELL.format(title="Herdbook problems", head=head, body=body)


def _problem(code: str) -> str:
    entry = CATALOGUE[code]
    spanish, english = (html.escape(sentence) for sentence in entry.sentences)
    title, titled = (html.escape(one) for one in entry.titles)
    return f"""\
<section id="{code.lower()}">
<h2>{entry.status} {titled} · <span lang="es">{title}</span></h2>
<p><code>{code}</code></p>
<p>{english}</p>
<p lang="es">{spanish}</p>
</section>"""
