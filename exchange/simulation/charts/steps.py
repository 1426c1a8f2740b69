"""A supply curve in steps: each block as wide as its quantity and as high as its cost."""

from collections.abc import Sequence
from typing import NamedTuple

from exchange.simulation.charts.frame import Drawing, Pen, Words, amount, legend, round_ticks, spread, upright


class SupplyBlock(NamedTuple):
    """What one seller offers: at which price, how much, and to which entry of the legend it belongs."""

    price: float
    quantity: float
    kind: int


def steps(pen: Pen, blocks: Sequence[SupplyBlock], names: Sequence[Words]) -> Drawing:
    """Draw blocks side by side, the cheapest first."""
    ordered = sorted(blocks)
    end = sum(each.quantity for each in ordered)
    plot, body = upright(pen, max((each.price for each in ordered), default=0), end)
    at = 0.0
    for each in ordered:
        x, after, y = plot.x(at), plot.x(at + each.quantity), plot.y(each.price)
        size = f'x="{x:.1f}" y="{y:.1f}" width="{max(0.3, after - x):.1f}" height="{plot.bottom - y:.1f}"'
        body += f'<rect {size} fill="{pen.fill(each.kind)}" stroke="#fff" stroke-width="0.5"/>'
        at += each.quantity
    marks = [value for value in round_ticks(end, most=5) if value <= end]
    labels = [amount(value, end, pen.language) for value in marks]
    body += "".join(spread(labels, plot, marks, plot.bottom + 17))
    rows, height = legend(pen, names, plot.bottom + 24)
    cost = f"{ordered[0].price:,.2f} – {ordered[-1].price:,.2f}" if ordered else "–"
    return Drawing(pen.patterns(len(names)) + body + rows, height, f"{cost}; {end:,.0f} t")
