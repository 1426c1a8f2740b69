"""Blocks over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from exchange.blocks import service
from exchange.parts import Exchange
from registry.kit.http import READS, WRITES, PathCode, PathId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from registry.port import Authority
from schemas.access import Call
from schemas.blocks import AnswerBlock, BlockTerms, BlockTrade, NegotiatedBlock, NewBlockTerms, ProposedBlock
from schemas.pages import Page


class BlocksController(Controller):
    """Negotiated blocks: proposed to one account, accepted or declined by it. Taken back like orders."""

    path = "/v1/blocks"
    tags = ("Blocks",)

    @post("/", operation_id="propose_block", responses=WRITES)
    async def propose(
        self,
        data: JSONBody[ProposedBlock],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> NegotiatedBlock:
        """Propose a block to one other account."""
        return await service.propose(data, call=numbered, exchange=exchange, authority=authority)

    @post("/{block_id:int}/accept", operation_id="accept_block", responses=WRITES)
    async def accept(
        self,
        block_id: PathId,
        data: JSONBody[AnswerBlock],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> NegotiatedBlock:
        """Agree to a block that was proposed to one's own account; it trades at once."""
        return await service.accept(block_id, data, call=numbered, exchange=exchange, authority=authority)

    @post("/{block_id:int}/decline", operation_id="decline_block", responses=WRITES)
    async def decline(
        self,
        block_id: PathId,
        data: JSONBody[AnswerBlock],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> NegotiatedBlock:
        """Say no to a block; the proposer has everything again."""
        return await service.decline(block_id, data, call=numbered, exchange=exchange, authority=authority)


class AccountBlocksController(Controller):
    """The blocks of an account of one's own."""

    path = "/v1/accounts/{account_id:int}/blocks"
    tags = ("Blocks",)

    @get("/", operation_id="list_blocks", opt={SHEET: True}, responses=READS)
    async def blocks(
        self,
        account_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[NegotiatedBlock]]:
        """What the account proposed, and what was proposed to it; also as CSV."""
        return sheet.of(await service.blocks(account_id, ordered, asked=asked, exchange=exchange), NegotiatedBlock)

    @get("/{block_id:int}", operation_id="get_block", responses=READS)
    async def block(
        self, account_id: PathId, block_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> NegotiatedBlock:
        """One block that the account has a part in."""
        return await service.block(block_id, account_id, asked=asked, exchange=exchange)


class BlockMarketController(Controller):
    """What everybody may see of an instrument's blocks."""

    path = "/v1/instruments/{code:str}"
    tags = ("Blocks",)

    @get("/block-trades", operation_id="list_block_trades", opt={SHEET: True}, responses=READS)
    async def trades(
        self,
        code: PathCode,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[BlockTrade]]:
        """Trades that two sides agreed on by themselves, blocks and quotes, without who made them; also as CSV."""
        return sheet.of(await service.trades(code, ordered, exchange=exchange), BlockTrade)

    @get("/block-terms", operation_id="get_block_terms", responses=READS)
    async def terms(self, code: PathCode, exchange: NamedDependency[Exchange]) -> BlockTerms:
        """The smallest block, and the prices that one may be agreed on at."""
        return await service.terms(code, exchange=exchange)

    @post("/block-terms", operation_id="set_block_terms", responses=WRITES)
    async def set_terms(
        self,
        code: PathCode,
        data: JSONBody[NewBlockTerms],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> BlockTerms:
        """Bound size and prices of blocks."""
        return await service.set_terms(code, data, call=call, exchange=exchange)
