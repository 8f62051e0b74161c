"""Checkpoints made to harm: no code of theirs runs, and no claim of theirs takes the memory or the time."""

import collections
import copyreg
import functools
import io
import logging
import operator
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltr.checkpoint import read_foreign_checkpoint
from ltr.errors import InputError
from ltr.foreign.names import Reference
from ltr.foreign.torch_files import StorageTable

FORMATS = ("zip", "legacy")
WrapPickle = Callable[..., Path]

# pickles by hand

CALL = b"\x85R"
"""Make a tuple of the last value and call with it what lies below."""


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(module: str, name: str, protocol: int = 2) -> bytes:
    return f"c{module}\n{name}\n".encode() if protocol < 4 else text(module) + text(name) + b"\x93"


def calling(function: Callable[..., Any], *args: Any) -> object:
    """An object whose pickle says: call ``function``."""

    class Reduced:
        def __reduce__(self) -> tuple[Any, ...]:
            return function, args

    return Reduced()


# code


def pickled_calls(trace: Path) -> dict[str, bytes]:
    """What ``pickle.dumps`` makes of calls that create ``trace``, in every way of naming functions."""
    shell, code = f"touch {trace}", f"open({str(trace)!r}, 'w').close()"
    calls = {
        "os.system": calling(os.system, shell),
        "os.mkdir": calling(os.mkdir, str(trace)),
        "subprocess.check_call": calling(subprocess.check_call, ["touch", str(trace)]),
        "subprocess.Popen": calling(subprocess.Popen, ["touch", str(trace)]),
        "eval": calling(eval, code),
        "exec": calling(exec, code),
        "open": calling(open, str(trace), "w"),
        "partial": calling(functools.partial, os.system, shell),
        "methodcaller": calling(operator.methodcaller, "system", shell),
        "pickle.loads": calling(pickle.loads, pickle.dumps(calling(os.system, shell))),
        "FileHandler": calling(logging.FileHandler, str(trace)),
        "torch.load": calling(torch.load, str(trace)),
        "torch.save": calling(torch.save, 1, str(trace)),
        "torch.hub.load": calling(torch.hub.load, "a/b", "c"),
        "numpy.load": calling(np.load, str(trace), None, True),
        "numpy.save": calling(np.save, str(trace), 1),
    }
    pickles = {
        f"{name}, {p}": pickle.dumps({"net": call}, p) for name, call in calls.items() for p in (0, 2, 4)
    }
    pickles["Path.touch, 4"] = pickle.dumps(calling(pathlib.Path.touch, trace), 4)
    pickles["ndarray.tofile, 4"] = pickle.dumps(calling(np.ndarray.tofile, np.zeros(1), str(trace)), 4)
    return pickles


def hand_made_calls(trace: Path) -> dict[str, bytes]:
    """The other operations by which a pickle reaches a function that creates ``trace``."""
    command, script = text(f"touch {trace}"), text(f"open({str(trace)!r}, 'w').close()")
    system, thing = named("posix", "system"), named("__main__", "Thing")
    getattr_, import_ = named("__builtin__", "getattr"), named("__builtin__", "__import__")
    reconstructor, new = named("copy_reg", "_reconstructor"), named("copyreg", "__newobj__")
    return {
        "INST": b"(" + command + b"iposix\nsystem\n.",
        "OBJ": b"(" + system + command + b"o.",
        "NEWOBJ": named("subprocess", "Popen") + text("true") + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + named("subprocess", "Popen", 4) + text("true") + b"\x85}\x92.",
        "STACK_GLOBAL": b"\x80\x04" + named("posix", "system", 4) + command + CALL + b".",
        "attribute of a module": b"\x80\x04" + named("torch", "os.system", 4) + command + CALL + b".",
        "class of a module": b"\x80\x04" + named("torch.hub", "os.Popen", 4) + command + CALL + b".",
        "memo": system + b"q\x000h\x00" + command + CALL + b".",
        "python 2 builtin": named("__builtin__", "eval") + script + CALL + b".",
        "python 2 module": named("commands", "getoutput") + command + CALL + b".",
        "python 2 class": named("commands", "Popen") + command + CALL + b".",
        "import": import_ + text("os") + CALL + b".",
        "getattr": getattr_ + import_ + text("os") + CALL + text("system") + b"\x86R" + command + CALL + b".",
        "_reconstructor": reconstructor + system + named("__builtin__", "object") + command + b"\x87R.",
        "__newobj__": new + named("subprocess", "Popen") + text("true") + b"\x86R.",
        "BUILD": thing + b")\x81}" + text("__setstate__") + system + b"sb" + command + b"b.",
        "BUILD of a class": named("collections", "OrderedDict")
        + b"N}"
        + text("fromkeys")
        + system
        + b"s\x86b.",
        "only mentioned": b"}" + text("f") + system + b"s.",
        "dropped": system + b"0}.",
        "call of a stand-in": thing + b")\x81" + command + CALL + b".",
        "call of a text": text("os.system") + command + CALL + b".",
        "extension": b"\x80\x02\x82\xf0" + command + CALL + b".",
        "persistent text": b"Pposix.system\n.",
        "persistent module": b"(" + text("module") + system + text("f") + command + b"tQ.",
        "persistent stranger": b"(" + text("storage") + thing + text("0") + text("cpu") + b"K\x01tQ.",
        "out-of-band buffer": b"\x80\x05\x97.",
    }


