"""Where the templates of receipts are; their pages are composed in `deploy/site/`, with what the receipts are of."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "pages"
