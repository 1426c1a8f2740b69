"""What a scenario file says of ways to trade beside book, listings and uniform auctions; each may be left out."""

from msgspec import Struct

from exchange.simulation.parameters import Days, FenPerTonne, Number, Share, Tonnes


class AuctionsPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How people bid in auctions at the price of each bid, and in ascending ones.

    Where everybody pays their own bid, they bid *shade_bps* less than they would pay. In an ascending auction a bid
    beats the best by *increment_fen_t*; one within *extension_days* of the close moves the close by as many days, up to
    *longest_days* after the close that was announced.
    """

    shade_bps: Share
    increment_fen_t: FenPerTonne
    extension_days: Days
    longest_days: Days


class CampaignsPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Subscription campaigns: all that a developer has at one price, pledged for in a window of *window_days*.

    The price is *below_bps* below what it would ask in a listing, and never below its cost. A pledge is *least_t* or
    more, and those of one account *most_t* at most. With less than *floor_bps* of the offer pledged, everybody has
    their money again. Where more is pledged than there is, *allotment* 0 serves the earliest first, and 1 all pro rata.
    """

    window_days: Days
    below_bps: Share
    least_t: Tonnes
    most_t: Tonnes
    floor_bps: Share
    allotment: Number


class BlocksPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Negotiated blocks of *least_t* or more, between a developer who has as much and a buyer who looks for as much.

    On *seeks_bps* of the occasions on which it looks at its prices, such a developer proposes a block to one of those
    buyers: up to *discount_bps* below the last listed price, drawn evenly, and never below its cost. A proposal stands
    for *valid_days*. A buyer looks for as much as it would buy on *parts* days at the market, and for no more than it
    needs. With *beside* 1 blocks are agreed on beside the way in which developers sell; with 0 only where that way is
    blocks.
    """

    least_t: Tonnes
    seeks_bps: Share
    discount_bps: Share
    valid_days: Days
    parts: Number
    beside: Number
