"""What the commands of campaigns are about, how their refusals read, and which campaigns are due. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple

from exchange.engine.commands import Command
from exchange.engine.modes.campaigns import messages as m
from exchange.engine.modes.campaigns.messages import CampaignReason
from exchange.journal.refusals import Wording, Wordings
from exchange.projections.replies import About, AboutTable
from registry.kit.problems import DomainError, Kind

COMMANDS: Final[AboutTable] = {
    m.OpenCampaign: About(),
    m.Pledge: About(attrgetter("campaign"), noun="campaign"),
}
_C, _U = Kind.CONFLICT, Kind.UNPROCESSABLE
REFUSALS: Final[Wordings] = {
    CampaignReason.NOT_BEGUN: Wording(
        _C,
        "campaign-not-begun",
        "Not open yet",
        "Campaign {wanted} takes no pledges yet: see its opens_at.",
        amounts=False,
    ),
    CampaignReason.BELOW_LEAST: Wording(
        _U,
        "pledge-too-small",
        "Below the smallest pledge",
        "{wanted:,} t are pledged for; the campaign takes {limit:,} t or more at once.",
    ),
    CampaignReason.ABOVE_MOST: Wording(
        _C,
        "pledge-too-large",
        "Above the most for one account",
        "The account would have pledged for {wanted:,} t in all; the campaign takes {limit:,} t at most from one "
        "account. {missing:,} t are too much.",
    ),
    CampaignReason.OWN_CAMPAIGN: Wording(
        _C,
        "own-campaign",
        "One's own campaign",
        "Campaign {wanted} belongs to the same beneficial owner.",
        amounts=False,
    ),
    CampaignReason.NO_WINDOW: Wording(
        _U, "no-window", "No window", "The campaign closes before it opens, or at once.", amounts=False
    ),
    CampaignReason.TERMS_CROSS: Wording(
        _U,
        "terms-cross",
        "Terms that contradict each other",
        "{wanted:,} t cannot go with {limit:,} t: least_t is at most most_t, and floor_t at most quantity_t.",
    ),
    CampaignReason.BEGUN: Wording(
        _C, "campaign-begun", "Begun already", "Campaign {wanted} takes pledges already.", amounts=False
    ),
}


class WindowOver(DomainError):
    """The window of a new campaign has passed, by business time."""

    kind, slug, title = Kind.UNPROCESSABLE, "window-over", "The window is over"


class CampaignOver(DomainError):
    """The campaign has ended."""

    kind, slug, title = Kind.CONFLICT, "campaign-over", "The campaign has ended"


class Running(NamedTuple):
    """A campaign that has not ended. *offered*: its seller, a freeze or a band has not taken the offer back."""

    id: int
    state: str
    opens_at: datetime
    closes_at: datetime
    offered: bool
    halted: bool


def due(running: Iterable[Running], now: datetime) -> Iterator[Command]:
    """
    The instructions that are due at *now*: a window has opened, or has closed.

    One that has lost its offer is called off at once, so that nobody's money waits for nothing. What would be sold
    waits while the instrument is halted.
    """
    for each in running:
        if not each.offered:
            yield m.CallOffCampaign(0, each.id)
        elif each.closes_at <= now and not each.halted:
            yield m.CloseCampaign(0, each.id)
        elif each.state == "announced" and each.opens_at <= now < each.closes_at:
            yield m.BeginCampaign(0, each.id)
