"""Where runs are played: processes of this machine, or a Dask cluster, to the same bytes."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli.executors import executor
from deploy.cli.program import cli
from exchange.simulation.bundle import write
from exchange.simulation.provenance import versions
from tests.exchange.simulation.small import RHYTHM, SMALL


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_without_the_package_the_command_says_which_one_it_needs(tmp_path, monkeypatch):
    """As it is where only the server is installed."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = ["--out", str(tmp_path / "out"), "--dask", "tcp://127.0.0.1:1"]
    done = CliRunner().invoke(cli, ["sim", "run", "compliance-rhythm", *words])
    assert (2, True) == (done.exit_code, "pip install 'kilnwood[dask]'" in done.output), done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore")  # of the package, which is not ours
def test_a_dask_cluster_plays_the_same_bytes(tmp_path, capsys):
    """A scheduler and two worker processes on loopback; one of another version, and none at all, are refused."""
    distributed = pytest.importorskip("distributed")
    write(tmp_path / "here", RHYTHM, SMALL, replications=2)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        with executor(1, cluster.scheduler_address) as pool:
            write(tmp_path / "there", RHYTHM, SMALL, replications=2, executor=pool)
        address = cluster.scheduler_address
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    with pytest.raises(SystemExit), executor(1, address):
        pass
    assert "no Dask scheduler answers" in capsys.readouterr().err


def test_a_worker_of_another_version_is_refused(capsys):
    """It would give other figures; so is a cluster without any."""
    from deploy.cli.executors import _same_everywhere

    model, engine, codec = versions()
    _same_everywhere({"tcp://a": versions()}, "tcp://s")
    with pytest.raises(SystemExit):
        _same_everywhere({"tcp://a": versions(), "tcp://b": (model + 1, engine, codec)}, "tcp://s")
    with pytest.raises(SystemExit):
        _same_everywhere({}, "tcp://s")
    said = capsys.readouterr().err
    assert "worker tcp://b has model, engine and codec" in said
    assert "has no worker" in said
