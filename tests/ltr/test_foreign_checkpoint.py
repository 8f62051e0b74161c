"""Checkpoints of other programs: their values are read, their classes are not needed, their code never runs."""

import collections
import copyreg
import datetime
import functools
import operator
import os
import pathlib
import pickle
import random
import struct
import subprocess
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltr.checkpoint import read_foreign_checkpoint
from ltr.errors import InputError
from ltr.foreign.names import Reference, StandIn

FORMATS = ("zip", "legacy")
MAGIC = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})


def save(content: object, path: Path, form: str, protocol: int = 2) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=form == "zip", pickle_protocol=protocol)
    return path


def wrap(pickled: bytes, path: Path, form: str) -> Path:
    """A torch file around a pickle made by hand."""
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickled)
            archive.writestr("archive/version", "3\n")
    else:
        facts = [pickle.dumps(value, protocol=2) for value in MAGIC]
        path.write_bytes(b"".join(facts) + pickled + pickle.dumps([], protocol=2))
    return path


# values


def rich_content() -> dict[str, Any]:
    """Everything that a checkpoint of tensors and plain values may hold."""
    base = torch.randn(5, 6)
    return {
        "net": torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)).state_dict(),
        "views": [base, base.t(), base[1:3, ::2], base[0, 0]],
        "types": [
            torch.randn(3).to(dtype)
            for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16)
        ],
        "small types": [torch.tensor([1, 0, 3]).to(dtype) for dtype in (torch.uint8, torch.int8, torch.bool)],
        "empty": [torch.zeros(0), torch.zeros(3, 0, 2)],
        "parameter": torch.nn.Parameter(torch.randn(300, 2)),
        "size": torch.Size([2, 3]),
        "plain": [None, True, False, 0, -1, 255, 70000, 2**40, -(2**70), 1.5, float("inf"), "text", "ümläut", b"\x00\xff"],
        "containers": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], {}, {"a": {1: 2}}, {1, 2}, frozenset({"x"})],
        "more": [1 + 2j, b"", "x" * 300, collections.OrderedDict(a=1), collections.defaultdict(list, a=[1])],
        ("tuple", 1): collections.Counter("aab"),
    }


def assert_equal(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, torch.Tensor):
        assert type(ours) is torch.Tensor
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs.detach())
    elif isinstance(theirs, dict):
        assert type(ours) is dict
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_equal(ours[key], theirs[key])
    elif isinstance(theirs, list | tuple):
        assert type(ours) is (tuple if isinstance(theirs, tuple) else list)
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            assert_equal(our, their)
    else:
        assert type(ours) is type(theirs)
        assert ours == theirs


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_reads_what_torch_wrote(form: str, protocol: int, tmp_path: Path) -> None:
    content = rich_content()
    assert_equal(read_foreign_checkpoint(save(content, tmp_path / "c.pth", form, protocol)), content)


@pytest.mark.parametrize("form", FORMATS)
def test_tensors_that_share_storage_still_do(form: str, tmp_path: Path) -> None:
    views = read_foreign_checkpoint(save(rich_content(), tmp_path / "c.pth", form))["views"]
    views[0].zero_()
    assert not views[1].any()


@pytest.mark.parametrize("protocol", [2, 4])
def test_numpy_scalars_become_numbers(protocol: int, tmp_path: Path) -> None:
    values = [np.float64(0.1), np.float32(0.5), np.int64(-7), np.uint8(200), np.bool_(True)]
    read = read_foreign_checkpoint(save({"v": values}, tmp_path / "c.pth", "zip", protocol))["v"]
    assert read == [0.1, 0.5, -7, 200, True]
    assert [type(v) for v in read] == [float, float, int, int, bool]


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_reads_pickles_of_every_protocol(protocol: int, tmp_path: Path) -> None:
    content = {
        "text": ["a\nb", "ümläut"],
        "numbers": [0, 1, 300, 10**30, -5, 0.25, True, False, None],
        "bytes": [b"ab\xff", b""],
        "nested": ((), (1,), [[]], {"k": {"l": (1, 2, 3, 4)}}, {1, 2}, frozenset({3})),
    }
    path = wrap(pickle.dumps(content, protocol), tmp_path / "c.pth", "zip")
    assert_equal(read_foreign_checkpoint(path), content)


