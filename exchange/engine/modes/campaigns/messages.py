"""The commands, events and refusals of campaigns."""

from enum import IntEnum
from typing import Final

from msgspec import Struct

BY_TIME: Final = 0
PRO_RATA: Final = 1


class CampaignReason(IntEnum):
    """Why a command of campaigns was refused."""

    NOT_BEGUN = 100
    BELOW_LEAST = 101
    ABOVE_MOST = 102
    OWN_CAMPAIGN = 103
    NO_WINDOW = 104
    TERMS_CROSS = 105
    BEGUN = 106


class OpenCampaign(Struct, array_like=True, gc=False, frozen=True, tag=20):
    """
    Offer *quantity* tonnes at *price* to those who pledge from *opens* to *closes*, in seconds of business time.

    An account pledges at least *least* tonnes at once and at most *most* in all. Below *floor* tonnes in all nothing is
    sold. *allotment* is `BY_TIME` or `PRO_RATA`.
    """

    account: int
    instrument: int
    price: int
    quantity: int
    least: int
    most: int
    floor: int
    allotment: int
    opens: int
    closes: int
    client_order_id: int


class BeginCampaign(Struct, array_like=True, gc=False, frozen=True, tag=21):
    """The window has opened: pledges are taken."""

    instruction: int
    campaign: int


class Pledge(Struct, array_like=True, gc=False, frozen=True, tag=22):
    """Subscribe to *quantity* tonnes of a campaign. What of it is allotted is known when the campaign closes."""

    account: int
    campaign: int
    quantity: int
    client_order_id: int


class CloseCampaign(Struct, array_like=True, gc=False, frozen=True, tag=23):
    """The window has closed: allot, or give everybody their money back."""

    instruction: int
    campaign: int


class CallOffCampaign(Struct, array_like=True, gc=False, frozen=True, tag=24):
    """End a campaign without selling anything."""

    instruction: int
    campaign: int


class CampaignOpened(Struct, array_like=True, gc=False, frozen=True, tag=21):
    """A campaign stands, under the number of its command; its tonnes are locked."""

    order: int
    account: int
    instrument: int
    price: int
    quantity: int
    least: int
    most: int
    floor: int
    allotment: int
    opens: int
    closes: int
    client_order_id: int


class CampaignBegun(Struct, array_like=True, gc=False, frozen=True, tag=22):
    """A campaign takes pledges."""

    instruction: int
    campaign: int


class Pledged(Struct, array_like=True, gc=False, frozen=True, tag=23):
    """A pledge is in; its money is locked."""

    order: int
    account: int
    instrument: int
    price: int
    quantity: int
    client_order_id: int
    campaign: int


class CampaignEnded(Struct, array_like=True, gc=False, frozen=True, tag=24):
    """
    *pledges* pledges for *pledged* tonnes were in a campaign, and *allotted* tonnes were sold to them.

    *cause* says why nothing was sold; 0 where something was.
    """

    instruction: int
    campaign: int
    pledges: int
    pledged: int
    allotted: int
    cause: int
