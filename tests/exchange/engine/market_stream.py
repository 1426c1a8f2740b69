"""
A seeded stream of commands to a small, crowded market: mostly sensible, often not.

Few prices, so that levels are deep; few accounts, so that owners meet themselves; poor accounts, so that money runs
out. What is open and undelivered stays bounded, so that a market that adds everything up anew keeps pace.
"""

from collections.abc import Iterator
from random import Random
from typing import ClassVar

from exchange.engine import commands as c
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.sessions import messages as sessions
from tests.oracle.market import NaiveMarket

OPEN_LIMIT = 110
UNDELIVERED_LIMIT = 40
ORDERS_LIMIT_OF_AN_ACCOUNT = 18
STEP = 3
"""Orders that are closed at once: so few that the stream often has to go on."""
HUGE = 2**63 - 1
FEES = 90

GROUPS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 3, 6: 4, 7: 5, 8: 6, 9: 6, 10: 7, FEES: 9}
INSTRUMENTS = {
    # id: tick, lot, lowest and highest price, fee
    1: (1, 1, 996, 1_004, 30),
    2: (5, 10, 4_980, 5_030, 7),
    3: (100, 1, 100, 1_000, 0),
    4: (7, 3, 700, 735, 10_000),
}

Weighted = dict[str, int]
WEIGHTS: Weighted = {
    "place": 540,
    "cancel": 60,
    "amend": 90,
    "offer": 25,
    "take": 50,
    "announce": 6,
    "begin": 8,
    "pledge": 60,
    "close_campaign": 5,
    "call_off": 2,
    "deliver": 40,
    "cancel_all": 3,
    "credit": 30,
    "debit": 22,
    "halt": 2,
    "freeze": 3,
    "band": 6,
    "reopen": 3,
    "go_on": 1,
    "restart": 1,
    "place_until": 25,
    "phase": 12,
    "session_rules": 2,
    "expire": 5,
}


