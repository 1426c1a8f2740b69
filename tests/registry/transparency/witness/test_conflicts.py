"""What a witness keeps when it is shown a checkpoint that does not go with the one it cosigned."""

import os
import stat

import pytest
import structlog
from click.testing import CliRunner

from deploy.cli.program import cli
from registry.transparency.format.checkpoint import Checkpoint, checkpoint_text, sign_checkpoint, verify_checkpoint
from registry.transparency.format.note import format_note, parse_note, parse_vkey
from registry.transparency.format.text import Malformed
from registry.transparency.witness import app, conflicts
from registry.transparency.witness.conflicts import LIMIT, read_conflicts
from registry.transparency.witness.request import format_add_checkpoint
from tests.registry.transparency.witness.memory_log import LOG, NOW_S, ORIGIN, STRANGER, Log


@pytest.fixture
def said(monkeypatch):
    """What the witness logs."""
    logger = structlog.testing.CapturingLogger()
    monkeypatch.setattr(app, "log", logger)
    return logger.calls


@pytest.fixture
def fork():
    """Another history of the same log."""
    made = Log("other")
    for size in (5, 300):
        made.grow_to(size)
    return made


async def test_two_roots_of_one_size_are_kept_as_a_fork(post, log, fork, folder, said):
    """Both notes, each with the log's valid signature: together they prove it. Once, however often it is shown."""
    given = await post(format_add_checkpoint(0, (), log.note(5)))
    for old, status in ((5, 422), (0, 409), (6, 400)):  # whatever it says about what came before
        answer = await post(format_add_checkpoint(old, (), fork.note(5, signers=(LOG, STRANGER))))
        assert status == answer.status_code
    (kept,) = read_conflicts(folder)
    assert ("fork", NOW_S, log.note(5) + given.text, fork.note(5)) == (
        kept.kind,
        kept.seen_at,
        kept.cosigned,
        kept.shown,
    )
    heads = [verify_checkpoint(parse_note(note), [LOG.key]) for note in (kept.cosigned, kept.shown)]
    assert [log.heads[5], fork.heads[5]] == [each.checkpoint for each in heads]
    assert all(each.seals for each in heads)
    assert ["fork_seen"] == [each.args[0] for each in said]
    (file,) = (folder / conflicts.FOLDER).iterdir()
    assert (0o600, 0o700) == tuple(stat.S_IMODE(each.stat().st_mode) for each in (file, file.parent))


async def test_a_proof_that_does_not_hold_is_kept_until_the_tree_is_cosigned(post, log, fork, folder, said):
    """A fork, or an honest checkpoint with a wrong proof; the latter is forgotten with the right one."""
    await post(format_add_checkpoint(0, (), log.note(5)))
    for note in (fork.note(300), log.note(300)):
        assert 422 == (await post(format_add_checkpoint(5, fork.proof(5, 300), note))).status_code
    assert ["unproven"] * 2 == [each.kind for each in read_conflicts(folder)]
    assert 200 == (await post(format_add_checkpoint(5, log.proof(5, 300), log.note(300)))).status_code
    assert [fork.heads[300]] == [each.checkpoint for each in read_conflicts(folder)]
    assert ["checkpoint_unproven"] * 2 == [each.args[0] for each in said]


async def test_only_what_the_log_signed_is_kept(post, log, fork, folder):
    """Other signatures, a size that is behind, a proof too much for the same tree: nothing."""
    await post(format_add_checkpoint(0, (), log.note(5)))
    await post(format_add_checkpoint(5, (), fork.note(5, signers=(STRANGER,))))
    await post(format_add_checkpoint(5, (bytes(32),), log.note(5)))
    await post(format_add_checkpoint(0, (), log.note(3)))
    await post(format_add_checkpoint(0, (), log.note(300)))
    assert [] == list(read_conflicts(folder))


def signed(size, number):
    """A checkpoint of *size* with a root of its own."""
    head = Checkpoint(ORIGIN, size, bytes([number]) * 32)
    return format_note(checkpoint_text(head), [sign_checkpoint(head, LOG)])


