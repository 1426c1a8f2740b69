"""The log's keys in the data folder, and the trust.json that belongs to them."""

from pathlib import Path

from deploy.settings import Settings
from registry.kit import private
from registry.kit.private import TooOpen
from registry.receipts.bundle import next_trust_file, trust_file, trusted, witness_policy
from registry.transparency.continuity import make_keys
from registry.transparency.keys import KeyTrouble, RegistryKeys, has_keys, load_registry_keys


def keys_folder(data_dir: Path) -> Path:
    """Where the log's private keys are."""
    return data_dir / "log-keys"


def ensure_keys(settings: Settings) -> RegistryKeys:
    """
    The registry's keys; made where the data folder has none at all. Raises `KeyTrouble`.

    For the first use, before there is a database. Keys made by mistake in another folder sign nothing: the sequencer
    compares its own with those that the database knows.
    """
    folder = keys_folder(settings.data_dir)
    try:
        private.make_passed_folder(settings.data_dir)
    except TooOpen as error:
        raise KeyTrouble(str(error)) from error
    if has_keys(folder):
        return load_registry_keys(folder, settings.log_origin)
    return make_keys(folder, settings.log_origin)


def policy_text(settings: Settings) -> str:
    """The tlog-policy of these settings: the witnesses and how many of them must cosign."""
    return witness_policy([keys for _, keys in settings.witnesses], quorum=settings.quorum)


def next_trust_bytes(settings: Settings, before: bytes, *, from_leaf: int) -> bytes:
    """The edition after *before*, with the witnesses of these settings from that leaf on. Raises `Malformed`."""
    return next_trust_file(before, policy_text(settings), from_leaf=from_leaf, registry=settings.region_name)


def trust_bytes(settings: Settings, keys: RegistryKeys) -> bytes:
    """The trust.json that belongs to these keys, witnesses, and the registry's name."""
    return trust_file(
        settings.log_origin,
        issuers=[trusted(keys.issuer.key)],
        logs=[trusted(keys.log_ed25519.key), trusted(keys.log_ml_dsa_44.key)],
        policy=policy_text(settings),
        registry=settings.region_name,
    )
