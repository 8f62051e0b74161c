"""The shape of the house: which package may import which, and what files may be called.

Imports are read from the source, so those inside functions count too.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "ltr": {"ltr"},
    "pytracking": {"pytracking", "ltr"},
    "box2seg_plugin": {"box2seg_plugin", "pytracking", "ltr"},
    "experiments": {"experiments", "box2seg_plugin", "pytracking", "ltr"},
    "benchmarks": {"benchmarks", "box2seg_plugin", "pytracking", "ltr"},
}
OURS = {*MAY_IMPORT, "tests"}
NAMELESS = {"util", "utils", "misc", "helper", "helpers", "common"}
DEPENDENCIES = {
    "cv2",
    "jpeg4py",
    "numpy",
    "PIL",
    "safetensors",
    "scipy",
    "torch",
    "torchvision",
    "tqdm",
    "visdom",
}

SOURCES = sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


def imported_packages(source: str) -> Iterator[tuple[int, str]]:
    """(line, top-level package) of every import, also of those that go through ``import_module("...")``.

    Relative imports stay within their package, so they are not looked at.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__", "find_spec"):
                yield node.lineno, str(node.args[0].value).partition(".")[0]


def wrong_imports(package: str, source: str) -> list[str]:
    return [
        f"line {line} imports {imported}"
        for line, imported in imported_packages(source)
        if imported in OURS - MAY_IMPORT[package]
    ]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    ("package", "source", "wrong"),
    [
        ("ltr", "import ltr.data\nfrom ltr import registry\nimport torch", 0),
        ("ltr", "import pytracking", 1),
        ("ltr", "from pytracking.registry import TRACKERS", 1),
        ("ltr", "def late():\n    from box2seg_plugin import network", 1),
        ("ltr", "import importlib\nimportlib.import_module('box2seg_plugin.network')", 1),
        (
            "ltr",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pytracking.registry as r",
            1,
        ),
        ("pytracking", "import ltr.models, box2seg_plugin", 1),
        ("pytracking", "from ltr.data import boxes\nfrom . import registry", 0),
        ("box2seg_plugin", "import ltr, pytracking, box2seg_plugin", 0),
        ("box2seg_plugin", "from experiments.davis import main\nimport tests.conftest", 2),
    ],
)
def test_wrong_arrows_are_seen(package: str, source: str, wrong: int) -> None:
    assert len(wrong_imports(package, source)) == wrong


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_follow_the_arrows(path: Path) -> None:
    assert not wrong_imports(path.relative_to(ROOT).parts[0], path.read_text(encoding="utf-8"))


def test_every_package_is_looked_at() -> None:
    looked_at = {path.relative_to(ROOT).parts[0] for path in SOURCES}
    assert looked_at >= {"ltr", "pytracking", "box2seg_plugin"}


def test_names_say_what_is_inside() -> None:
    nameless = [
        relative(path)
        for path in SOURCES
        if NAMELESS & {*path.relative_to(ROOT).with_suffix("").parts, *path.stem.split("_")}
    ]
    assert not nameless


def test_scripts_run_by_path_hide_no_other_module() -> None:
    """``python ltr/run_training.py`` looks for modules in ltr/ first: ltr/copy.py would hide Python's."""
    taken = set(sys.stdlib_module_names) | DEPENDENCIES | OURS
    hiding = [
        relative(path)
        for package in MAY_IMPORT
        for path in (ROOT / package).glob("*")
        if (path.suffix == ".py" or path.is_dir()) and path.stem in taken
    ]
    assert not hiding


def test_folders_with_code_are_packages() -> None:
    """A folder without __init__.py is left out when the project is installed."""
    folders = {
        path.parent for path in SOURCES if relative(path).split("/")[0] not in ("experiments", "benchmarks")
    }
    assert not [relative(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
