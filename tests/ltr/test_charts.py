"""Charts draw every statistic, and a training does not depend on them."""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ltr.charts import open_chart
from ltr.errors import InputError

HISTORY = [{"step": 2, "loss": 1.5}, {"step": 4, "loss": 1.0, "J": 0.5}]


class FakeVisdom:
    """Stands in for the client; ``down`` for a server that is not there."""

    made: "list[FakeVisdom]" = []  # noqa: RUF012  emptied by the fixture
    down = False

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.lines: list[tuple[str, str | None, list[float], list[float]]] = []
        FakeVisdom.made.append(self)
        self.fail()

    def fail(self) -> None:
        if FakeVisdom.down:
            raise ConnectionError("Error connecting to Visdom server")

    def line(
        self, Y: np.ndarray, X: np.ndarray, win: str, update: str | None, opts: Mapping[str, str]
    ) -> str:
        self.fail()
        self.lines.append((win, update, X.tolist(), Y.tolist()))
        return win


@pytest.fixture
def visdom(monkeypatch: pytest.MonkeyPatch) -> type[FakeVisdom]:
    module = ModuleType("visdom")
    module.Visdom = FakeVisdom  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "visdom", module)
    monkeypatch.setattr(FakeVisdom, "made", [])
    monkeypatch.setattr(FakeVisdom, "down", False)
    return FakeVisdom


def test_visdom_draws_the_history_and_goes_on(visdom: type[FakeVisdom], tmp_path: Path) -> None:
    chart = open_chart("visdom", tmp_path, "box2seg/small", "http://charts.example:9000")
    assert not visdom.made  # no connection before there is something to draw
    chart.start(HISTORY)
    chart.add({"step": 6, "loss": 0.5, "J": 0.7})
    chart.close()
    (client,) = visdom.made
    expected = {"server": "http://charts.example", "port": 9000, "env": "box2seg_small"}
    assert client.options.items() >= expected.items()
    assert client.lines == [
        ("J", None, [4], [0.5]),
        ("loss", None, [2, 4], [1.5, 1.0]),
        ("loss", "append", [6], [0.5]),
        ("J", "append", [6], [0.7]),
    ]


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_visdom_server_that_is_absent_is_warned_of_once(
    from_the_start: bool, visdom: type[FakeVisdom], tmp_path: Path, caplog: Any
) -> None:
    chart = open_chart("visdom", tmp_path, "run")
    visdom.down = from_the_start
    chart.start([])
    visdom.down = True
    for step in range(3):
        chart.add({"step": step, "loss": 1.0, "J": 0.5})
    chart.close()
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "http://localhost:8097" in warnings[0]


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("http://localhost:8097", "http://localhost", 8097),
        ("localhost:9", "http://localhost", 9),
        ("https://charts.example", "https://charts.example", 8097),
    ],
)
def test_addresses(address: str, host: str, port: int, visdom: type[FakeVisdom], tmp_path: Path) -> None:
    open_chart("visdom", tmp_path, "run", address).start([])
    assert (visdom.made[0].options["server"], visdom.made[0].options["port"]) == (host, port)


@pytest.mark.parametrize("address", ["", "http://", "localhost:many", "localhost:99999"])
def test_what_is_no_address(address: str, visdom: type[FakeVisdom], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be like http://localhost:8097"):
        open_chart("visdom", tmp_path, "run", address)


def test_tensorboard_draws_every_statistic_and_purges_what_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int | None) -> None:
            calls.append((folder, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            calls.append((name, value, step))

        def close(self) -> None:
            calls.append("closed")

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    for history, purged in (([], None), (HISTORY, 5)):
        calls.clear()
        chart = open_chart("tensorboard", tmp_path, "run")
        chart.start(history)
        chart.add({"step": 6, "loss": 0.5, "J": 0.7})
        chart.close()
        folder = str(tmp_path / "tensorboard")
        assert calls == [(folder, purged), ("loss", 0.5, 6), ("J", 0.7, 6), "closed"]


@pytest.mark.parametrize(
    ("kind", "module"), [("tensorboard", "torch.utils.tensorboard"), ("visdom", "visdom")]
)
def test_a_package_that_is_missing_is_an_input_error(
    kind: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # an import of it fails
    with pytest.raises(InputError, match=f"pip install {kind}"):
        open_chart(kind, tmp_path, "run")


def test_an_unknown_kind_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tensorboard, visdom"):
        open_chart("paper", tmp_path, "run")
