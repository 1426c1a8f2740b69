"""Where the templates of access are: what two people decide, freezes, suspensions, roles; `deploy/site/` composes them."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "pages"
