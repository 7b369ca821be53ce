"""The pages about the API: a person opens them in a browser, reads, and tries; nothing comes from anywhere else."""

import gzip
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser import browser_tab

from service.http.messages import CATALOGUE

OPERATION = "#operations-species-get-species"


async def files(farm: Any) -> list[str]:
    """The address of every file that the page /docs loads."""
    page = (await farm.get("//docs", who=None)).body.decode()
    return re.findall(r'(?:href|src)="(/[^"]+)"', page)


async def test_a_person_tries_an_operation_in_a_browser(library: Any) -> None:
    where = str(library.asking.client.make_url("/docs"))
    async with browser_tab() as tab:
        await tab.open(where)
        await tab.click("#operations-tag-species")
        await tab.click(f"{OPERATION} .opblock-summary-control")
        await tab.click(f"{OPERATION} .try-out__btn")
        await tab.click(f"{OPERATION} button.execute")
        status = await tab.text(f"{OPERATION} .live-responses-table .response .response-col_status")
        body = await tab.text(f"{OPERATION} .live-responses-table .response .response-col_description pre")
    assert status.split()[0] == "200"
    assert '"success": true' in body
    assert any(urlsplit(one).path == "/api/v1/species" for one in tab.requests)
    assert tab.complaints == []
    hosts = {urlsplit(one).netloc for one in tab.requests if not one.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(where).netloc}


async def test_the_problems_page_needs_nothing_else(library: Any) -> None:
    async with browser_tab() as tab:
        await tab.open(str(library.asking.client.make_url("/docs/problems#not_found")))
        shown = await tab.text("section:target")
    assert "Not found" in shown
    assert "No encontrado" in shown
    assert tab.complaints == []


async def test_every_problem_type_leads_to_its_explanation(farm: Any) -> None:
    problem = (await farm.get("/species/999999999", who=None)).json
    page, _, code = problem["type"].partition("#")
    answer = await farm.get(f"/{page}", who=None)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'<section id="{code}">' in answer.body.decode()
    assert re.findall(r'<section id="(\w+)">', answer.body.decode()) == sorted(one.lower() for one in CATALOGUE)


@pytest.mark.parametrize("path", ["//docs", "//docs/", "//docs/problems", "//openapi.json"])
async def test_a_page_lets_nothing_in_from_elsewhere(farm: Any, path: str) -> None:
    headers = (await farm.get(path, who=None)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "public, no-cache"


async def test_no_page_names_another_host(farm: Any) -> None:
    for path in ("//docs", "//docs/problems", "//docs/start.js", "//docs/problems.css"):
        assert not re.search(r"https?://", (await farm.get(path, who=None)).body.decode())


async def test_the_files_of_the_viewer_are_kept_for_good_under_an_address_with_its_version(farm: Any) -> None:
    viewers = [one for one in await files(farm) if "viewer-" in one]
    assert len(viewers) == 4
    for path in viewers:
        answer = await farm.get(f"/{path}", who=None)
        assert answer.status == 200
        assert re.search(r"/viewer-\d+\.\d+\.\d+/", path)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_a_file_has_validators_and_comes_compressed(farm: Any) -> None:
    for path in await files(farm):
        plain = await farm.get(f"/{path}", who=None)
        packed = await farm.get(f"/{path}", who=None, headers={"Accept-Encoding": "gzip"})
        again = await farm.get(f"/{path}", who=None, headers={"If-None-Match": plain.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
        if packed.headers.get("Content-Encoding") == "gzip":
            assert gzip.decompress(packed.body) == plain.body
            assert packed.headers["ETag"] != plain.headers["ETag"]
        assert packed.headers["Vary"] == "Accept-Encoding"


async def test_there_is_no_way_to_another_file(farm: Any) -> None:
    (script,) = [one for one in await files(farm) if one.endswith("bundle.js")]
    folder = script.rpartition("/")[0]
    for name in ("../../../setup.cfg", "%2e%2e/%2e%2e/setup.cfg", "LICENSE", "index.html", ""):
        assert (await farm.get(f"/{folder}/{name}", who=None)).status == 404
