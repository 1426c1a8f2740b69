"""
A naive ledger: one entry for each kilogram, one list for everything, no locks, no spans, no SQL.

Every question answers the set of refusals that would be right, empty where the thing is done: which of several reasons
is named first is the product's business.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

Place = tuple[int, str]
"""Account and state."""


@dataclass
class Offer:
    """A transfer, with every kilogram that it holds."""

    sender: int
    receiver: int
    kilograms: list[int]
    ends: datetime
    state: str = "proposed"


@dataclass
class Claim:
    """What is to be covered; None requires nothing and never ends. *given_kg* has what each receipt gave to it."""

    owner: int
    required_kg: int | None
    deadline: datetime | None
    allocated_kg: int = 0
    given_kg: dict[str, int] = field(default_factory=dict)
    annulled: set[str] = field(default_factory=set)


@dataclass
class Ledger:
    """Where each kilogram is; its number is its place in the list."""

    now: datetime
    kilograms: list[Place] = field(default_factory=list)
    issued: list[range] = field(default_factory=list)
    offers: dict[int, Offer] = field(default_factory=dict)
    claims: dict[int, Claim] = field(default_factory=dict)
    frozen_accounts: set[int] = field(default_factory=set)
    frozen_issuances: set[int] = field(default_factory=set)

    def issue(self, account: int, quantity_kg: int) -> None:
        """New kilograms at the end of the line."""
        begin = len(self.kilograms)
        self.kilograms += [(account, "active")] * quantity_kg
        self.issued.append(range(begin, len(self.kilograms)))

    def oldest(self, account: int, quantity_kg: int, issuance: int | None) -> list[int]:
        """The first active kilograms of an account, of one issuance or of all; fewer where there are fewer."""
        places = self.issued[issuance] if issuance is not None else range(len(self.kilograms))
        return [each for each in places if self.kilograms[each] == (account, "active")][:quantity_kg]

    def active(self, account: int, wanted: range) -> list[int]:
        """Which of the wanted kilograms are active in the account."""
        return [each for each in wanted if self.kilograms[each] == (account, "active")]

    def _frozen(self, accounts: list[int], kilograms: list[int]) -> set[str]:
        touched = {n for n, span in enumerate(self.issued) if any(each in span for each in kilograms)}
        frozen = self.frozen_accounts & set(accounts) or self.frozen_issuances & touched
        return {"frozen"} if frozen else set()

    def _put(self, kilograms: list[int], place: Place) -> None:
        for each in kilograms:
            self.kilograms[each] = place

    def propose(self, number: int, offer: Offer, *, by_owner: bool, missing: set[str]) -> set[str]:
        """Hold kilograms for another account."""
        refusals = missing | self._frozen([offer.sender, offer.receiver], offer.kilograms)
        if offer.sender == offer.receiver:
            refusals |= {"wrong-account"}
        if not by_owner:
            refusals |= {"not-yours"}
        if offer.ends <= self.now:
            refusals |= {"transfer-expired"}
        if not refusals:
            self._put(offer.kilograms, (offer.sender, "held"))
            self.offers[number] = offer
        return refusals

    def close(self, number: int, verb: str, by: int) -> set[str]:
        """Accept, reject or withdraw."""
        offer = self.offers[number]
        refusals = set()
        if by != (offer.sender if verb == "withdraw" else offer.receiver):
            refusals |= {"not-yours"}
        if offer.state == "expired" or (offer.state == "proposed" and offer.ends <= self.now):
            refusals |= {"transfer-expired"}
        elif offer.state != "proposed":
            refusals |= {"transfer-closed"}
        if verb == "accept":
            refusals |= self._frozen([offer.sender, offer.receiver], offer.kilograms)
        if not refusals:
            offer.state = {"accept": "accepted", "reject": "rejected", "withdraw": "withdrawn"}[verb]
            self._put(offer.kilograms, (offer.receiver if verb == "accept" else offer.sender, "active"))
        return refusals

    def expire(self) -> int:
        """End every offer that is due; returns how many."""
        due = [each for each in self.offers.values() if each.state == "proposed" and each.ends <= self.now]
        for offer in due:
            offer.state = "expired"
            self._put(offer.kilograms, (offer.sender, "active"))
        return len(due)

    def finish(self, account: int, kilograms: list[int], state: str, *, by: int, missing: set[str]) -> set[str]:
        """Cancel, or the part of a retirement that is about the account."""
        refusals = missing | self._frozen([account], kilograms)
        if by != account:
            refusals |= {"not-yours"}
        if not refusals:
            self._put(kilograms, (account, state))
        return refusals

    def allocation(self, number: int, quantity_kg: int, *, by: int) -> set[str]:
        """Why so many kilograms more cannot be allocated to a claim."""
        claim = self.claims[number]
        refusals = set()
        if by != claim.owner:
            refusals |= {"not-yours"}
        if "claim" in claim.annulled:
            refusals |= {"claim-annulled"}
        if claim.required_kg is not None and claim.allocated_kg + quantity_kg > claim.required_kg:
            refusals |= {"over-claimed"}
        if claim.deadline is not None and self.now > claim.deadline:
            refusals |= {"deadline-passed"}
        return refusals

    def annul(self, number: int, receipt: str | None) -> set[str]:
        """Annul a claim, or a retirement, which then gives nothing to it; every kilogram stays where it is."""
        claim, name = self.claims[number], receipt or "claim"
        if name in claim.annulled:
            return {"annulled-before"}
        claim.annulled.add(name)
        claim.allocated_kg -= claim.given_kg.get(name, 0)
        return set()

    def balances(self) -> Counter[tuple[int, int, str]]:
        """Kilograms by issuance, account and state."""
        return Counter((n, *self.kilograms[each]) for n, span in enumerate(self.issued) for each in span)
