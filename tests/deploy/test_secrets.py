"""The secrets of an installation: made once, private, and never made again when they are lost."""

import stat

import pytest

from deploy import secrets
from deploy.secrets import SecretTrouble


def test_the_pepper_is_made_once(tmp_path):
    """Mode 0600 in a folder of mode 0700; the same afterwards."""
    made = secrets.pepper(tmp_path, create=True)
    assert made == secrets.pepper(tmp_path, create=True) == secrets.pepper(tmp_path)
    file = tmp_path / "secrets" / "api-key-pepper"
    assert (0o600, 0o700) == (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode))
    assert [file] == list(file.parent.iterdir())


def test_a_lost_pepper_is_not_made_again(tmp_path):
    """The file is named, and nothing is written."""
    with pytest.raises(SecretTrouble, match="api-key-pepper is missing, and the database has a region"):
        secrets.pepper(tmp_path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "zz", "00" * 31, "00" * 33])
def test_a_damaged_pepper_is_refused(tmp_path, text):
    """Not guessed, not replaced."""
    secrets.pepper(tmp_path, create=True)
    (tmp_path / "secrets" / "api-key-pepper").write_text(text)
    for create in (False, True):
        with pytest.raises(SecretTrouble, match="is damaged"):
            secrets.pepper(tmp_path, create=create)


@pytest.mark.parametrize("name", ["api-key-pepper", "regulator-1.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o700])
def test_a_secret_that_others_reach_is_refused(tmp_path, name, mode):
    """With the remedy in the text, for every file of the folder."""
    secrets.require_private(tmp_path)
    path = tmp_path / "secrets" / name
    secrets.kept(path, "00" * 32)
    secrets.require_private(tmp_path)
    path.chmod(mode)
    with pytest.raises(SecretTrouble, match=f"mode 0{mode:o}.*chmod 600"):
        secrets.require_private(tmp_path)
    with pytest.raises(SecretTrouble, match="chmod 600"):
        secrets.kept(path, "another")
