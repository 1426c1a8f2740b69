"""The expected contents of the projection tables, derived from the journal and the live engine."""

from exchange.engine import events as e
from exchange.engine.core import Engine
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.quotes import messages as quotes
from exchange.journal import audit, codec
from exchange.journal import store as journal
from exchange.journal.recovery import Committed, replay
from exchange.projections import store as projections
from tests.database import connected


async def replayed_batches(dsn: str) -> list[Committed]:
    """Replay the journal; returns its batches."""
    engine, chained, found = Engine(), codec.GENESIS, []
    async with connected(dsn) as owner:
        async for batch in journal.batches(owner, 0):
            committed, chained = replay(engine, chained, batch)
            found.append(committed)
    return found


async def assert_tables_match(dsn: str, engine: Engine) -> None:
    """Assert that positions, open orders, trades and replies match the engine's, read independently of the product."""
    market, batches = engine.market, await replayed_batches(dsn)
    async with connected(dsn) as owner:
        assert market.sequence == await journal.projected(owner)
        assert audit.positions(market) == await projections.positions(owner)
        open_rows = await owner.fetch("select id, account_id, price_fen, open_t from exchange.placed where open_t > 0")
        assert {order.id: (order.id, order.account.id, order.price, order.open) for order in market.open_orders()} == {
            row["id"]: tuple(row) for row in open_rows
        }
        trades = [
            (event.trade, event.instrument, event.price, event.quantity, event.buyer, event.seller, event.fee)
            for batch in batches
            for outcome in batch.outcomes
            for event in outcome
            if isinstance(event, e.Traded)
        ]
        names = "id, instrument_id, price_fen, quantity_t, buyer_id, seller_id, fee_fen"
        assert trades == [tuple(row) for row in await owner.fetch(f"select {names} from exchange.trade order by id")]
        of_campaigns = campaigns.CampaignOpened, campaigns.Pledged
        of_auctions = auctions.AuctionOpened, auctions.BidMade
        agreed = blocks.BlockProposed, blocks.BlockAccepted, quotes.Quoted, quotes.QuoteTaken
        enters = (
            continuous.Accepted,
            listings.ListingOpened,
            listings.Subscribed,
            *of_campaigns,
            *of_auctions,
            *agreed,
        )
        entered = {
            event.order
            for batch in batches
            for outcome in batch.outcomes
            for event in outcome
            if isinstance(event, enters)
        }
        assert entered == {row["id"] for row in await owner.fetch("select id from exchange.placed")}