def attacks(trace: Path) -> dict[str, bytes]:
    return pickled_calls(trace) | hand_made_calls(trace)


@pytest.fixture
def registered_extension() -> Any:
    """os.system by number: what a library could have done before the file is read."""
    copyreg.add_extension("posix", "system", 0xF0)
    yield
    copyreg.remove_extension("posix", "system", 0xF0)


@pytest.mark.usefixtures("registered_extension")
@pytest.mark.parametrize("form", [*FORMATS, "bare"])
@pytest.mark.parametrize("name", attacks(Path("trace")))
def test_refuses_what_would_run_code(name: str, form: str, tmp_path: Path, wrap_pickle: WrapPickle) -> None:
    trace = tmp_path / "trace"
    path = wrap_pickle(attacks(trace)[name], form)
    with pytest.raises(InputError, match=r"made\.pth (names|calls|uses|has|is) ") as raised:
        read_foreign_checkpoint(path)
    assert "\n" not in str(raised.value)
    assert not trace.exists()


@pytest.mark.usefixtures("registered_extension")
@pytest.mark.parametrize(
    "name",
    [
        *(
            "os.system, 0",
            "os.mkdir, 2",
            "eval, 2",
            "exec, 4",
            "pickle.loads, 2",
            "numpy.save, 4",
            "Path.touch, 4",
        ),
        *("INST", "OBJ", "STACK_GLOBAL", "attribute of a module", "memo", "getattr", "extension"),
        *("python 2 builtin", "python 2 module"),
    ],
)
def test_the_attacks_are_real(name: str, tmp_path: Path) -> None:
    pickle.loads(attacks(tmp_path / "trace")[name])
    assert list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (os.system, r"names (posix|nt)\.system"),
        (eval, r"names builtins\.eval"),
        (subprocess.Popen, r"names subprocess\.Popen"),
        (torch.load, r"calls torch\.serialization\.load"),
    ],
)
def test_names_what_it_refused(function: Callable[..., Any], message: str, wrap_pickle: WrapPickle) -> None:
    for protocol in (0, 2, 4):
        with pytest.raises(InputError, match=message):
            read_foreign_checkpoint(wrap_pickle(pickle.dumps({"net": calling(function, "x")}, protocol)))


@pytest.mark.parametrize("position", range(5))
def test_every_pickle_of_a_legacy_file_is_guarded(
    position: int, tmp_path: Path, wrap_pickle: WrapPickle
) -> None:
    trace = tmp_path / "trace"
    path = wrap_pickle(pickle.dumps({}, 2), "legacy")
    stream = io.BytesIO(path.read_bytes())
    pickles = [pickle.dumps(pickle.load(stream), 2) for _ in range(5)]
    pickles[position] = pickle.dumps(calling(os.system, f"touch {trace}"), 2)
    path.write_bytes(b"".join(pickles))
    with pytest.raises(InputError, match="system"):
        read_foreign_checkpoint(path)
    assert not trace.exists()


