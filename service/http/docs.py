"""The pages about the API: its description, a viewer for it, and what each problem type means."""

import html
from importlib.metadata import distribution
from pathlib import Path

import orjson
from aiohttp import web

from service.http.answers import JSON
from service.http.files import FOREVER, TYPES, File, file_routes
from service.http.messages import CATALOGUE
from service.http.openapi.operation import Schema

HTML, STYLE, SCRIPT = TYPES[".html"], TYPES[".css"], TYPES[".js"]
VIEWER = "flask-swagger-ui"
VIEWER_FILES = ("swagger-ui.css", "index.css", "swagger-ui-bundle.js", "favicon-32x32.png")
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
        package = distribution(VIEWER)
        viewer = f"/docs/viewer-{package.version}"
        folder = Path(str(package.locate_file("flask_swagger_ui/dist")))
        self._files = {
            "/openapi.json": File(orjson.dumps(description), JSON),
            "/docs": File(_viewer_page(viewer).encode(), HTML),
            "/docs/start.js": File(_START.encode(), SCRIPT),
            "/docs/problems": File(_problems_page(viewer).encode(), HTML),
            "/docs/problems.css": File(_STYLE.encode(), STYLE),
        }
        # Their address names the version of the viewer.
        self._files |= {f"{viewer}/{name}": File.read(folder / name, FOREVER) for name in VIEWER_FILES}

    def routes(self) -> list[web.RouteDef]:
        """One for each page and each file."""
        return file_routes(self._files)


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
