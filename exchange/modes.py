"""
Every way to trade, in one table for each thing that the centre has to know of it.

A mode is a pure module in `engine/modes/` and a folder here. It is registered by its lines below; what lies under this
module never names one. The role that puts the exchange together hands the tables downwards.
"""

from typing import Final

from exchange.auctions import projection as auctions
from exchange.auctions import rules as auction_rules
from exchange.blocks import projection as blocks
from exchange.blocks import rules as block_rules
from exchange.campaigns import projection as campaigns
from exchange.campaigns import rules as campaign_rules
from exchange.instruments import basket_rules
from exchange.instruments import projection as instruments
from exchange.instruments import rules as instrument_rules
from exchange.journal.refusals import CORE, Refusals
from exchange.listings import projection as listings
from exchange.listings import rules as listing_rules
from exchange.orders import projection as orders
from exchange.orders import rules as order_rules
from exchange.projections import core
from exchange.projections.changes import Part
from exchange.projections.replies import AboutTable
from exchange.quotes import projection as quotes
from exchange.quotes import rules as quote_rules
from exchange.sessions import projection as sessions
from exchange.sessions import rules as session_rules

EVENTS: Final[tuple[Part, ...]] = (
    core.EVENTS,
    instruments.EVENTS,
    orders.EVENTS,
    listings.EVENTS,
    campaigns.EVENTS,
    auctions.EVENTS,
    blocks.EVENTS,
    quotes.EVENTS,
    sessions.EVENTS,
)
"""What each event means for the tables."""
COMMANDS: Final[AboutTable] = {
    **order_rules.COMMANDS,
    **listing_rules.COMMANDS,
    **campaign_rules.COMMANDS,
    **auction_rules.COMMANDS,
    **block_rules.COMMANDS,
    **quote_rules.COMMANDS,
}
"""What each command of an account is about."""
REFUSALS: Final = Refusals(
    (
        CORE,
        listing_rules.REFUSALS,
        campaign_rules.REFUSALS,
        auction_rules.REFUSALS,
        block_rules.REFUSALS,
        quote_rules.REFUSALS,
        session_rules.REFUSALS,
        instrument_rules.REFUSALS,
        basket_rules.REFUSALS,
    )
)
"""How each refusal reads."""