async def test_the_folder_is_bounded(post, log, folder):
    """The first forks stay, and the newest of what is unproven: even the log cannot fill the disk."""
    await post(format_add_checkpoint(0, (), log.note(5)))
    for number in range(1, LIMIT + 4):
        await post(format_add_checkpoint(5, (), signed(5, number)))
        await post(format_add_checkpoint(5, (), signed(6, number)))
    kept = list(read_conflicts(folder))
    roots = {kind: {each.checkpoint.root[0] for each in kept if each.kind == kind} for kind in ("fork", "unproven")}
    assert {"fork": set(range(1, LIMIT + 1)), "unproven": set(range(4, LIMIT + 4))} == roots


async def test_a_full_disk_changes_nothing_about_the_refusal(post, log, fork, said, monkeypatch):
    """The answer is the same, and the log line has both notes."""

    def full(*_):
        raise OSError(28, "No space left on device")

    await post(format_add_checkpoint(0, (), log.note(5)))
    monkeypatch.setattr(os, "fsync", full)
    assert 422 == (await post(format_add_checkpoint(5, (), fork.note(5)))).status_code
    assert [("conflict_not_kept", fork.note(5))] == [(each.args[0], each.kwargs["notes"][1]) for each in said]


async def test_the_command_prints_both_notes(post, log, fork, folder, said):
    """As `verify` prints a fork; exit code 1 if there is one, also while the witness runs."""
    words = ["witness", "--folder", str(folder), "--show-conflicts"]
    none = CliRunner().invoke(cli, words)
    assert (0, True) == (none.exit_code, none.output.startswith("No checkpoint was shown"))
    await post(format_add_checkpoint(0, (), log.note(5)))
    await post(format_add_checkpoint(5, (), fork.note(300)))
    unproven = CliRunner().invoke(cli, words)
    assert (0, True) == (unproven.exit_code, "UNPROVEN: a checkpoint of size 300" in unproven.output)
    await post(format_add_checkpoint(5, (), fork.note(5)))
    both = CliRunner().invoke(cli, words)
    assert 1 == both.exit_code
    assert f"FORK: two roots of size 5 of {ORIGIN}" in both.output
    assert fork.note(5) in both.output
    assert log.note(5) in both.output
    assert 2 == CliRunner().invoke(cli, ["witness", "--folder", f"{folder}x", "--show-conflicts"]).exit_code


async def test_a_damaged_file_is_named(post, log, fork, folder):
    """It is evidence: nobody should take it for nothing."""
    await post(format_add_checkpoint(0, (), log.note(5)))
    await post(format_add_checkpoint(5, (), fork.note(5)))
    (file,) = (folder / conflicts.FOLDER).iterdir()
    for damaged in (
        "{}",
        file.read_text("utf-8").replace("fork", "spoon", 1),
        file.read_text("utf-8").replace("\\n5\\n", "\\n"),
    ):
        file.write_text(damaged, encoding="utf-8")
        with pytest.raises(Malformed, match="is damaged"):
            list(read_conflicts(folder))


def test_the_command_makes_and_prints_its_keys(tmp_path):
    """The keys that are asked for, once; a watched log may be named beside its key, and one is wanted."""
    words = ["witness", "--folder", str(tmp_path / "w"), "--name", "w.example/1"]
    first = CliRunner().invoke(cli, [*words, "--show-key"])
    assert [0x04] == [parse_vkey(line).kind for line in first.output.split()]
    both = CliRunner().invoke(cli, [*words, "--key", "ml-dsa-44", "--show-key"])
    assert [0x04, 0x06] == [parse_vkey(line).kind for line in both.output.split()]
    assert both.output.startswith(first.output)
    assert both.output == CliRunner().invoke(cli, [*words, "--show-key"]).output
    assert 2 == CliRunner().invoke(cli, words).exit_code
    wrong = CliRunner().invoke(cli, [*words, "--log", "some origin", first.output.strip()])
    assert (1, True) == (wrong.exit_code, "has type 0x04; a log's has 0x01 or 0x06" in wrong.output)