# classes that are not there


class _Plain:
    """Instances of its subclasses are pickled as those of a class in a module that is gone."""


def foreign_classes() -> dict[str, type]:
    """Classes as a code base of trackers would have: plain, with slots, a dict, a list, one with odd reduction."""

    def init(self: Any, fun_name: str, kwds: dict[str, Any]) -> None:
        self.fun_name, self.kwds = fun_name, kwds

    return {
        "ltr.admin.model_constructor.NetConstructor": type("NetConstructor", (_Plain,), {"__init__": init}),
        "ltr.admin.stats.AverageMeter": type("AverageMeter", (), {"__slots__": ("avg", "count")}),
        "easydict.EasyDict": type("EasyDict", (dict,), {}),
        "odd.containers.History": type("History", (list,), {}),
        "odd.containers.Names": type("Names", (set,), {}),
        "odd.reduced.Range": type("Range", (_Plain,), {"__reduce__": lambda self: (type(self), (1, 2), {"x": 3})}),
    }


def foreign_content(classes: dict[str, type]) -> dict[str, Any]:
    meter = classes["ltr.admin.stats.AverageMeter"]()
    meter.avg, meter.count = 0.25, 4
    constructor = classes["ltr.admin.model_constructor.NetConstructor"]("resnet50", {"label_encoder_dims": (16, 32)})
    history = classes["odd.containers.History"]([0.5, 0.25])
    history.best = 0.25
    return {
        "net": {"w": torch.arange(6.0).view(2, 3)},
        "constructor": constructor,
        "again": constructor,
        "stats": {"Loss": meter, "history": history},
        "settings": classes["easydict.EasyDict"](rate=1e-4),
        "names": classes["odd.containers.Names"](["a"]),
        "range": classes["odd.reduced.Range"](),
        "class itself": classes["odd.containers.Names"],
        "device": torch.device("cuda:1"),
        "dtype": torch.float16,
        "array": np.arange(3),
        "path": pathlib.PurePosixPath("a/b"),
        "when": datetime.datetime(2020, 1, 2),
    }


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_objects_of_absent_classes_become_stand_ins(
    form: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = foreign_classes()
    with monkeypatch.context() as patch:
        for path, cls in classes.items():
            module, _, name = path.rpartition(".")
            cls.__module__, cls.__qualname__ = module, name
            patch.setitem(sys.modules, module, sys.modules.get(module) or types.ModuleType(module))
            setattr(sys.modules[module], name, cls)
        file = save(foreign_content(classes), tmp_path / "c.pth.tar", form, protocol)
    assert "easydict" not in sys.modules

    content = read_foreign_checkpoint(file)
    assert torch.equal(content["net"]["w"], torch.arange(6.0).view(2, 3))
    constructor = content["constructor"]
    assert isinstance(constructor, StandIn)
    assert constructor.path == "ltr.admin.model_constructor.NetConstructor"
    assert constructor.attributes == {"fun_name": "resnet50", "kwds": {"label_encoder_dims": (16, 32)}}
    assert content["again"] is constructor
    assert content["stats"]["Loss"].attributes == {"avg": 0.25, "count": 4}
    assert content["stats"]["history"].elements == [0.5, 0.25]
    assert content["stats"]["history"].attributes == {"best": 0.25}
    assert content["settings"].items == {"rate": 1e-4}
    assert content["range"].args == (1, 2)
    assert content["range"].attributes == {"x": 3}
    assert content["class itself"] == Reference("odd.containers", "Names")
    assert content["device"].args == ("cuda", 1)
    assert content["dtype"] == torch.float16
    for name in ("names", "array", "path", "when"):
        assert isinstance(content[name], StandIn), name


@pytest.mark.parametrize("protocol", [0, 1])
def test_old_protocols_make_instances_by_copyreg(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        module = types.ModuleType("odd_old")
        module.Thing = type("Thing", (), {"__module__": "odd_old"})  # type: ignore[attr-defined]
        module.Number = type("Number", (int,), {"__module__": "odd_old"})  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "odd_old", module)
        thing = module.Thing()
        thing.value = 3
        pickled = pickle.dumps({"thing": thing, "number": module.Number(7)}, protocol)
    content = read_foreign_checkpoint(wrap(pickled, tmp_path / "c.pth", "zip"))
    assert content["thing"].path == "odd_old.Thing"
    assert content["thing"].attributes == {"value": 3}
    assert content["number"].args == (7,)


def test_classes_that_are_there_are_not_touched_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing a module and every way of making its instance would leave a trace; none is left."""
    folder = tmp_path / "importable"
    folder.mkdir()
    trace = tmp_path / "trace"
    methods = ("__new__", "__init__", "__setstate__", "__setitem__", "__setattr__", "append", "extend", "update")
    leave = f"open({str(trace)!r}, 'a').close()"
    body = "".join(f"\n    def {m}(self, *args, **kwds):\n        {leave}\n        return self" for m in methods)
    (folder / "trap_module.py").write_text(f"{leave}\nclass Trap:{body}\n")
    monkeypatch.syspath_prepend(str(folder))
    name = b"ctrap_module\nTrap\n"
    made = b"}(U\x01a" + name + b")\x81}U\x01xK\x01sb" + b"U\x01b" + name + b")R(K\x01K\x02e" + b"U\x01c(itrap_module\nTrap\n"
    path = wrap(b"\x80\x02" + made + b"u.", tmp_path / "c.pth", "zip")
    assert all(isinstance(value, StandIn) for value in read_foreign_checkpoint(path).values())
    assert not trace.exists()
    assert "trap_module" not in sys.modules


def test_functions_may_be_mentioned_but_not_called(tmp_path: Path) -> None:
    path = wrap(pickle.dumps({"f": torch.nn.functional.relu}), tmp_path / "c.pth", "zip")
    assert read_foreign_checkpoint(path)["f"] == Reference("torch.nn.functional", "relu")


# attacks


def reduce_of(function: Callable[..., Any], *args: Any) -> object:
    """An object whose pickle says: call ``function``."""

    class Reduced:
        def __reduce__(self) -> tuple[Any, ...]:
            return function, args

    return Reduced()


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def attacks(trace: Path) -> dict[str, bytes]:
    """Pickles that create ``trace`` when read the ordinary way."""
    shell, code = f"touch {trace}", f"open({str(trace)!r}, 'w').close()"
    command, script = text(shell), text(code)
    objects = {
        "os.system": reduce_of(os.system, shell),
        "os.mkdir": reduce_of(os.mkdir, str(trace)),
        "subprocess.check_call": reduce_of(subprocess.check_call, ["touch", str(trace)]),
        "subprocess.run": reduce_of(subprocess.run, ["touch", str(trace)]),
        "eval": reduce_of(eval, code),
        "exec": reduce_of(exec, code),
        "open": reduce_of(open, str(trace), "w"),
        "partial": reduce_of(functools.partial, os.system, shell),
        "methodcaller": reduce_of(operator.methodcaller, "system", shell),
        "pathlib.touch": reduce_of(pathlib.Path.touch, trace),
        "pickle.loads": reduce_of(pickle.loads, pickle.dumps(reduce_of(os.system, shell))),
        "torch.load": reduce_of(torch.load, str(trace)),
        "torch.save": reduce_of(torch.save, 1, str(trace)),
        "numpy.save": reduce_of(np.save, str(trace), 1),
        "numpy.load": reduce_of(np.load, str(trace), None, True),
        "torch.hub.load": reduce_of(torch.hub.load, "a/b", "c"),
        "tensor.tofile": reduce_of(np.ndarray.tofile, np.zeros(1), str(trace)),
        "FileHandler": reduce_of(__import__("logging").FileHandler, str(trace)),
        "Popen": reduce_of(subprocess.Popen, ["touch", str(trace)]),
    }
    pickles = {
        f"{name}, protocol {protocol}": pickle.dumps({"net": thing}, protocol)
        for name, thing in objects.items()
        for protocol in (0, 2, 4)
        if (name, protocol) not in {("tensor.tofile", 0), ("pathlib.touch", 0), ("pathlib.touch", 2), ("tensor.tofile", 2)}
    }
    system = b"cposix\nsystem\n"
    pickles |= {
        "INST": b"(" + command + b"iposix\nsystem\n.",
        "OBJ": b"(" + system + command + b"o.",
        "memo": b"\x80\x02" + system + b"q\x00" + b"0h\x00" + command + b"\x85R.",
        "STACK_GLOBAL": b"\x80\x04" + text("posix") + text("system") + b"\x93" + command + b"\x85R.",
        "dotted name": b"\x80\x04" + text("torch") + text("os.system") + b"\x93" + command + b"\x85R.",
        "dotted class": b"\x80\x04" + text("torch.hub") + text("os.system") + b"\x93" + command + b"\x85R.",
        "python 2 names": b"c__builtin__\neval\n" + script + b"\x85R.",
        "import": b"c__builtin__\n__import__\n" + text("os") + b"\x85R.",
        "getattr": b"c__builtin__\ngetattr\nc__builtin__\n__import__\n" + text("os") + b"\x85R" + text("system")
        + b"\x86R" + command + b"\x85R.",
        "copyreg": b"ccopy_reg\n_reconstructor\ncposix\nsystem\nc__builtin__\nobject\n" + command + b"\x87R.",
        "newobj": b"ccopyreg\n__newobj__\ncsubprocess\nPopen\n" + text("true") + b"\x86R.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\n" + text("true") + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + text("subprocess") + text("Popen") + b"\x93" + text("true") + b"\x85}\x92.",
        "BUILD": b"\x80\x02c__main__\nThing\n)\x81}" + text("__setstate__") + system + b"sb" + command + b"b.",
        "BUILD of a class": b"\x80\x02ccollections\nOrderedDict\nN}" + text("__reduce__") + system + b"s\x86b.",
        "only mentioned": b"\x80\x02}" + text("f") + system + b"s.",
        "dropped": b"\x80\x02" + system + b"0}.",
        "call of a stand-in": b"\x80\x02c__main__\nThing\n)\x81" + command + b"\x85R.",
        "call of a text": b"\x80\x02" + text("os.system") + command + b"\x85R.",
        "extension": b"\x80\x02\x82\xf0" + command + b"\x85R.",
        "persistent text": b"Pposix.system\n.",
        "persistent module": b"\x80\x02(" + text("module") + system + text("f") + command + b"tQ.",
        "persistent storage of a stranger": b"\x80\x02(" + text("storage") + b"c__main__\nThing\n" + text("0")
        + text("cpu") + b"K\x01tQ.",
        "out-of-band buffer": b"\x80\x05\x97.",
    }
    return pickles


ATTACKS = sorted(attacks(Path("trace")))


@pytest.mark.parametrize("form", [*FORMATS, "plain pickle"])
@pytest.mark.parametrize("name", ATTACKS)
def test_refuses_what_would_run_code(name: str, form: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = tmp_path / "evil.pth"
    pickled = attacks(trace)[name]
    path = (path.write_bytes(pickled), path)[1] if form == "plain pickle" else wrap(pickled, path, form)
    copyreg.add_extension("posix", "system", 0xF0)
    try:
        with pytest.raises(InputError, match=r"evil\.pth (names|calls|uses|has|is damaged)") as raised:
            read_foreign_checkpoint(path)
    finally:
        copyreg.remove_extension("posix", "system", 0xF0)
    assert "\n" not in str(raised.value)
    assert not trace.exists()


@pytest.mark.parametrize(
    "name",
    ["os.system, protocol 0", "subprocess.run, protocol 4", "eval, protocol 2", "INST", "OBJ", "memo", "getattr"]
    + ["STACK_GLOBAL", "pickle.loads, protocol 2", "numpy.save, protocol 4", "python 2 names"],
)
def test_the_attacks_are_real(name: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    pickle.loads(attacks(trace)[name])
    assert list(tmp_path.iterdir())


def test_names_the_function_it_refused(tmp_path: Path) -> None:
    for function, message in [
        (os.system, r"names posix\.system|names nt\.system"),
        (eval, r"names builtins\.eval"),
        (torch.load, r"calls torch\.serialization\.load"),
    ]:
        path = wrap(pickle.dumps({"net": reduce_of(function, "x")}), tmp_path / "evil.pth", "zip")
        with pytest.raises(InputError, match=message):
            read_foreign_checkpoint(path)


@pytest.mark.parametrize("position", range(5))
def test_every_pickle_of_a_legacy_file_is_guarded(position: int, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    pickles = [pickle.dumps(value, 2) for value in (*MAGIC, {}, [])]
    pickles[position] = pickle.dumps(reduce_of(os.system, f"touch {trace}"), 2)
    path = tmp_path / "evil.pth"
    path.write_bytes(b"".join(pickles))
    with pytest.raises(InputError, match="system"):
        read_foreign_checkpoint(path)
    assert not trace.exists()


# lies about sizes


def tensor_pickle(count: int = 4, size: object = (4,), stride: object = (1,), offset: int = 0, key: str = "0") -> bytes:
    """A pickle of {"t": tensor} with whatever claims."""

    class Storage:
        pass

    class Tensor:
        def __reduce__(self) -> tuple[Any, ...]:
            return torch._utils._rebuild_tensor_v2, (Storage(), offset, size, stride, False, collections.OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: object) -> object:
            return ("storage", torch.FloatStorage, key, "cpu", count) if isinstance(value, Storage) else None

    import io

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump({"t": Tensor()})
    return buffer.getvalue()


def torch_file(pickled: bytes, path: Path, form: str, storage: bytes = bytes(16)) -> Path:
    """A torch file of one storage, "0"."""
    if form == "zip":
        wrap(pickled, path, form)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("archive/data/0", storage)
    else:
        facts = [pickle.dumps(value, protocol=2) for value in MAGIC]
        body = pickle.dumps(["0"], protocol=2) + struct.pack("<q", len(storage) // 4) + storage
        path.write_bytes(b"".join(facts) + pickled + body)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_true_claims_are_believed(form: str, tmp_path: Path) -> None:
    path = torch_file(tensor_pickle(size=(2, 1), stride=(2, 1), offset=1), tmp_path / "c.pth", form)
    assert torch.equal(read_foreign_checkpoint(path)["t"], torch.zeros(2, 1))


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
def test_false_claims_are_not(claims: dict[str, Any], form: str, tmp_path: Path) -> None:
    path = torch_file(tensor_pickle(**claims), tmp_path / "c.pth", form)
    with pytest.raises(InputError, match=r"c\.pth (is damaged|is cut short)"):
        read_foreign_checkpoint(path)


def test_storages_of_one_file_may_not_overlap_into_more_than_the_file(tmp_path: Path) -> None:
    """Many entries of an archive that are one and the same megabyte would else be read into many."""
    path = tmp_path / "c.pth"
    pickled = pickle.dumps([tensor_pickle(count=2**18, size=(2**18,), key=str(i)) for i in range(1)])
    one = tensor_pickle(count=2**18, size=(2**18,), key="{}")
    assert pickled
    parts = b"".join(one.replace(b"{}", b"%02d" % i)[2:-1] for i in range(20))
    wrap(b"\x80\x02(" + parts + b"l.", path, "zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data/00", bytes(2**20))
        info = archive.getinfo("archive/data/00")
        for i in range(1, 20):
            twin = zipfile.ZipInfo(f"archive/data/{i:02d}")
            twin.__setstate__ = None if False else None  # type: ignore[attr-defined]
            for field in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(twin, field, getattr(info, field))
            archive.filelist.append(twin)
        archive._didModify = True
    with pytest.raises(InputError, match=r"c\.pth"):
        read_foreign_checkpoint(path)


def test_compressed_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", tensor_pickle(2**24, (2**24,)))
        archive.writestr("archive/data/0", bytes(2**26))
    assert path.stat().st_size < 2**20
    with pytest.raises(InputError, match=r"bomb\.pth holds archive/data\.pkl compressed"):
        read_foreign_checkpoint(path)


def test_values_are_not_copied_over_and_over(tmp_path: Path) -> None:
    numbers = pickle.dumps(list(range(10_000)), 2)[2:-1]
    copy = b"c__builtin__\nset\nh\x00\x85R"
    path = wrap(b"\x80\x02" + numbers + b"q\x00(" + copy * 1000 + b"l.", tmp_path / "c.pth", "zip")
    with pytest.raises(InputError, match="copies values over and over"):
        read_foreign_checkpoint(path)


@pytest.mark.parametrize("form", FORMATS)
def test_nested_keys_do_not_take_forever(form: str, tmp_path: Path) -> None:
    """Hashing a tuple of a pair of a pair of ... of the same tuple would take 2**100 steps."""
    path = wrap(b"\x80\x02})" + b"2\x86" * 100 + b"K\x01s.", tmp_path / "c.pth", form)
    with pytest.raises(InputError, match="in a key"):
        read_foreign_checkpoint(path)


def test_announced_lengths_are_not_allocated(tmp_path: Path) -> None:
    for header in (b"\x8d" + struct.pack("<Q", 2**60), b"B" + struct.pack("<I", 2**32 - 1), b"\x8b\xff\xff\xff\x7f"):
        for form in FORMATS:
            with pytest.raises(InputError, match="is damaged"):
                read_foreign_checkpoint(wrap(b"\x80\x04" + header + b"abc", tmp_path / "c.pth", form))


# files that are none


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "c.pth"
    with pytest.raises(InputError, match="there is no file"):
        read_foreign_checkpoint(path)
    with pytest.raises(InputError, match="is a folder"):
        read_foreign_checkpoint(tmp_path)
    path.touch()
    with pytest.raises(InputError, match=r"c\.pth is empty"):
        read_foreign_checkpoint(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match="is damaged or no pickle"):
        read_foreign_checkpoint(path)
    path.write_bytes(pickle.dumps({"net": {}}))
    with pytest.raises(InputError, match="is a pickle, but not one written by torch"):
        read_foreign_checkpoint(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    with pytest.raises(InputError, match=r"0 data\.pkl: not written by torch"):
        read_foreign_checkpoint(path)
    with pytest.raises(InputError, match="holds a list, not the dictionary"):
        read_foreign_checkpoint(save([1], path, "zip"))


@pytest.mark.parametrize("form", FORMATS)
def test_files_cut_short(form: str, tmp_path: Path) -> None:
    whole = save({"net": {"a": torch.randn(20), "b": torch.randn(3, 4)}, "epoch": 3}, tmp_path / "c.pth", form).read_bytes()
    path = tmp_path / "cut.pth"
    for length in sorted({1, 3, 5, 30, *range(0, len(whole), 37), len(whole) - 1} - {0}):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut\.pth"):
            read_foreign_checkpoint(path)


@pytest.mark.parametrize("form", FORMATS)
def test_random_damage_is_an_input_error_or_harmless(form: str, tmp_path: Path) -> None:
    content = {"net": {"a": torch.randn(4)}, "stats": [np.float64(1), {"x"}], "when": datetime.date(2020, 1, 1)}
    whole = save(content, tmp_path / "c.pth", form).read_bytes()
    chance, path = random.Random(0), tmp_path / "damaged.pth"
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            assert isinstance(read_foreign_checkpoint(path), dict)
        except InputError as error:
            assert str(path) in str(error)
