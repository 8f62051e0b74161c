"""``install.sh`` run against a Python that only writes down what it is asked to do.

What it does with a real Python is seen by running it; here it is the order of the steps, and what goes wrong.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FAKE_PYTHON = r"""#!/bin/sh
folder=$(dirname "$0")
limits=${PIP_CONSTRAINT:+[constrained]}${PIP_BUILD_CONSTRAINT:+[build constrained]}
note() { echo "$* $limits" >>"$folder/calls"; }
case "$1 $2 $3" in
    "-m pip install")
        shift 5  # these three words and two options that every call has
        note "pip install $*"
        case "$*" in *"${FAILING:-nothing fails}"*)
            echo "ERROR: No matching distribution found for $FAILING"
            echo "note: read the manual"
            exit 1 ;;
        esac ;;
    "-m pip list") printf 'torch 2.13.0+cpu\ntorchvision 0.28.0\n' ;;
    "-m ltr.self_check ") note self_check ;;
    "-m pytest "*) note "$*" ;;
    "-c from ltr"*) echo jpeg4py ;;
    "-  ")
        case "$(cat)" in
            *nms*) [ -z "${MIXED:-}" ] || grep -q "$MIXED" "$folder/calls" 2>/dev/null ;;
            *charts*) echo 'visdom>=0.2.4 tornado<6.6' ;;
        esac ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path, repository: Path) -> Path:
    """A checkout of just what install.sh looks at, with a .venv that holds the pretending Python."""
    folder = tmp_path / "check out"
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("install.sh", "pyproject.toml"):
        shutil.copy(repository / name, folder / name)
    for name, script in {"python": FAKE_PYTHON, "box2seg": '#!/bin/sh\necho "box2seg $*"\n'}.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    return folder


def run(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOX2SEG_", "PIP_"))}
    return subprocess.run(
        ["bash", str(checkout / "install.sh"), *arguments],
        cwd="/",
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def calls(checkout: Path) -> list[str]:
    """What the pretending Python was asked to do since the last look."""
    path = checkout / ".venv" / "bin" / "calls"
    lines = [line.strip() for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_sets_up_then_has_nothing_to_do_until_what_it_installs_changes(checkout: Path) -> None:
    first = run(checkout)
    assert first.returncode == 0, first.stderr
    assert calls(checkout) == [
        "pip install visdom>=0.2.4 tornado<6.6 [constrained][build constrained]",
        "pip install --editable .[charts,dev]",
        "self_check",
    ]
    assert run(checkout).returncode == 0
    assert calls(checkout) == []

    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# another dependency\n")
    assert run(checkout).returncode == 0
    assert calls(checkout)[-1] == "self_check"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("demo",), "box2seg demo --out demo_out"),
        (("demo", "--frames", "3"), "demo --out demo_out --frames 3"),
    ],
)
def test_demo_sets_up_and_runs_the_command(checkout: Path, arguments: tuple[str, ...], expected: str) -> None:
    done = run(checkout, *arguments)
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith(expected)
    assert "self_check" in calls(checkout)


def test_test_sets_up_and_runs_pytest(checkout: Path) -> None:
    assert run(checkout, "test", "-k", "boxes").returncode == 0
    assert calls(checkout)[-2:] == ["self_check", "-m pytest -q -k boxes"]


def test_failing_step_stops_with_one_line_and_is_tried_again(checkout: Path) -> None:
    failed = run(checkout, "test", FAILING="visdom")
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert "visdom could not be installed: ERROR: No matching distribution found for visdom" in failed.stderr
    assert str(checkout / ".venv" / "install.log") in failed.stderr
    assert not any("editable" in call or "pytest" in call for call in calls(checkout))
    assert run(checkout).returncode == 0
    assert calls(checkout)[-1] == "self_check"


def test_torch_and_torchvision_that_do_not_fit_are_installed_again_together(checkout: Path) -> None:
    done = run(checkout, MIXED="force-reinstall")
    assert done.returncode == 0, done.stderr
    assert "torch 2.13.0+cpu and torchvision 0.28.0 do not work together" in done.stdout
    assert calls(checkout)[:2] == [
        "pip install torch torchvision",
        "pip install --upgrade --force-reinstall torch torchvision",
    ]


def test_pair_that_cannot_be_repaired_says_what_to_do(checkout: Path) -> None:
    failed = run(checkout, MIXED="never")
    assert failed.returncode == 1
    assert "set BOX2SEG_TORCH_INDEX to an index that has both" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_index_for_torch_is_used_for_both_and_for_nothing_else(checkout: Path) -> None:
    done = run(checkout, MIXED="index-url", BOX2SEG_TORCH_INDEX="https://example.org/cpu")
    assert done.returncode == 0, done.stderr
    torch, *others = calls(checkout)
    assert torch == "pip install torch torchvision --index-url https://example.org/cpu"
    assert not any("example.org" in call for call in others)


def test_old_python_is_refused_by_name(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    old = checkout / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    failed = run(checkout, BOX2SEG_PYTHON=str(old))
    assert failed.returncode == 1
    assert "Python 3.11 or newer is needed" in failed.stderr
    assert str(old) in failed.stderr
    assert not (checkout / ".venv").exists()


def test_unknown_command_lists_the_known(checkout: Path) -> None:
    failed = run(checkout, "demoo")
    assert failed.returncode == 2
    assert failed.stderr == 'install.sh: unknown command "demoo": give none, demo or test\n'
    assert calls(checkout) == []
