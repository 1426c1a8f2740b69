"""
A buyer's runs: one in each period, which buys, waits for its delivery, and withdraws what is to be retired.

1. The run's row stands before anything is sent for it, once for each period.
2. What it takes is chosen from what is offered, stored, and then sent (`acting`).
3. When everything was delivered, a withdrawal is instructed in the transaction that notes it with the run.
4. The registry releases it, and retires it in the same transaction (`retiring`, called by the settler).

A crash between any two of these leaves rows that say which step is next.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from exchange.engine import commands as c
from exchange.engine.events import Reason
from exchange.instructions import service as instructions
from exchange.instruments import notices
from exchange.instruments.rules import delisted
from exchange.parts import Exchange, unfrozen_trader_in
from exchange.subscriptions import acting, rules, store
from exchange.subscriptions.records import OpenedInstrument, StoredRun, StoredStanding, Tally
from exchange.subscriptions.rules import Why
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.problems import DomainError
from schemas.subscriptions import BuyTerms, Take


async def begin_in(tx: Tx, number: int) -> None:
    """Begin the run of the present period, and note what was passed by; nothing if it is not due any more."""
    found = await store.lock(tx, number)
    now = await clock.now_in(tx)
    if found.state != "active" or found.next_at is None or found.next_at > now:
        return
    terms: BuyTerms = found.next_terms or found.terms
    if terms.ends is not None and terms.ends <= now:
        await store.set_state(tx, number, "ended", Why("ended", "It ended on the day that was set."))
        return
    period = rules.period_at(terms.every, now)
    begins = max(period.begins, found.next_at)
    if found.next_at < period.begins:
        await _pass_by_in(tx, found, period.begins)
    await store.insert_run(
        tx, number, clock.stamp(begins), begins=begins, ends=period.ends, terms=terms, wanted_t=terms.quantity_t
    )
    await store.begin_period(tx, number, terms, period.ends)


async def _pass_by_in(tx: Tx, found: StoredStanding, until: datetime) -> None:
    assert found.next_at is not None, "a buyer's"
    why = rules.passed_by(found.next_at, until)
    cause, wanted_t = clock.stamp(found.next_at), found.terms.quantity_t
    await store.insert_run(
        tx, found.id, cause, begins=found.next_at, ends=until, terms=found.terms, wanted_t=wanted_t, why=why
    )


async def step(run: StoredRun, *, exchange: Exchange) -> None:
    """Take a run one step further: send what is chosen, withdraw what was delivered, choose more, or end it."""
    await acting.send(run, exchange=exchange)
    await exchange.projector.caught_up()

    async def work(tx: Tx) -> bool:
        return await _step_in(tx, await store.run(tx, run.id, lock=True), exchange)

    if await exchange.db.transaction(work):
        exchange.teller.look()
        await acting.send(run, exchange=exchange)


async def _step_in(tx: Tx, run: StoredRun, exchange: Exchange) -> bool:
    """Returns whether there is something to be sent now."""
    tallies = await store.tallies(tx, run.id)
    if run.state != "open" or any(each.state == "chosen" for each in tallies):
        return False  # something that another step has chosen meanwhile
    now = await clock.now_in(tx)
    taken_t = sum(each.kept_t + each.open_t for each in tallies)
    if run.standing_state == "active" and now < run.ends and taken_t < run.wanted_t and run.next_try_at <= now:
        return await _choose_in(tx, run, run.wanted_t - taken_t, now)
    if any(each.open_t or each.under_way_t for each in tallies):
        return False
    if run.terms.retire_for is not None and await _withdraw_in(tx, run, tallies, exchange):
        return True
    return await _end_in(tx, run, now, filled=taken_t >= run.wanted_t)


async def _choose_in(tx: Tx, run: StoredRun, wanted_t: int, now: datetime) -> bool:
    again_at = min(now + rules.TRY_AGAIN, run.ends)
    await store.lock(tx, run.standing_id)
    try:
        await acting.checked_in(tx, run.account_id, run.person_id)
    except DomainError as refusal:
        await store.tried(tx, run.id, again_at, rules.why_of(refusal), busy=run.busy)
        if isinstance(refusal, acting.LOST):
            await acting.paused_in(tx, run.standing_id, refusal)
        return False
    takes, why, instruments = await planned_in(tx, run.standing_id, run.account_id, run.terms, wanted_t)
    await acting.choose_in(tx, run, takes, instruments)
    await store.tried(tx, run.id, again_at, why, busy=bool(takes) or run.busy)
    return bool(takes)


async def delisted_in(tx: Tx, terms: BuyTerms, instruments: Sequence[OpenedInstrument]) -> DomainError | None:
    """Why terms buy nothing any more: the one instrument that they name was delisted, from which no way leads back."""
    for each in instruments:
        if each.code == terms.instrument and (since := await notices.delisted_on(tx, each.id)) is not None:
            return delisted(each.code, since)
    return None


async def planned_in(
    tx: Tx, number: int | None, account_id: int, terms: BuyTerms, wanted_t: int
) -> tuple[list[Take], Why | None, dict[str, int]]:
    """
    What would be taken now, why that is not all, and the instruments that fit, by their codes.

    Without a *number* it is of a subscription that has spent nothing.
    """
    fitting: dict[str, int] = {}
    instruments = await store.instruments(tx)
    if (refusal := await delisted_in(tx, terms, instruments)) is not None:
        return [], rules.why_of(refusal), {}
    traded = [each for each in instruments if each.trading]
    traits = await port.traits_in(tx, {each.project_id for each in traded})
    for each in traded:
        issued = await port.vintage_in(tx, each.project_id, each.vintage)
        if rules.covers(
            terms,
            project_id=each.project_id,
            vintage=each.vintage,
            methodology=issued.methodology,
            code=each.code,
            location=issued.location,
            traits=traits[each.project_id],
        ):
            fitting[each.code] = each.id
    offers = await store.offers(tx, fitting.values(), account_id, terms.price_fen)
    cash_fen = await store.settled_cash(tx, account_id)
    spent_fen = 0 if number is None or terms.budget_fen is None else await store.spent(tx, number)
    budget_fen = None if terms.budget_fen is None else max(0, terms.budget_fen - spent_fen)
    takes, why = rules.plan(terms, offers, wanted_t, budget_fen=budget_fen, cash_fen=cash_fen)
    return takes, why, fitting


async def _withdraw_in(tx: Tx, run: StoredRun, tallies: list[Tally], exchange: Exchange) -> bool:
    """Instruct the withdrawal of what was delivered and is to be retired, of each instrument; all of it or none."""
    due: defaultdict[int, int] = defaultdict(int)
    for each in tallies:
        if each.withdrawal_id is None and each.settled_t:
            due[each.instrument_id] += each.settled_t
    if not due:
        return False
    call = await acting.call_in(tx, run.person_id)
    try:
        await unfrozen_trader_in(tx, run.account_id, call)
        await _refuse_frozen_vintages_in(tx, due, exchange)
    except DomainError as refusal:  # it is tried again with every step until it can be done
        await store.tried(tx, run.id, run.next_try_at, rules.why_of(refusal), busy=True)
        if isinstance(refusal, acting.LOST):
            await acting.paused_in(tx, run.standing_id, refusal)
            await store.end_run(tx, run.id, filled=False)
        return False
    for instrument_id, tonnes in due.items():
        number = await instructions.store_in(tx, c.DebitTonnes(0, run.account_id, instrument_id, tonnes), by=call)
        about = {"claim_id": run.terms.retire_for, "instrument_id": instrument_id, "quantity_t": tonnes}
        await store.insert_withdrawal(tx, number, run.id, **about)
    await store.set_busy(tx, run.id, busy=True)
    return True


async def _refuse_frozen_vintages_in(tx: Tx, due: dict[int, int], exchange: Exchange) -> None:
    frozen = (await port.freezes_in(tx)).vintages
    for each in await store.instruments(tx):
        if each.id in due and (each.project_id, each.vintage) in frozen:
            raise exchange.refusals.of(Reason.HALTED, each.id, c.HALTED_BY_FREEZE)


async def _end_in(tx: Tx, run: StoredRun, now: datetime, *, filled: bool) -> bool:
    """Look at the withdrawals: when they have ended nothing is busy, and the run is over if nothing is left to do."""
    withdrawals = await store.withdrawals(tx, run.id)
    for number, state, _ in withdrawals:
        if state == "stored":
            if await store.instruction_state(tx, number) != "refused":
                return False
            await _withdrawal_refused_in(tx, number)
    if run.busy and withdrawals and (why := withdrawals[-1][2]) is not None:
        kept = Why("not-retired", why)  # it would buy more and more that is not retired
        await store.tried(tx, run.id, run.next_try_at, kept, busy=False)
        if run.standing_state == "active":
            await store.set_state(tx, run.standing_id, "paused", kept)
        filled = False  # so that the reason stays
        if run.ends > now:
            return False
    if filled or run.ends <= now:
        await store.end_run(tx, run.id, filled=filled)
    else:
        await store.set_busy(tx, run.id, busy=False)
    return False


async def _withdrawal_refused_in(tx: Tx, number: int) -> None:
    try:
        await instructions.refuse_in(tx, number)
    except DomainError as refusal:
        await store.end_withdrawal(tx, number, "refused", refusal=rules.why_of(refusal))
