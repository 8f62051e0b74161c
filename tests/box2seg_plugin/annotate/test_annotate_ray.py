"""``box2seg annotate --ray`` on a cluster of two machines, which are processes here."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from box2seg_plugin.annotate.ray_pool import RayPool, ask_a_worker, ray_cluster, room_for, run_on_ray
from box2seg_plugin.annotate.settings import find_machine
from ltr.errors import InputError
from pytracking.evaluation.worker_pool import SetupError

MakeVideo = Callable[..., Path]
Annotate = Callable[..., int]
Tree = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="module")
def cluster(repository: Path) -> Iterator[Any]:
    """Two nodes of two CPUs each."""
    pytest.importorskip("ray", reason="the optional extra ray is not installed")
    from ray.cluster_utils import Cluster

    toys = str(repository / "tests" / "pytracking" / "toy")
    paths = [str(repository), toys, os.environ.get("PYTHONPATH", "")]
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(toys)
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    cluster.add_node(num_cpus=2)
    yield cluster
    cluster.shutdown()
    patch.undo()


def test_a_worker_that_dies_is_replaced(cluster: Any, tmp_path: Path) -> None:
    """Its piece is begun twice, and no more."""
    from toy_job import Squares

    for marker in ("2-once", "5-once", "5-twice"):
        (tmp_path / marker).touch()
    with ray_cluster(cluster.address):
        assert room_for(threads=1) == 4 and room_for(threads=2) == 2
        results = sorted(run_on_ray(Squares(tmp_path), range(8), RayPool(2, threads=1)))
    (dead,) = [result for result in results if "died" in result]
    assert dead.startswith("5 died: its worker died 2 times: ")
    expected = [f"{n * n} with 1 threads" for n in range(8) if n != 5]
    assert sorted(result for result in results if result != dead) == sorted(expected)


def test_a_worker_is_asked_for_its_machine(cluster: Any) -> None:
    """What it raises is raised here."""
    with ray_cluster(cluster.address):
        assert ask_a_worker(find_machine, "cpu", "bf16") == ("cpu", "bf16")
        with pytest.raises(InputError, match=r'^precision is "half"'):
            ask_a_worker(find_machine, "cpu", "half")


@pytest.mark.parametrize(("fails", "error"), [("input", InputError), ("dies", SetupError)])
def test_workers_that_cannot_begin_end_the_run(
    cluster: Any, tmp_path: Path, fails: str, error: type[Exception]
) -> None:
    from toy_job import Squares

    with ray_cluster(cluster.address), pytest.raises(error):
        list(run_on_ray(Squares(tmp_path, fails), range(3), RayPool(2, threads=1)))


def test_no_cluster_there() -> None:
    pytest.importorskip("ray", reason="the optional extra ray is not installed")
    with (
        pytest.raises(InputError, match=r"--address 127.0.0.1:9: no Ray cluster can be reached"),
        ray_cluster("127.0.0.1:9"),
    ):
        pass


def test_without_ray_the_remedy_is_told(
    make_video: MakeVideo,
    annotate: Annotate,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_video("a")
    monkeypatch.setitem(sys.modules, "ray", None)
    assert annotate("out", "--ray") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert 'pip install "box2seg[ray]"' in line


def test_two_machines_leave_the_same_bytes(
    cluster: Any, make_video: MakeVideo, annotate: Annotate, tree: Tree
) -> None:
    for name in "abcde":
        make_video(name)
    assert annotate("one", "--report") == 0
    assert annotate("ray", "--report", "--ray", "--address", cluster.address, "--workers", 3) == 0
    assert tree("ray") == tree("one")


def test_a_machine_that_is_lost(
    cluster: Any,
    tmp_path: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What ran on it is done again elsewhere. Each of three machines has room for one worker."""
    for name in "abc":
        make_video(name, 150)
    assert annotate("one", "--threads", 2) == 0
    node = cluster.add_node(num_cpus=2)

    def lose_node() -> None:
        while len(list((tmp_path / "ray" / "masks").glob(".*.part/masks/00001.png"))) < 3:
            time.sleep(0.01)
        cluster.remove_node(node, allow_graceful=False)

    thread = threading.Thread(target=lose_node, daemon=True)
    thread.start()
    assert annotate("ray", "--ray", "--address", cluster.address, "--workers", 3, "--threads", 2) == 0
    thread.join(1)
    assert "is begun again: its worker died" in caplog.text
    assert tree("ray") == tree("one")
