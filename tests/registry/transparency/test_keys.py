"""Key files: mode 0600, never overwritten, never quoted."""

import stat

import pytest

from registry.transparency import keys
from registry.transparency.format.note import COSIGNATURE_ED25519, ED25519


def test_registry_keys_are_made_and_read(tmp_path):
    """Three files of mode 0600 in a folder of mode 0700; what is read signs like what was made."""
    folder = tmp_path / "keys"
    made = keys.create_registry_keys(folder, "log.example/sim/x")
    read = keys.load_registry_keys(folder, "log.example/sim/x")
    assert [each.key for each in made] == [each.key for each in read]
    assert ["log.example/sim/x/issuer", "log.example/sim/x", "log.example/sim/x"] == [each.key.name for each in read]
    assert [0x01, 0x01, 0x06] == [each.key.kind for each in read]
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700, 0o644])
def test_a_file_that_others_reach_is_refused(tmp_path, mode):
    """With the remedy in the text."""
    keys.create_witness_key(tmp_path, "w.example")
    (tmp_path / keys.WITNESS_FILE).chmod(mode)
    with pytest.raises(keys.KeyTrouble, match=f"mode 0{mode:o}.*chmod 600"):
        keys.load_witness_keys(tmp_path)


def test_a_narrower_mode_is_fine(tmp_path):
    """0400 keeps the owner from overwriting it."""
    made = keys.create_witness_key(tmp_path, "w.example")
    (tmp_path / keys.WITNESS_FILE).chmod(0o400)
    assert made.key == keys.load_witness_keys(tmp_path)[0].key


def test_keys_are_never_overwritten(tmp_path):
    """A second key of the same name would orphan everything that the first one signed."""
    made = keys.create_witness_key(tmp_path, "w.example")
    with pytest.raises(keys.KeyTrouble, match="never overwritten"):
        keys.create_witness_key(tmp_path, "w.example")
    assert made.key == keys.load_witness_keys(tmp_path)[0].key


def test_a_missing_or_damaged_file_is_named_without_its_secret(tmp_path):
    """Missing, garbled, of another type, of another name, not a file."""
    path = tmp_path / "k.key"
    with pytest.raises(keys.KeyTrouble, match="does not exist"):
        keys.load_key(path, kind=ED25519)
    secret = keys.create_key(path, "a.example", ED25519).secret_text()
    with pytest.raises(keys.KeyTrouble, match="type 0x01, 0x04 is wanted"):
        keys.load_key(path, kind=COSIGNATURE_ED25519)
    with pytest.raises(keys.KeyTrouble, match=r"of a\.example, not of b\.example"):
        keys.load_key(path, kind=ED25519, name="b.example")
    for damaged in (secret[:-2], secret + "\n\n", "", "\ufeff" + secret):
        path.write_text(damaged, encoding="utf-8")
        with pytest.raises(keys.KeyTrouble) as caught:
            keys.load_key(path, kind=ED25519)
        assert secret[-20:-4] not in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(keys.KeyTrouble, match="cannot be read"):
        keys.load_key(path, kind=ED25519)
    with pytest.raises(keys.KeyTrouble):
        keys.load_key(tmp_path, kind=ED25519)


def test_a_name_that_no_note_can_carry_is_refused_before_a_file_is_written(tmp_path):
    """Spaces and plus signs; nothing is left behind."""
    for name in ("", "a b", "a+b"):
        with pytest.raises(keys.KeyTrouble):
            keys.create_witness_key(tmp_path, name)
    assert [] == list(tmp_path.iterdir())
