"""Where the templates of standing subscriptions are; `deploy/site/` composes them."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "pages"
