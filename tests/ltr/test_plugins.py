"""Plugins are found as installed distributions: these are really there, as files on the path of Python."""

import logging
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ltr import plugins
from ltr.plugins import GROUP, load_plugins


def install(site: Path, name: str, targets: dict[str, str], source: str | None = None) -> None:
    """Lay out in ``site`` what installing a package leaves there: its metadata and, if given, a module."""
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{plugin} = {target}" for plugin, target in targets.items()]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    if source is not None:
        (site / f"{name}.py").write_text(source)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for packages, looked at first; no plugin counts as loaded yet."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(plugins, "_plugins", {})
    return folder


def found() -> dict[str, str | None]:
    """Plugins of the tests -> why they failed."""
    return {plugin.name: plugin.failure for plugin in load_plugins() if plugin.name.startswith("test_")}


COUNTING = "calls = []\ndef register():\n    calls.append(1)\n"


def test_register_is_called_once_however_often_plugins_are_loaded(site: Path) -> None:
    install(site, "counting_plugin", {"test_counting": "counting_plugin:register"}, COUNTING)
    assert found() == found() == {"test_counting": None}
    assert sys.modules["counting_plugin"].calls == [1]  # type: ignore[attr-defined]


def test_plugin_installed_later_is_loaded_by_the_next_call(site: Path) -> None:
    assert found() == {}
    other = site.parent / "other"
    install(other, "late_plugin", {"test_late": "late_plugin:register"}, COUNTING)
    sys.path.insert(0, str(other))  # undone with the path that `site` changed
    assert found() == {"test_late": None}


def test_failing_plugins_are_named_with_the_reason_and_the_others_load(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(site, "a_absent", {"test_absent": "a_module_that_is_not_there:register"})
    install(site, "b_raising", {"test_raising": "b_raising:register"}, "def register():\n    1 / 0\n")
    install(site, "c_nameless", {"test_nameless": "c_nameless:register"}, "x = 3\n")
    install(site, "d_broken", {"test_broken": "d_broken:register"}, "def register(:\n")
    install(site, "z_good_plugin", {"test_good": "z_good_plugin:register"}, COUNTING)
    with caplog.at_level(logging.ERROR):
        failures = found()
    assert failures.pop("test_good") is None
    assert sys.modules["z_good_plugin"].calls == [1]  # type: ignore[attr-defined]
    for name, reason in {
        "test_absent": "ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
        "test_raising": "ZeroDivisionError: division by zero",
        "test_nameless": "AttributeError: module 'c_nameless' has no attribute 'register'",
        "test_broken": "SyntaxError: ",
    }.items():
        failure = failures.pop(name)
        assert failure is not None
        assert failure.startswith(reason)
        assert any(name in line and failure in line for line in caplog.messages)
    assert not failures


def test_plugin_that_loads_plugins_itself_is_registered_once(site: Path) -> None:
    source = "from ltr.plugins import load_plugins\n" + COUNTING + "    load_plugins()\n"
    install(site, "eager_plugin", {"test_eager": "eager_plugin:register"}, source)
    assert found() == {"test_eager": None}
    assert sys.modules["eager_plugin"].calls == [1]  # type: ignore[attr-defined]


def test_stranger_adds_an_initializer_without_touching_our_files(tmp_path: Path, repository: Path) -> None:
    example = repository / "tests" / "example_plugin"
    project = tomllib.loads((example / "pyproject.toml").read_text())["project"]
    install(tmp_path, "example_plugin", project["entry-points"][GROUP])
    program = """
import numpy as np
from ltr.plugins import load_plugins
from pytracking.initializers import make_initializer
load_plugins()
mask = make_initializer("inner_half")(np.zeros((40, 60, 3), np.uint8), (10, 10, 20, 8))
print(int(mask.sum()), mask[12:16, 15:25].all())
"""
    path = os.pathsep.join(map(str, [tmp_path, example, repository]))
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["40", "True"], done.stderr
