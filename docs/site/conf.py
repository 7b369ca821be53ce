"""The documentation as a site: `make site` builds it from the pages as they stand; a broken link is an error."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from reference import write_reference  # noqa: E402

from service import __version__  # noqa: E402

project = "Herdbook"
version = release = __version__
language = "en"

extensions = ["myst_parser"]
myst_heading_anchors = 4
root_doc = "docs/site/index"
include_patterns = ["*.md", "docs/*.md", "docs/**/*.md"]
nitpicky = True

html_theme = "furo"
html_title = f"Herdbook {__version__}"
html_extra_path = ["index.html"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

write_reference(HERE / "api.md")
