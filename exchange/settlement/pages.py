"""Where the templates of money, tonnes and deliveries of an account are; `deploy/site/` composes them."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "pages"
