"""What regulators decide in the ledger's state machine: issuances, freezes, annulments."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from hypothesis import strategies as st

from registry.access.approvals import service as approvals
from registry.access.restrictions import service as restrictions
from registry.credits.annulment import service as annulment
from registry.credits.issuance import service as issuance
from registry.kit.database import Database
from schemas.access import (
    Actor,
    ApprovalBody,
    Approved,
    Call,
    IssueBody,
    LiftBody,
    NewRestriction,
    ProposeApproval,
)
from schemas.annulments import AnnulBody
from tests import worlds
from tests.oracle.ledger import Ledger

STATEMENT = (
    "select encode(sha256, 'hex') from registry.statement where id = coalesce("
    "(select statement_id from registry.retirement where receipt_id = $2),"
    " (select statement_id from registry.claim where id = $1))"
)


class Decisions:
    """The actions of regulators; the machine has what they are done with."""

    accounts: list[int]
    issuance_ids: list[int]
    reports: list[int]
    freezes: list[int]
    regulators: list[Actor]
    oracle: Ledger
    db: Database
    watcher: asyncpg.Connection
    run: Callable[[Any], Any]
    call: Callable[[Actor, str], Call]
    refused: Callable[[Callable[[], Awaitable[Any]]], tuple[set[str], Any]]
    agree: Callable[[set[str], set[str]], None]
    _learn_issuance: Callable[[int], None]

    def proposed(self, body: ApprovalBody, operation: str) -> tuple[Approved, Call]:
        """What one regulator proposed, and the call with which another carries it out."""
        first, second = (self.call(each, operation) for each in self.regulators[:2])
        made = self.run(approvals.propose(ProposeApproval(body=body, reason="test"), call=first, db=self.db))
        return Approved(approval_id=made.id, body=body), second

    def _annul(self, data: st.DataObject) -> None:
        """Two regulators annul a claim, or something that was retired for it."""
        number = data.draw(st.sampled_from(sorted(self.oracle.claims)))
        receipt = data.draw(st.sampled_from((None, *self.oracle.claims[number].given_kg)))
        found = self.run(self.watcher.fetchval(STATEMENT, number, receipt))
        named = {"receipt_id": receipt} if receipt else {"claim_id": number}
        approved, second = self.proposed(AnnulBody(**named, statement_hash=found, reason="test"), "annul_statement")
        actual, _ = self.refused(lambda: annulment.annul(approved, call=second, db=self.db, region=worlds.PROFILE))
        self.agree(self.oracle.annul(number, receipt), actual)

    def _issue(self, _: st.DataObject) -> None:
        """The next report, by two people; refused while the maker is frozen."""
        body = IssueBody(report_id=self.reports[0], account_id=self.accounts[0])
        approved, second = self.proposed(body, "issue_credits")
        actual, _ = self.refused(lambda: issuance.issue(approved, call=second, db=self.db, region=worlds.PROFILE))
        self.agree({"frozen"} if self.accounts[0] in self.oracle.frozen_accounts else set(), actual)
        if not actual:
            self._learn_issuance(self.reports.pop(0))

    def _freeze(self, data: st.DataObject) -> None:
        """One regulator freezes an account or an issuance."""
        accounts = data.draw(st.booleans())
        at = data.draw(st.integers(0, len(self.accounts if accounts else self.issuance_ids) - 1))
        target = self.accounts[at] if accounts else self.issuance_ids[at]
        body = NewRestriction(scope="account" if accounts else "issuance", target_id=target, reason="test")
        placed = self.run(restrictions.restrict(body, call=self.call(self.regulators[0], "restrict"), db=self.db))
        (self.oracle.frozen_accounts if accounts else self.oracle.frozen_issuances).add(target if accounts else at)
        self.freezes.append(placed.id)

    def _lift(self, _: st.DataObject) -> None:
        """Two regulators lift the freeze."""
        approved, second = self.proposed(LiftBody(restriction_id=self.freezes.pop(), reason="test"), "lift_restriction")
        self.run(restrictions.lift_restriction(approved, call=second, db=self.db))
        self.oracle.frozen_accounts.clear()
        self.oracle.frozen_issuances.clear()
