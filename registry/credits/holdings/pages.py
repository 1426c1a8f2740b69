"""Where the templates of what an account holds, moves, retires and transfers are; `deploy/site/` composes them."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "pages"
