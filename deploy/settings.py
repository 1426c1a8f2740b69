"""Settings from the environment: one table, checked at start, listed by ``kilnwood serve --help``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from deploy import encrypted
from deploy.witness_settings import Witnesses, read_witnesses
from registry.access.rates import PER_S
from registry.kit.quotas import LIMITS
from registry.kit.senders import Network
from schemas import serials, texts
from schemas.identifiers import check_uscc
from schemas.notifications import EmailAddress


class BadSetting(Exception):
    """A setting that cannot be used; the text names the variable, its value and what is wanted."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its default, what it is for, and how its text is read."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], object]


def _text(pattern: str, wanted: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(wanted)
        return text

    return read


def _name(text: str) -> str:
    if not 1 <= len(text) <= _NAME_LIMIT:
        raise ValueError(f"a name of 1 to {_NAME_LIMIT} characters")
    if fault := texts.fault(text):
        raise ValueError(f"a name ({fault})")
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("yes or no")
    return text == "yes"


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("an RFC 3339 time such as 2023-11-01T00:00:00Z") from error
    if at.tzinfo is None:
        raise ValueError("an RFC 3339 time with its offset, such as 2023-11-01T00:00:00Z")
    return at.astimezone(UTC)


def _seconds(text: str) -> float:
    wanted = "seconds from 0.01 to 60"
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(wanted) from error
    if not 0.01 <= value <= 60:  # noqa: PLR2004 - bounds stated in the message
        raise ValueError(wanted)
    return value


def _rates(text: str) -> dict[str, int]:
    found = {}
    for word in text.split():
        name, _, number = word.partition("=")
        if name not in PER_S or not re.fullmatch("[1-9][0-9]{0,6}", number):
            raise ValueError(f"pairs such as writes=100, each of {', '.join(PER_S)} with requests a second")
        found[name] = int(number)
    return found


def _quotas(text: str) -> dict[str, int]:
    found = {}
    for word in text.split():
        name, _, number = word.partition("=")
        if name not in LIMITS or not re.fullmatch("[0-9]{1,9}", number):
            raise ValueError(f"pairs such as documents=9000, each of {', '.join(LIMITS)} with a limit")
        found[name] = int(number)
    return found


def _folders(text: str) -> tuple[Path, ...]:
    found = tuple(map(Path, text.split()))
    if missing := [each for each in found if not each.is_dir()]:
        raise ValueError(f"folders that exist, separated by spaces ({missing[0]} is none)")
    return found


def _file(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise ValueError("a file that exists")
    return Path(text) if text else None


def _mail_address(text: str) -> str:
    try:
        return msgspec.convert(text, EmailAddress) if text else ""
    except msgspec.ValidationError as error:
        raise ValueError("an address such as registry@example.org") from error


def _site(text: str) -> str:
    wanted = "an address such as https://registry.example, of https unless it is on localhost, and without a path"
    if not text:
        return ""
    try:
        url = urlsplit(text)
        plain = (url.path, url.query, url.fragment, url.username, url.password) == ("", "", "", None, None)
        usable = bool(url.hostname) and url.port != 0 and plain
    except ValueError as error:
        raise ValueError(wanted) from error
    safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in LOOPBACK)
    if not usable or not safe or text != text.lower():
        raise ValueError(wanted)
    return text


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(each) for each in text.split())
    except ValueError as error:
        raise ValueError(f"networks such as 10.0.0.0/24 or 127.0.0.1, separated by spaces ({error})") from error


def _uscc(text: str) -> str:
    check_uscc(text)
    return text


def _database(text: str) -> str:
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a URL that begins with postgresql://")
    encrypted.require_database(text)
    return text


