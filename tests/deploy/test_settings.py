"""Settings that are accepted can be used: one grammar for serials, and witnesses that can be asked."""

import asyncpg
import pytest

from deploy.log_keys import policy_text
from deploy.settings import BadSetting, read_settings
from registry.transparency.format.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, ED25519
from registry.transparency.format.policy import is_satisfied, least_cosigners, parse_policy
from registry.transparency.format.signer import SeedSigner
from schemas.serials import IssuanceCode
from tests.worlds import KEYS

WITNESS = SeedSigner("witness.example/w1", COSIGNATURE_ED25519, bytes(32)).key.text()


def accepted(**environment: str) -> bool:
    """Whether these settings can be used."""
    try:
        read_settings(environment)
    except BadSetting:
        return False
    return True


def is_code(region: str, programme: str) -> bool:
    """Whether serials can begin so."""
    try:
        IssuanceCode(region=region, programme=programme, project=1, vintage=2024, sequence=1)
    except ValueError:
        return False
    return True


REGIONS = ["SC", "S", "SCH", "sc", "S1", "", "SC\n"]
PROGRAMMES = ["CDCER", "C1", "A2345678901B", "A2345678901BC", "C", "1C", "CD-R", "cdcer", "CÉR", "", "CDCER\n"]


@pytest.mark.parametrize(
    ("region", "programme"), [*((each, "CDCER") for each in REGIONS), *(("SC", each) for each in PROGRAMMES)]
)
async def test_settings_tables_and_serials_accept_the_same(empty, region, programme):
    """What one of them takes, the other two take."""
    taken = accepted(KILNWOOD_SERIAL_REGION=region, KILNWOOD_PROGRAMME=programme)
    assert is_code(region, programme) == taken
    owner = await asyncpg.connect(empty.dsn)
    try:
        async with owner.transaction():
            await owner.execute("create temp table tried (like registry.region including constraints)")
            row = ("CN-510100", "A region", region, programme, True, "x.example")
            insert = "insert into tried (id, name, serial_region, programme, simulated, log_origin, created_at)"
            if taken:
                await owner.execute(f"{insert} values ($1, $2, $3, $4, $5, $6, now())", *row)
            else:
                with pytest.raises(asyncpg.CheckViolationError):
                    await owner.execute(f"{insert} values ($1, $2, $3, $4, $5, $6, now())", *row)
                return
    finally:
        await owner.close()


@pytest.mark.parametrize("url", ["https://w", "https://w.example:8100/a", "http://[::1]:8100", "http://localhost"])
def test_a_witness_on_the_web_is_taken(url):
    """With its key, of a type that cosigns."""
    assert [(url, WITNESS)] == [(where, key.text()) for where, (key,) in read_settings(wit(url, WITNESS)).witnesses]


def wit(url: str, key: str) -> dict[str, str]:
    """Settings with one witness."""
    return {"KILNWOOD_WITNESSES": f"{url} {key}"}


@pytest.mark.parametrize("url", ["w.example", "ftp://w", "http://", "http:///x", "http://w:x", "http://[::1", "//w"])
def test_a_witness_that_cannot_be_asked_is_refused(url):
    """The text quotes the URL."""
    with pytest.raises(BadSetting, match="is no URL of http or https"):
        read_settings(wit(url, WITNESS))


def test_a_key_that_makes_no_cosignatures_is_refused():
    """A log's own keys, or an issuer's, under a witness's URL."""
    assert ED25519 == KEYS.log_ed25519.key.kind
    with pytest.raises(BadSetting, match="has type 0x01, a witness's has 0x04 or 0x06"):
        read_settings(wit("https://w", KEYS.log_ed25519.key.text()))
    with pytest.raises(BadSetting, match="for each witness its URL, then one or two verifier keys"):
        read_settings(wit("https://w", WITNESS[:-1]))
    own = SeedSigner(read_settings({}).log_origin, COSIGNATURE_ML_DSA_44, bytes(32)).key.text()
    with pytest.raises(BadSetting, match=r"a key of the log .* itself, which witnesses nothing"):
        read_settings(wit("https://w", own))


