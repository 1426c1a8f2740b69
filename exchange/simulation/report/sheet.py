"""What every report is written on: one page in two languages, with charts that carry their own SVG and CSV."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib import resources
from typing import Final, NamedTuple

from exchange.simulation.charts.frame import Drawing, Language, Pen, Words, svg
from exchange.simulation.plans import Bilingual
from exchange.simulation.tables import csv_of

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_MOST_ROWS: Final = 60
"""A table as long as this is shown below its chart; a longer one is only in the CSV."""


class Table(NamedTuple):
    """The numbers of a chart: names of the columns, and rows."""

    heads: Sequence[str]
    rows: Sequence[Sequence[object]]


class Script(NamedTuple):
    """What a page runs, if anything: HTML at its end, and the sources that its policy allows."""

    html: str = ""
    allowed: Sequence[str] = ()


def both(en: str, zh: str) -> str:
    """Return a text in both languages; the page shows one of them."""
    return f'<span lang="en">{escape(en)}</span><span lang="zh">{escape(zh)}</span>'


def said(words: Words) -> str:
    """Return words in both languages, or what is the same in both once."""
    return escape(words) if isinstance(words, str) else both(*words)


def two(text: Bilingual) -> str:
    """Return a text of a scenario in both languages."""
    return both(text.en, text.zh)


_CHOOSE: Final = 'if(!/^zh/i.test(navigator.language))document.getElementById("en").checked=true'
"""What a page runs that opens in the language of the browser: Chinese, or English for all others."""
_CHECKED: Final = {
    "zh": ('<input type="radio" name="l" id="zh" checked>', '<input type="radio" name="l" id="en">'),
    "en": ('<input type="radio" name="l" id="zh">', '<input type="radio" name="l" id="en" checked>'),
}


def allowed(script: str | bytes) -> str:
    """Return the source by which a policy lets one script run, by its hash."""
    stored = script.encode() if isinstance(script, str) else script
    return f"'sha256-{base64.b64encode(hashlib.sha256(stored).digest()).decode()}'"


def opened_in(page: str, language: Language) -> str:
    """Return a page that asks the browser as it is when it opens in one language: to the byte as `sheet` writes it."""
    asks = allowed(_CHOOSE)
    page = page.replace(f"<script>{_CHOOSE}</script>", "", 1)
    page = page.replace(f" script-src {asks};", "", 1).replace(f"script-src {asks} ", "script-src ", 1)
    for one in _LANGUAGES:
        for now, then in zip(_CHECKED[one], _CHECKED[language], strict=True):
            page = page.replace(now, then, 1)
    return page


def sheet(
    title: Bilingual,
    parts: Iterable[str],
    script: Script = Script(),  # noqa: B008 - a tuple, and empty
    opens: Language | None = None,
) -> str:
    """
    Write a whole page that opens in a language, or in the browser's; a reader can choose the other at its top.

    No part of it needs a script or the network: without one it opens in Chinese where *opens* says nothing. Its policy
    lets it load nothing, and run nothing but what *script* allows by hash, and the line that asks the browser.
    """
    style = resources.files(__package__).joinpath("report.css").read_text("utf-8")
    sources = [*([] if opens else [allowed(_CHOOSE)]), *script.allowed]
    runs = f" script-src {' '.join(sources)};" if sources else ""
    zh, en = _CHECKED[opens or "zh"]
    chooses = "" if opens else f"<script>{_CHOOSE}</script>"
    policy = f"default-src 'none'; style-src 'unsafe-inline';{runs} base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title.en)} · {escape(title.zh)}</title><style>{style}</style>"
        f'<body>{zh}<label for="zh" lang="zh">中文</label>{en}<label for="en" lang="en">English</label>{chooses}'
        f"<main>{''.join(parts)}</main>{script.html}</body></html>\n"
    )


def chart(title: Words, note: Words, name: str, draw: Callable[[Pen], Drawing], table: Table) -> str:
    """
    Write a chart: a drawing in each language, what it shows, its numbers as a table, and both to take away.

    *name* is unlike that of any other chart of the page.
    """
    drawn = {language: _drawn(Pen(language, f"{name}-{language}"), title, draw) for language in _LANGUAGES}
    shown = "".join(f'<div lang="{language}">{text}</div>' for language, text in drawn.items())
    links = "".join(
        f'<a lang="{language}" {_download(f"{name}.{language}.svg", "image/svg+xml", text)}>SVG</a>'
        for language, text in drawn.items()
    )
    data = csv_of(table.heads, table.rows)
    links += f" <a {_download(f'{name}.csv', 'text/csv', data)}>CSV</a>"
    caption = f"<figcaption>{said(note)} <span class=links>{links}</span></figcaption>"
    return f"<figure><h2>{said(title)}</h2>{shown}{caption}{_behind(title, table)}</figure>"


def _drawn(pen: Pen, title: Words, draw: Callable[[Pen], Drawing]) -> str:
    return svg(pen, title, draw(pen))


def _download(name: str, kind: str, text: str) -> str:
    data = base64.b64encode(text.encode()).decode()
    return f'download="{name}" href="data:{kind};charset=utf-8;base64,{data}"'


def _behind(title: Words, table: Table) -> str:
    """The numbers of a chart as a table, where they are few enough to read."""
    if not 0 < len(table.rows) <= _MOST_ROWS:
        return ""
    heads = "".join(f'<th scope="col">{escape(each)}</th>' for each in table.heads)
    rows = "".join(f"<tr>{''.join(map(_number, row))}</tr>" for row in table.rows)
    return (
        f"<details><summary>{both('The numbers', '数据')}</summary><div class=wide tabindex=0><table>"
        f"<caption>{said(title)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"<td class=number>{value:,.2f}</td>"
    if isinstance(value, int):
        return f"<td class=number>{value:,}</td>"
    return f"<td>{'–' if value is None else escape(str(value))}</td>"
