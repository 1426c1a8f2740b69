"""Files and folders for their owner alone: made so under any umask, and refused when they are not."""

import os
import stat

import pytest

from registry.kit import private
from registry.kit.private import TooOpen
from registry.transparency.head import SignedHead, SigningRefused
from registry.transparency.keys import WITNESS_FILE, create_witness_key
from registry.transparency.witness.folder import FolderTrouble, WitnessFolder

ROOT_HASH = bytes(32)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def any_umask(request):
    """Umasks from one that takes nothing to one that takes everything from others."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode_of(path):
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_modes_do_not_hang_on_the_umask(tmp_path, any_umask):
    """Folders, files and locks; the folders above that were missing can be written by nobody else."""
    folder = tmp_path / "above" / "folder"
    private.make_folder(folder)
    os.close(private.create(folder / "file"))
    private.open_lock(folder / "lock").close()
    private.make_passed_folder(tmp_path / "passed")
    assert [0o755, 0o700, 0o600, 0o600] == [
        mode_of(each) for each in (folder.parent, folder, folder / "file", folder / "lock")
    ]
    assert mode_of(tmp_path / "passed") == (0o711 if os.geteuid() == 0 else 0o700)
    private.make_folder(folder)
    private.make_passed_folder(tmp_path / "passed")


def test_what_a_crash_left_is_made_private(tmp_path):
    """A file that is written again has mode 0600, whatever it had."""
    path = tmp_path / "draft"
    path.touch(mode=0o666)
    path.chmod(0o666)
    os.close(private.create(path))
    assert 0o600 == mode_of(path)
    with pytest.raises(FileExistsError):
        private.create(path, exclusive=True)


@pytest.mark.parametrize("mode", [0o710, 0o750, 0o701, 0o777, 0o1777])
def test_a_folder_that_others_enter_is_refused(tmp_path, mode):
    """By the check, by what would make it, and by reading a secret in it."""
    folder = tmp_path / "folder"
    private.make_folder(folder)
    os.close(private.create(folder / "secret"))
    folder.chmod(mode)
    for refuses in (
        lambda: private.require_folder(folder),
        lambda: private.make_folder(folder),
        lambda: private.read_secret(folder / "secret", 10),
    ):
        with pytest.raises(TooOpen, match=f"{folder} has mode {mode:04o}; .*Run: chmod 700 {folder}"):
            refuses()


@pytest.mark.parametrize(("mode", "refused"), [(0o755, False), (0o711, False), (0o775, True), (0o757, True)])
def test_a_folder_that_others_pass_may_not_be_written_by_them(tmp_path, mode, refused):
    """Who can write it could exchange what is in it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    if not refused:
        private.make_passed_folder(folder)
        return
    with pytest.raises(TooOpen, match=f"has mode {mode:04o}; others can write it. Run: chmod go-w {folder}"):
        private.make_passed_folder(folder)


def test_a_head_has_mode_0600(tmp_path, any_umask):
    """Under any umask; the one of an earlier version, which others could read, becomes so."""
    head = SignedHead(tmp_path / "head.json")
    head.write(7, ROOT_HASH)
    assert 0o600 == mode_of(head.path)
    head.path.chmod(0o644)
    assert (7, ROOT_HASH) == head.read()
    assert 0o600 == mode_of(head.path)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_head_that_others_can_write_is_refused(tmp_path, mode):
    """It might not be what was signed last."""
    head = SignedHead(tmp_path / "head.json")
    head.write(7, ROOT_HASH)
    head.path.chmod(mode)
    with pytest.raises(SigningRefused, match=f"head.json has mode {mode:04o}; others can write it. Run: chmod 600"):
        head.read()


def test_a_head_in_a_folder_that_others_write_is_refused(tmp_path):
    """They could put another one in its place."""
    head = SignedHead(tmp_path / "head.json")
    head.write(7, ROOT_HASH)
    tmp_path.chmod(0o770)
    with pytest.raises(SigningRefused, match=r"others can write it\. Run: chmod go-w"):
        head.read()


def test_a_witness_is_private(tmp_path, any_umask):
    """Its folder, key, lock and state; a folder or a state that others can write stops its start."""
    folder = tmp_path / "witness"
    create_witness_key(folder, "witness.example/w1")
    WitnessFolder(folder).close()
    assert [0o700, 0o600, 0o600] == [mode_of(each) for each in (folder, folder / WITNESS_FILE, folder / "lock")]
    folder.chmod(0o755)
    with pytest.raises(FolderTrouble, match=f"has mode 0755; .*Run: chmod 700 {folder}"):
        WitnessFolder(folder)