_NAME_LIMIT = 200
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that only this machine reaches."""
TABLE = (
    Setting("KILNWOOD_DATA_DIR", ".kilnwood", "Database, keys and secrets", Path),
    Setting("KILNWOOD_HOST", "127.0.0.1", "Address to listen on", _text(r"[0-9A-Za-z.:-]+", "an address")),
    Setting("KILNWOOD_PORT", "8000", "Port to listen on", _whole(1, 65535)),
    Setting("KILNWOOD_SITE_URL", "", "Where people open the pages; passkeys belong to it. Empty: host and port", _site),
    Setting("KILNWOOD_DEMO_PEOPLE", "", "The demo's own: people whom anybody at this machine may enter as", str),
    Setting("KILNWOOD_DEMO_OUTBOX", "no", "The demo's own: mails are shown on the page /outbox and go nowhere", _yes),
    Setting(
        "KILNWOOD_SMTP_HOST",
        "",
        "Mail server for notifications; empty: no mail is sent",
        _text(r"[0-9A-Za-z.:-]*", "a host name"),
    ),
    Setting("KILNWOOD_SMTP_PORT", "587", "Its port: 587 with STARTTLS, 465 with TLS", _whole(1, 65535)),
    Setting(
        "KILNWOOD_SMTP_TLS",
        "starttls",
        "starttls, tls (from the first byte), or none: only to this machine",
        _text("starttls|tls|none", "starttls, tls or none"),
    ),
    Setting("KILNWOOD_SMTP_USER", "", "User at the mail server; empty: none is asked for", str),
    Setting("KILNWOOD_SMTP_PASSWORD_FILE", "", "File with that user's password", _file),
    Setting("KILNWOOD_MAIL_FROM", "", "Address from which mail comes", _mail_address),
    Setting("KILNWOOD_WEBHOOKS_PLAIN", "no", "Webhooks may also go by http, which anybody on the way reads", _yes),
    Setting("KILNWOOD_WEBHOOKS_PRIVATE", "no", "Webhooks may also go to this machine and its own network", _yes),
    Setting("DATABASE_URL", "", "PostgreSQL 15 or newer; empty: the embedded one", _database),
    Setting("DATABASE_OWNER_URL", "", "The same as the tables' owner, for migrations", _database),
    Setting(
        "KILNWOOD_INNER_HOST",
        "127.0.0.1",
        "Address of metrics and detailed readiness, for the operator",
        _text(r"[0-9A-Za-z.:-]+", "an address"),
    ),
    Setting("KILNWOOD_INNER_PORT", "8001", "Its port", _whole(1, 65535)),
    Setting("KILNWOOD_PLAIN_HTTP", "no", "Listen without TLS where other machines can connect", _yes),
    Setting("KILNWOOD_CONNECTIONS", "4000", "Connections of clients at a time", _whole(1, 100_000)),
    Setting("KILNWOOD_CLIENT_TIMEOUT_S", "15", "How long a client may take to send or to take", _seconds),
    Setting("KILNWOOD_HTTP2", "no", "Speak HTTP/2 too; only behind a proxy that closes silent connections", _yes),
    Setting("KILNWOOD_RATES", "", "Other requests a second than by default, such as writes=100 orders=2000", _rates),
    Setting("KILNWOOD_QUOTAS", "", "Other limits than by default, such as documents=9000 drafts=200", _quotas),
    Setting(
        "KILNWOOD_DISK_RESERVE_MB",
        "1024",
        "Below so many free MB new writes are refused with 507; 0: never",
        _whole(0, 1_000_000),
    ),
    Setting("KILNWOOD_DISK_WATCHED", "", "Further folders whose disk is watched, such as PostgreSQL's own", _folders),
    Setting("KILNWOOD_PROXIES", "", "Networks of proxies whose Forwarded header is believed", _networks),
    Setting("KILNWOOD_POOL", "10", "Connections to the database for reads, and as many for writes", _whole(1, 100)),
    Setting("KILNWOOD_REGION", "CN-510100", "Code of the region", _text(r"[A-Z]{2}(-[0-9A-Z]{1,6})?", "CN-510100")),
    Setting("KILNWOOD_REGION_NAME", "Chengdu carbon inclusion registry", "Name of the registry", _name),
    Setting("KILNWOOD_SERIAL_REGION", "SC", "First part of serials", _text(serials.REGION, "two capital letters")),
    Setting(
        "KILNWOOD_PROGRAMME",
        "CDCER",
        "Second part of serials",
        _text(serials.PROGRAMME, "2 to 12 capital letters and digits, a letter first"),
    ),
    Setting("KILNWOOD_SIMULATED", "no", "A region whose clock is set by hand", _yes),
    Setting("KILNWOOD_BUSINESS_TIME", "", "Begin of a simulated region's time; empty: now", _instant),
    Setting("KILNWOOD_LOG_HOST", "kilnwood.example", "Host of the log's origin", _text(r"[a-z0-9.-]+", "a host name")),
    Setting("KILNWOOD_AUTHORITY", "Regional ecology and environment bureau", "Name of the authority", _name),
    Setting("KILNWOOD_AUTHORITY_USCC", "11510100MB0000000U", "Its USCC", _uscc),
    Setting("KILNWOOD_WITNESSES", "", "URL of each witness, then its one or two keys", read_witnesses),
    Setting("KILNWOOD_WITNESS_QUORUM", "0", "How many must cosign; 0: all", _whole(0, 100)),
    Setting("KILNWOOD_PUBLISH_INTERVAL_S", "1", "At most one checkpoint in so many seconds", _seconds),
    Setting(
        "KILNWOOD_LOG_FORMAT",
        "auto",
        "json, console for people, or auto: console on a terminal, else json",
        _text("auto|json|console", "auto, json or console"),
    ),
    Setting(
        "KILNWOOD_LOG_LEVEL", "info", "debug, info, warning or error", _text("debug|info|warning|error", "a level")
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, read and checked."""

    data_dir: Path
    host: str
    port: int
    own_site_url: str
    demo_people: str
    demo_outbox: bool
    smtp_host: str
    smtp_port: int
    smtp_tls: Literal["starttls", "tls", "none"]
    smtp_user: str
    smtp_password_file: Path | None
    mail_from: str
    webhooks_plain: bool
    webhooks_private: bool
    database_url: str
    owner_url: str
    inner_host: str
    inner_port: int
    plain_http: bool
    connections: int
    client_timeout_s: float
    http2: bool
    rates: dict[str, int]
    quotas: dict[str, int]
    disk_reserve_mb: int
    disk_watched: tuple[Path, ...]
    proxies: tuple[Network, ...]
    pool: int
    region: str
    region_name: str
    serial_region: str
    programme: str
    simulated: bool
    business_time: datetime | None
    log_host: str
    authority: str
    authority_uscc: str
    witnesses: Witnesses
    witness_quorum: int
    publish_interval_s: float
    log_format: str
    log_level: str

    @property
    def log_origin(self) -> str:
        """The log's origin; a simulated region's says so for ever."""
        return f"{self.log_host}/{'sim/' if self.simulated else ''}{self.region}"

    @property
    def site_url(self) -> str:
        """Where people open the pages: by a name on this machine, to which passkeys can belong."""
        host = "localhost" if self.host in LOOPBACK else f"[{self.host}]" if ":" in self.host else self.host
        return self.own_site_url or f"http://{host}:{self.port}"

    @property
    def quorum(self) -> int:
        """How many witnesses must cosign a checkpoint."""
        return self.witness_quorum or len(self.witnesses)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read every setting. Raises `BadSetting` with all that is wrong, one line each."""
    values, wrong = [], []
    for setting in TABLE:
        text = environment.get(setting.name, setting.default)
        try:
            values.append(setting.read(text))
        except ValueError as error:
            values.append(None)
            wrong.append(f"{setting.name}={encrypted.without_password(text)!r}: wanted {error}")
    known = {setting.name for setting in TABLE}
    wrong += [f"{name}: no such setting" for name in environment if name.startswith("KILNWOOD_") and name not in known]
    if wrong:
        raise BadSetting("\n".join(wrong))
    settings = Settings(**dict(zip(Settings.__dataclass_fields__, values, strict=True)))  # type: ignore[arg-type]  # read by the table
    if settings.quorum > len(settings.witnesses):
        raise BadSetting(
            f"KILNWOOD_WITNESS_QUORUM={settings.quorum}: KILNWOOD_WITNESSES names only {len(settings.witnesses)}"
        )
    if any(key.name == settings.log_origin for _, keys in settings.witnesses for key in keys):
        raise BadSetting(f"KILNWOOD_WITNESSES: a key of the log {settings.log_origin} itself, which witnesses nothing")
    _refuse_plain_http(settings)
    _check_mail(settings)
    if settings.demo_people and not (settings.simulated and settings.host in LOOPBACK):
        raise BadSetting(
            f"KILNWOOD_DEMO_PEOPLE={settings.demo_people!r}: only for a simulated region (KILNWOOD_SIMULATED=yes) that "
            f"listens on loopback (KILNWOOD_HOST={settings.host}): whoever reaches it enters without any key"
        )
    return settings


def _check_mail(settings: Settings) -> None:
    """Mail needs a sender, and a password goes over no open line. Raises `BadSetting`."""
    if settings.demo_outbox and not (settings.simulated and settings.host in LOOPBACK):
        raise BadSetting(
            "KILNWOOD_DEMO_OUTBOX=yes: only for a simulated region (KILNWOOD_SIMULATED=yes) that listens on loopback "
            f"(KILNWOOD_HOST={settings.host}): whoever reaches it reads everybody's mail"
        )
    if not settings.smtp_host:
        return
    if not settings.mail_from:
        raise BadSetting(
            "KILNWOOD_MAIL_FROM='': wanted the address from which mail comes, as KILNWOOD_SMTP_HOST is set"
        )
    if settings.smtp_tls == "none" and not encrypted.is_here(settings.smtp_host):
        raise BadSetting(
            f"KILNWOOD_SMTP_TLS=none: only to a server on this machine, not {settings.smtp_host}; set starttls or tls"
        )
    if bool(settings.smtp_user) != bool(settings.smtp_password_file):
        raise BadSetting("KILNWOOD_SMTP_USER and KILNWOOD_SMTP_PASSWORD_FILE: set both, or neither")


def _refuse_plain_http(settings: Settings) -> None:
    """The service speaks plain HTTP: what other machines reach is a proxy. Raises `BadSetting`."""
    places = (("KILNWOOD_HOST", settings.host), ("KILNWOOD_INNER_HOST", settings.inner_host))
    open_to_others = [f"{name}={host!r}" for name, host in places if not encrypted.is_here(host)]
    if open_to_others and not settings.plain_http:
        raise BadSetting(
            f"{', '.join(open_to_others)}: wanted an address of this machine alone, such as 127.0.0.1, with a proxy in "
            "front that speaks TLS; where the network between them is encrypted or private, set KILNWOOD_PLAIN_HTTP=yes"
        )
