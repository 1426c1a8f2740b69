"""Where the templates of credits are; their pages are composed in `deploy/site/`, with projects and claims."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "pages"
