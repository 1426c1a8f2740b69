"""Which version of Kilnwood this is."""

from typing import Final

VERSION: Final = "0.4.0"
