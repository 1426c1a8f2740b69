"""Words that are looked for in a column."""


def like(words: str) -> str:
    """*words* in lower case, as a pattern for ``like`` that means nothing but itself."""
    return words.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