class Stream:
    """Aims at what the naive market has. The same seed makes the same commands."""

    weights: ClassVar[Weighted] = WEIGHTS

    def __init__(self, seed: int, market: NaiveMarket) -> None:
        self.dice = Random(seed)
        self.market = market
        self.deliveries = 0

    def opening(self) -> Iterator[c.Command]:
        """Instruments, money and tonnes for everybody, less for some."""
        for number, (tick, lot, low, high, fee_bps) in INSTRUMENTS.items():
            yield c.OpenInstrument(self.instruction(), number, tick, lot, low, high, fee_bps, FEES, 9)
        for account, group in GROUPS.items():
            rich = 1 if account % 3 else 10
            yield c.CreditCash(self.instruction(), account, group, 200_000 * rich)
            for number in INSTRUMENTS:
                yield c.CreditTonnes(self.instruction(), account, group, number, 60 * rich)

    def commands(self, messages: int) -> Iterator[c.Command]:
        """The opening and what follows it: *messages* in all. Each is made after the last was carried out."""
        for made, command in enumerate(self.opening()):
            if made < messages:
                yield command
        yield from self.following(messages)

    def following(self, last: int) -> Iterator[c.Command]:
        """Commands to a market that is open, until its sequence is *last*."""
        kinds, weights = list(self.weights), list(self.weights.values())
        while self.market.sequence < last:
            yield getattr(self, self.choose(self.dice.choices(kinds, weights)[0]))()

    def choose(self, kind: str) -> str:
        """What was drawn, unless something is unfinished, too much is open, or the market has stood still too long."""
        if self.market.unfinished is not None:
            return kind if self.one_in(12) else "go_on"
        if kind in {"place", "place_until", "offer", "announce", "pledge"} and len(self.market.open) >= OPEN_LIMIT:
            return "cancel"
        if kind in {"place", "place_until", "take"} and len(self.market.undelivered) >= UNDELIVERED_LIMIT:
            return "deliver"
        if any(each.halted for each in self.market.rules.values()) and self.one_in(12):
            return "halt"
        if any(each.frozen for each in self.market.owners.values()) and self.one_in(40):
            return "freeze"
        return kind

    def one_in(self, times: int) -> bool:
        """True once in so many times."""
        return self.dice.randrange(times) == 0

    def instruction(self) -> int:
        """A number that rises, seldom a stale one."""
        last = self.market.last_instruction
        return last - self.dice.randrange(3) if last and self.one_in(40) else last + self.dice.choice((1, 1, 1, 5))

    def account(self) -> int:
        """Somebody, seldom nobody."""
        return 77 if self.one_in(200) else self.dice.choice(list(GROUPS))

    def client_order_id(self, account: int) -> int:
        """A number that rises for each account, often from a gap; seldom one that is used, or too far off."""
        owner = self.market.owners.get(account)
        last = owner.last_number if owner else 0
        if self.one_in(60):
            return max(0, last - self.dice.randrange(3))
        if self.one_in(30):
            return max(0, last - self.dice.choice((1, 2, 3, 5, 8, 1_023, 1_024)))
        if self.one_in(200):
            return last + self.dice.choice((1_000, 1_025, 2**32, 2**32 + 1, 2**53))
        return last + self.dice.choice((1, 1, 1, 4))

    def price(self, instrument: int, side: int) -> int:
        """A price near the middle of the band, buyers' a little below, seldom one that cannot be."""
        if self.one_in(50):
            return self.dice.choice((0, -1, 1, HUGE, -HUGE, 2**64 - 1, 997, 5_001, 501, 701))
        tick, _, low, high, _ = INSTRUMENTS.get(instrument, INSTRUMENTS[1])
        ticks = (high - low) // tick
        first = -(-low // tick) * tick
        return first + tick * min(ticks, max(0, round(self.dice.gauss(ticks * (0.62 if side else 0.38), ticks / 6))))

    def quantity(self, instrument: int) -> int:
        """A few lots, sometimes many, seldom what cannot be."""
        if self.one_in(50):
            return self.dice.choice((0, -1, 1, 4, HUGE, -HUGE, 100_000_000, 300_000_000, 1_000))
        lot = INSTRUMENTS.get(instrument, INSTRUMENTS[1])[1]
        return lot * (self.dice.randrange(20, 80) if self.one_in(15) else self.dice.randrange(1, 12))

    def instrument(self) -> int:
        """Most often the first, seldom one that is not there."""
        return 44 if self.one_in(300) else self.dice.choices(list(INSTRUMENTS), (5, 3, 2, 1))[0]

    def open_number(self) -> int:
        """The number of something open, seldom of something that is not, or never was."""
        if self.one_in(25) or not self.market.open:
            return self.dice.choice((self.market.sequence - self.dice.randrange(200), 0, HUGE))
        return self.dice.choice(list(self.market.open))

    def owner_of(self, number: int) -> int:
        """Whose it is, seldom somebody else."""
        offer = self.market.open.get(number)
        return self.account() if offer is None or self.one_in(20) else offer.account

    # Commands of accounts.

    def place(self) -> continuous.Place:
        """Any order, of sellers and buyers alike, so that tonnes and money go round."""
        account, instrument, side = self.account(), self.instrument(), self.dice.randrange(2)
        return continuous.Place(
            account,
            instrument,
            side,
            self.price(instrument, side),
            self.quantity(instrument),
            self.client_order_id(account),
            self.dice.choices((c.GTC, c.IOC, c.FOK, c.POST_ONLY, c.DAY, c.GTD), (24, 4, 4, 6, 4, 1))[0],
            self.dice.randrange(4),
        )

    def place_until(self) -> continuous.PlaceUntil:
        """An order until a moment, seldom one that has passed."""
        said = self.place()
        until = self.market.sequence + self.dice.randrange(-9, 400)
        terms = (said.account, said.instrument, said.side, said.price, said.quantity, said.client_order_id)
        return continuous.PlaceUntil(*terms, said.prevention, until)

    def cancel(self) -> c.Cancel:
        """One of what is open."""
        number = self.open_number()
        account = self.owner_of(number)
        return c.Cancel(account, number, self.client_order_id(account))

    def cancel_all(self) -> c.CancelAll:
        """Everything of somebody, or all of it in one instrument."""
        account = self.account()
        instrument = 0 if self.one_in(2) else self.instrument()
        return c.CancelAll(account, instrument, self.client_order_id(account))

    def amend(self) -> continuous.Amend:
        """Up, down, elsewhere, or all the same."""
        number = self.open_number()
        account = self.owner_of(number)
        offer = self.market.open.get(number)
        if offer is None:
            return continuous.Amend(account, number, 1_000, 10, self.client_order_id(account))
        lot = INSTRUMENTS.get(offer.instrument, INSTRUMENTS[1])[1]
        used = offer.quantity - offer.open
        quantity = self.dice.choice(
            (
                offer.quantity,
                offer.quantity + lot,
                offer.quantity - lot,
                used + lot,
                used,
                used - lot,
                self.quantity(offer.instrument),
            )
        )
        price = offer.price if self.one_in(2) else self.price(offer.instrument, offer.side)
        return continuous.Amend(account, number, price, quantity, self.client_order_id(account))

    def offer(self) -> listings.OpenListing:
        """A listing."""
        account, instrument = self.account(), self.instrument()
        price, quantity = self.price(instrument, c.SELL), self.quantity(instrument)
        return listings.OpenListing(account, instrument, price, quantity, self.client_order_id(account))

    def take(self) -> listings.Subscribe:
        """Part or all of a listing, or of what is none."""
        listed = [each for each in self.market.open.values() if each.listed and not each.campaign]
        account = self.account()
        client_order_id = self.client_order_id(account)
        if not listed or self.one_in(20):
            return listings.Subscribe(account, self.open_number(), self.quantity(1), client_order_id)
        listing = self.dice.choice(listed)
        quantity = listing.open if self.one_in(4) else min(listing.open, self.quantity(listing.instrument))
        return listings.Subscribe(account, listing.number, quantity + (99 if self.one_in(8) else 0), client_order_id)

    def announce(self) -> campaigns.OpenCampaign:
        """A campaign, seldom one whose terms cannot be."""
        account, instrument = self.account(), self.instrument()
        lot = INSTRUMENTS.get(instrument, INSTRUMENTS[1])[1]
        quantity = self.quantity(instrument)
        least, most = lot * self.dice.randrange(1, 4), lot * self.dice.randrange(3, 30)
        if self.one_in(12):
            least, most = self.dice.choice(((0, lot), (-lot, lot), (lot, -lot), (lot + 1, most), (9 * lot, 8 * lot)))
        floor = self.dice.choice((0, 0, lot, min(max(quantity, 0), 12 * lot), quantity, quantity + 1, -1))
        opens = 1_000 if self.one_in(15) else self.market.sequence
        return campaigns.OpenCampaign(
            account,
            instrument,
            self.price(instrument, c.SELL),
            quantity,
            least,
            most,
            floor,
            self.dice.choice((campaigns.BY_TIME, campaigns.PRO_RATA)),
            opens,
            opens + self.dice.choice((1, 10, 10, 10, 0)),
            self.client_order_id(account),
        )

    def campaign(self) -> int:
        """The number of a campaign, seldom of something else."""
        if self.one_in(25) or not self.market.campaigns:
            return self.open_number()
        return self.dice.choice(list(self.market.campaigns))

    def pledge(self) -> campaigns.Pledge:
        """A pledge to one of the campaigns, seldom too little or too much."""
        account, number = self.account(), self.campaign()
        instrument = self.market.campaigns[number].terms.instrument if number in self.market.campaigns else 1
        return campaigns.Pledge(account, number, self.quantity(instrument), self.client_order_id(account))

    # Instructions and deliveries.

    def begin(self) -> campaigns.BeginCampaign:
        """The window of a campaign opens."""
        waiting = [number for number, each in self.market.campaigns.items() if not each.begun]
        number = self.dice.choice(waiting) if waiting and not self.one_in(10) else self.campaign()
        return campaigns.BeginCampaign(self.instruction(), number)

    def close_campaign(self) -> campaigns.CloseCampaign:
        """The window of a campaign closes."""
        return campaigns.CloseCampaign(self.instruction(), self.campaign())

    def call_off(self) -> campaigns.CallOffCampaign:
        """A campaign ends without a sale."""
        return campaigns.CallOffCampaign(self.instruction(), self.campaign())

    def deliver(self) -> c.Settle | c.Refund:
        """Some outstanding trades, delivered or not; seldom one that waits for nothing, or one twice."""
        self.deliveries += 1
        waiting = list(self.market.undelivered)
        trades = self.dice.sample(waiting, self.dice.randrange(min(len(waiting), 12) + 1))
        if self.one_in(20):
            trades += self.dice.choice(([0], [self.market.trades + 1], trades[:1]))
        kind = c.Refund if self.one_in(4) else c.Settle
        return kind(self.deliveries, tuple(trades))

    def credit(self) -> c.CreditCash | c.CreditTonnes:
        """More for somebody, seldom too much."""
        account = self.account() if self.one_in(10) else self.dice.choice(list(GROUPS))
        group = GROUPS.get(account, 8)
        instruction, amount = self.instruction(), self.dice.randrange(1, 3_000)
        if self.one_in(20):
            amount = self.dice.choice((HUGE, 2**53 - 1, 2**64 - 1, 0, -1, -HUGE))
        if self.one_in(2):
            return c.CreditCash(instruction, account, group, amount * 10 if 0 < amount < 3_000 else amount)
        return c.CreditTonnes(
            instruction, account, group, self.instrument(), amount // 99 + 1 if 0 < amount < 3_000 else amount
        )

    def debit(self) -> c.DebitCash | c.DebitTonnes:
        """Less for somebody."""
        account, instruction = self.account(), self.instruction()
        amount = (
            self.dice.choice((HUGE, 2**64 - 1, 0, -1, -HUGE)) if self.one_in(20) else self.dice.randrange(1, 20_000)
        )
        if self.one_in(2):
            return c.DebitCash(instruction, account, amount)
        return c.DebitTonnes(
            instruction, account, self.instrument(), amount // 400 + 1 if 0 < amount < 20_000 else amount
        )

    def go_on(self) -> c.Continue:
        """As the gateway says it while something is unfinished; seldom when nothing is."""
        return c.Continue()

    def halt(self) -> c.Halt:
        """One of three causes, more often let go than made; what is delisted is listed again first."""
        if delisted := [number for number, each in self.market.rules.items() if each.halted & c.DELISTED]:
            return c.Halt(self.instruction(), self.dice.choice(delisted), c.DELISTED, on=False)
        cause = self.dice.choice((c.HALTED_BY_OPERATOR, c.HALTED_BY_FREEZE, c.HALTED_BY_REGULATOR))
        halted = [number for number, each in self.market.rules.items() if each.halted & cause]
        if halted and not self.one_in(4):
            return c.Halt(self.instruction(), self.dice.choice(halted), cause, on=False)
        return c.Halt(self.instruction(), self.instrument(), cause, on=True)

    def freeze(self) -> c.Freeze:
        """Somebody, more often thawed than frozen."""
        frozen = [number for number, each in self.market.owners.items() if each.frozen]
        if frozen and not self.one_in(4):
            return c.Freeze(self.instruction(), self.dice.choice(frozen), on=False)
        return c.Freeze(self.instruction(), self.account(), on=True)

    def restart(self) -> c.RestartNumbers:
        """Somebody's numbers go on a little behind or beyond."""
        account = self.account()
        owner = self.market.owners.get(account)
        last = owner.last_number if owner else 0
        return c.RestartNumbers(self.instruction(), account, max(0, last + self.dice.choice((-2_000, 0, 2_000))))

    def band(self) -> c.SetBand:
        """A narrower band, or the first one again, seldom one that cannot be."""
        instrument = self.instrument()
        tick, _, low, high, _ = INSTRUMENTS.get(instrument, INSTRUMENTS[1])
        if self.one_in(2):
            return c.SetBand(self.instruction(), instrument, low, high)
        if self.one_in(6):
            return c.SetBand(
                self.instruction(), instrument, *self.dice.choice(((0, high), (-HUGE, 9), (low, HUGE), (9, 8)))
            )
        return c.SetBand(self.instruction(), instrument, low + 2 * tick, high - 2 * tick)

    def phase(self) -> sessions.SetPhase:
        """The next phase of a book that does not trade, more often than one away from trading."""
        shut = [number for number, each in self.market.phases.items() if each]
        instrument = self.dice.choice(shut) if shut and not self.one_in(3) else self.instrument()
        phase = self.dice.choices((0, 1, 2, 3, 4, 5, -1), (12, 3, 6, 6, 6, 1, 1))[0]
        return sessions.SetPhase(self.instruction(), instrument, phase, self.market.sequence)

    def session_rules(self) -> sessions.SetSessionRules:
        """A reference in the band or none, seldom one that cannot be."""
        instrument = self.instrument()
        tick, _, low, high, _ = INSTRUMENTS.get(instrument, INSTRUMENTS[1])
        rules = [self.dice.choice((0, low + tick, (low + high) // 2)), self.dice.choice((0, 0, 50, 4_000)), 40]
        if self.one_in(3):
            rules[self.dice.randrange(3)] = self.dice.choice((-1, HUGE, 1))
        return sessions.SetSessionRules(self.instruction(), instrument, *rules)

    def expire(self) -> sessions.Expire:
        """What is open until now."""
        return sessions.Expire(self.instruction(), self.instrument(), self.market.sequence)

    def reopen(self) -> c.OpenInstrument:
        """An instrument that is open already, or never will be."""
        if self.one_in(2):
            return c.OpenInstrument(self.instruction(), self.dice.choice(list(INSTRUMENTS)), 1, 1, 1, 9, 0, FEES, 9)
        rules = [1, 1, 1, 9, 0]
        rules[self.dice.randrange(5)] = self.dice.choice((-HUGE, -1, HUGE))
        tick, lot, low, high, fee_bps = rules
        return c.OpenInstrument(self.instruction(), 45, tick, lot, low, high, fee_bps, FEES, 9)
