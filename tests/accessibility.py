"""What axe-core finds wrong with a page as it stands, for people who cannot see or point."""

import json
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from browser import Tab

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@cache
def axe() -> str:
    """axe-core, as a script."""
    return Path(str(distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js"))).read_text()


async def violations(tab: Tab) -> list[str]:
    """The rules broken, each with the elements that break it."""
    await tab.evaluate(f"{axe()};0")
    found = await tab.evaluate(
        f"axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(done => JSON.stringify("
        "done.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html).join(' '))))"
    )
    said: list[str] = json.loads(found)
    return said