def test_a_witness_may_have_two_keys():
    """Of both types and under one name, in any order; the quorum counts it once, and only if both keys cosigned."""
    ml_dsa = SeedSigner("witness.example/w1", COSIGNATURE_ML_DSA_44, bytes(32)).key.text()
    other = SeedSigner("witness.example/w2", COSIGNATURE_ML_DSA_44, bytes([1] * 32)).key.text()
    settings = read_settings({"KILNWOOD_WITNESSES": f"https://a {WITNESS} {ml_dsa} https://b {other}"})
    assert [("https://a", 2), ("https://b", 1)] == [(url, len(keys)) for url, keys in settings.witnesses]
    policy = parse_policy(policy_text(settings))
    assert (2, 2) == (settings.quorum, least_cosigners(policy))
    first, second, third = (key for _, keys in settings.witnesses for key in keys)
    assert is_satisfied(policy, [first, second, third])
    assert not is_satisfied(policy, [first, third])
    for wrong in (f"{WITNESS} {WITNESS}", f"{WITNESS} {other}", f"{WITNESS} {ml_dsa} {other}", ""):
        with pytest.raises(BadSetting, match="two are of both types, under one name"):
            read_settings(wit("https://w", wrong))


def test_quotas_are_set_by_name():
    """Those that are named; the others stay as they are in the table."""
    settings = read_settings({"KILNWOOD_QUOTAS": "drafts=7 region_document_mb=200000"})
    assert {"drafts": 7, "region_document_mb": 200_000} == settings.quotas


@pytest.mark.parametrize("text", ["drafts", "drafts=", "drafts=-1", "drafts=1e3", "draughts=7", "drafts=1234567890"])
def test_a_quota_that_is_none_is_refused(text):
    """With the names that there are."""
    with pytest.raises(BadSetting, match=r"KILNWOOD_QUOTAS=.* pairs such as documents=9000, each of documents, "):
        read_settings({"KILNWOOD_QUOTAS": text})


def test_a_folder_to_be_watched_exists(tmp_path):
    """Else nobody would notice that the wrong disk is watched."""
    assert (tmp_path,) == read_settings({"KILNWOOD_DISK_WATCHED": str(tmp_path)}).disk_watched
    with pytest.raises(BadSetting, match=r"folders that exist, .*nowhere is none"):
        read_settings({"KILNWOOD_DISK_WATCHED": f"{tmp_path} {tmp_path}/nowhere"})


HERE = [
    "postgresql://a:b@localhost/x",
    "postgresql://a@127.0.0.1:5432/x",
    "postgresql://a@[::1]:5432/x",
    "postgresql:///x",
    "postgresql://a@/x?host=/run/postgresql",
    "postgresql://a@%2Frun%2Fpostgresql/x",
]
AWAY = [
    "postgresql://a:hunter2@db.example/x",
    "postgresql://a:hunter2@db.example/x?sslmode=require",
    "postgresql://a:hunter2@localhost,10.0.0.7:5432/x",
    "postgresql://a:hunter2@/x?host=db.example",
    "postgresql://a:hunter2@[2001:db8::7]/x?sslmode=verify-ca",
    "postgresql://db.example/x?user=a&password=hunter2",
]


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_a_database_elsewhere_is_reached_with_tls(name):
    """Its certificate and name are checked; nothing falls back to less. On this machine it is free."""
    assert all(accepted(**{name: url}) for url in HERE)
    assert accepted(**{name: "postgresql://a@db.example/x?sslmode=verify-full"})
    for url in AWAY:
        with pytest.raises(BadSetting, match=r"sslmode=verify-full, because .* is another machine") as refusal:
            read_settings({name: url})
        assert "hunter2" not in str(refusal.value), "a message has no password"


@pytest.mark.parametrize("url", ["http://w", "http://10.0.0.7:8100", "http://localhost.example"])
def test_a_witness_elsewhere_is_asked_with_tls(url):
    """Plain HTTP never leaves this machine."""
    with pytest.raises(BadSetting, match=r"https, because .* is another machine"):
        read_settings(wit(url, WITNESS))


@pytest.mark.parametrize("name", ["KILNWOOD_HOST", "KILNWOOD_INNER_HOST"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "registry.example"])  # noqa: S104 - refused
def test_plain_http_stays_on_this_machine(name, host):
    """Another address has to be allowed explicitly; the default and loopback need nothing."""
    with pytest.raises(BadSetting, match=f"{name}='{host}': wanted .* KILNWOOD_PLAIN_HTTP=yes"):
        read_settings({name: host})
    assert accepted(**{name: host, "KILNWOOD_PLAIN_HTTP": "yes"})
    assert all(accepted(**{name: here}) for here in ("127.0.0.1", "::1", "localhost"))
