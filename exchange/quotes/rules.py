"""What the commands about quotes are about, and how their refusals read. Pure."""

from operator import attrgetter
from typing import Final

from exchange.engine.modes.quotes import messages as m
from exchange.engine.modes.quotes.messages import QuoteReason
from exchange.journal.refusals import Wording, Wordings
from exchange.projections.replies import About, AboutTable
from registry.kit.problems import DomainError, Kind

_request: Final = attrgetter("request")
COMMANDS: Final[AboutTable] = {
    m.RequestQuotes: About(),
    m.GiveQuote: About(_request, noun="request"),
    m.TakeQuote: About(attrgetter("quote"), noun="quote"),
    m.CloseRequest: About(_request, makes=False, noun="request"),
}
_C, _U = Kind.CONFLICT, Kind.UNPROCESSABLE
REFUSALS: Final[Wordings] = {
    QuoteReason.OWN_REQUEST: Wording(
        _C, "own-request", "One's own request", "Request {wanted} belongs to the same beneficial owner.", amounts=False
    ),
    QuoteReason.QUOTE_TOO_LARGE: Wording(
        _U,
        "quote-too-large",
        "More than is asked for",
        "{limit:,} t are asked for; {wanted:,} t are quoted. Quote at most that.",
    ),
    QuoteReason.QUOTED_ALREADY: Wording(
        _C,
        "quoted-already",
        "Quoted already",
        "The owner has quote {wanted} for request {limit} already. Take it back to make another.",
        amounts=False,
    ),
    QuoteReason.TOO_MANY_QUOTES: Wording(
        _C,
        "too-many-quotes",
        "Too many quotes",
        "The request has {wanted:,} quotes and may have {limit:,}.",
        amounts=False,
    ),
    QuoteReason.TOO_MANY_REQUESTS: Wording(
        _C,
        "too-many-quote-requests",
        "Too many requests for quotes",
        "The account has {wanted:,} requests for quotes open and may have {limit:,}. Close some.",
        amounts=False,
    ),
    QuoteReason.TOO_MANY_INVITED: Wording(
        _U, "too-many-invited", "Too many are asked", "{wanted:,} accounts are named; a request may name {limit:,}."
    ),
}


class RequestOver(DomainError):
    """The request has ended."""

    kind, slug, title = Kind.CONFLICT, "request-over", "The request has ended"


class QuoteExpiresAtOnce(DomainError):
    """The time until which a request or a quote stands has passed, by business time."""

    kind, slug, title = Kind.UNPROCESSABLE, "quote-expires-at-once", "The time of the request or quote is over"