def test_classes_that_could_be_imported_are_not(
    tmp_path: Path, wrap_pickle: WrapPickle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the ordinary way, importing the module and each way of filling an instance would leave a trace."""
    folder, trace = tmp_path / "importable", tmp_path / "trace"
    folder.mkdir()
    leave = f"open({str(trace)!r}, 'a').close()"
    methods = ("__init__", "__setstate__", "__setitem__", "__setattr__", "append", "extend")
    body = "".join(f"\n    def {method}(self, *args):\n        {leave}" for method in methods)
    (folder / "trap_module.py").write_text(f"{leave}\nclass Trap:{body}\n")
    monkeypatch.syspath_prepend(str(folder))
    trap = named("trap_module", "Trap")
    made = {
        "built": trap + b")\x81}" + text("x") + b"K\x01sb",
        "filled": trap + b")R(K\x01K\x02e",
        "keyed": b"(itrap_module\nTrap\nK\x01K\x02s",
        "mentioned": trap,
    }
    pickled = b"\x80\x02}(" + b"".join(text(key) + value for key, value in made.items()) + b"u."

    content = read_foreign_checkpoint(wrap_pickle(pickled))
    assert content["built"].state == {"x": 1}
    assert content["filled"].elements == [1, 2]
    assert content["keyed"].items == {1: 2}
    assert content["mentioned"] == Reference("trap_module", "Trap")
    assert not trace.exists()
    assert "trap_module" not in sys.modules

    pickle.loads(pickled)
    monkeypatch.delitem(sys.modules, "trap_module")
    assert trace.exists()


# sizes


def tensors_pickle(*claims: dict[str, Any]) -> bytes:
    """A pickle of {"t": the tensors} that says of each whatever is claimed."""

    class Storage:
        def __init__(self, count: int, key: str) -> None:
            self.count, self.key = count, key

    class Tensor:
        def __init__(self, *, count: int = 4, key: str = "0", **layout: Any) -> None:
            layout = {"offset": 0, "size": (4,), "stride": (1,)} | layout
            self.args = (Storage(count, key), *layout.values(), False, collections.OrderedDict())

        def __reduce__(self) -> tuple[Any, ...]:
            return torch._utils._rebuild_tensor_v2, self.args

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: object) -> object:
            known = isinstance(value, Storage)
            return ("storage", torch.FloatStorage, value.key, "cpu", value.count) if known else None

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump({"t": [Tensor(**claim) for claim in claims]})
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_true_claims_are_believed(form: str, wrap_pickle: WrapPickle) -> None:
    pickled = tensors_pickle({"size": (2, 1), "stride": (2, 1), "offset": 1})
    path = wrap_pickle(pickled, form, np.arange(4, dtype="<f4").tobytes())
    assert read_foreign_checkpoint(path)["t"][0].tolist() == [[1.0], [3.0]]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "claims",
    [
        {"count": 10**15, "size": (10**15,)},
        {"count": -1},
        {"count": 3},
        {"count": 5},
        {"key": "1"},
        {"key": "../version"},
        {"size": (5,)},
        {"offset": 1},
        {"offset": -1},
        {"size": (-4,)},
        {"stride": (2,)},
        {"stride": (-1,), "offset": 3},
        {"size": (10**12,), "stride": (0,)},
        {"size": (2, 2)},
        {"size": (2**62, 2**62, 0), "stride": (1, 1, 1)},
        {"size": ("4",)},
        {"size": 4},
    ],
    ids=str,
)
def test_false_claims_are_not(claims: dict[str, Any], form: str, wrap_pickle: WrapPickle) -> None:
    path = wrap_pickle(tensors_pickle(claims), form, bytes(16))
    with pytest.raises(InputError, match=r"made\.pth (is damaged|is cut short)"):
        read_foreign_checkpoint(path)


def test_storages_fit_in_the_file_all_together() -> None:
    """Entries of an archive may overlap, so that each by itself would fit."""

    def storage(key: str) -> tuple[Any, ...]:
        return "storage", Reference("torch", "FloatStorage"), key, "cpu", 900

    table = StorageTable(limit=4000, read=lambda key, dtype, count: torch.zeros(count, dtype=dtype))
    assert table(storage("0")) is table(storage("0"))
    with pytest.raises(InputError, match='"1" claims 900 elements, more than the file holds'):
        table(storage("1"))


def test_compressed_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", tensors_pickle({"count": 2**24, "size": (2**24,)}))
        archive.writestr("archive/data/0", bytes(2**26))
    assert path.stat().st_size < 2**20
    with pytest.raises(InputError, match=r"bomb\.pth holds archive/data\.pkl compressed"):
        read_foreign_checkpoint(path)


def test_values_are_not_copied_over_and_over(wrap_pickle: WrapPickle) -> None:
    numbers = pickle.dumps(list(range(10_000)), 2)[2:-1]
    copy = b"c__builtin__\nset\nh\x00\x85R"
    path = wrap_pickle(numbers + b"q\x00(" + copy * 1000 + b"l.")
    with pytest.raises(InputError, match="copies values over and over"):
        read_foreign_checkpoint(path)


@pytest.mark.parametrize("form", FORMATS)
def test_nested_keys_do_not_take_forever(form: str, wrap_pickle: WrapPickle) -> None:
    """Hashing a tuple of a pair of a pair of ... of the same tuple would take 2**100 steps."""
    path = wrap_pickle(b"})" + b"2\x86" * 100 + b"K\x01s.", form)
    with pytest.raises(InputError, match="in a key"):
        read_foreign_checkpoint(path)


def test_announced_lengths_are_not_allocated(wrap_pickle: WrapPickle) -> None:
    long_text, long_bytes = b"\x8d" + struct.pack("<Q", 2**60), b"B" + struct.pack("<I", 2**32 - 1)
    for start in (long_text, long_bytes, b"\x8b\xff\xff\xff\x7f"):
        for form in FORMATS:
            with pytest.raises(InputError, match="is damaged"):
                read_foreign_checkpoint(wrap_pickle(start + b"abc", form))
