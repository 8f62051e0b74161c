"""Checkpoints of other programs: their values are read, and their classes are not missed."""

import collections
import datetime
import pathlib
import pickle
import random
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
WrapPickle = Callable[..., Path]


def save(content: object, path: Path, form: str, protocol: int = 2) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=form == "zip", pickle_protocol=protocol)
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
        "plain": [
            None,
            True,
            False,
            0,
            -1,
            255,
            70000,
            2**40,
            -(2**70),
            1.5,
            float("inf"),
            "text",
            "ümläut",
            b"\x00\xff",
        ],
        "containers": [
            (),
            (1,),
            (1, 2),
            (1, 2, 3),
            (1, 2, 3, 4),
            [],
            {},
            {"a": {1: 2}},
            {1, 2},
            frozenset({"x"}),
        ],
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
def test_reads_pickles_of_every_protocol(protocol: int, wrap_pickle: WrapPickle) -> None:
    content = {
        "text": ["a\nb", "ümläut"],
        "numbers": [0, 1, 300, 10**30, -5, 0.25, True, False, None],
        "bytes": [b"ab\xff", b""],
        "nested": ((), (1,), [[]], {"k": {"l": (1, 2, 3, 4)}}, {1, 2}, frozenset({3})),
    }
    assert_equal(read_foreign_checkpoint(wrap_pickle(pickle.dumps(content, protocol))), content)


# classes that are not there


class _Plain:
    """Instances of its subclasses are pickled as those of a class in a module that is gone."""


def foreign_classes() -> dict[str, type]:
    """Classes as other code bases have: plain, with slots, a dict, a list, a set, with a reduction."""

    def init(self: Any, fun_name: str, kwds: dict[str, Any]) -> None:
        self.fun_name, self.kwds = fun_name, kwds

    return {
        "ltr.admin.model_constructor.NetConstructor": type("NetConstructor", (_Plain,), {"__init__": init}),
        "ltr.admin.stats.AverageMeter": type("AverageMeter", (), {"__slots__": ("avg", "count")}),
        "easydict.EasyDict": type("EasyDict", (dict,), {}),
        "odd_containers.History": type("History", (list,), {}),
        "odd_containers.Names": type("Names", (set,), {}),
        "odd_reduced.Range": type(
            "Range", (_Plain,), {"__reduce__": lambda self: (type(self), (1, 2), {"x": 3})}
        ),
    }


def foreign_content(classes: dict[str, type]) -> dict[str, Any]:
    meter = classes["ltr.admin.stats.AverageMeter"]()
    meter.avg, meter.count = 0.25, 4
    constructor = classes["ltr.admin.model_constructor.NetConstructor"](
        "resnet50", {"label_encoder_dims": (16, 32)}
    )
    history = classes["odd_containers.History"]([0.5, 0.25])
    history.best = 0.25
    return {
        "net": {"w": torch.arange(6.0).view(2, 3)},
        "constructor": constructor,
        "again": constructor,
        "stats": {"Loss": meter, "history": history},
        "settings": classes["easydict.EasyDict"](rate=1e-4),
        "names": classes["odd_containers.Names"](["a"]),
        "range": classes["odd_reduced.Range"](),
        "class itself": classes["odd_containers.Names"],
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
    assert content["class itself"] == Reference("odd_containers", "Names")
    assert content["device"].args == ("cuda", 1)
    assert content["dtype"] == torch.float16
    for name in ("names", "array", "path", "when"):
        assert isinstance(content[name], StandIn), name


@pytest.mark.parametrize("protocol", [0, 1])
def test_old_protocols_make_instances_by_copyreg(
    protocol: int, wrap_pickle: WrapPickle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        module = types.ModuleType("odd_old")
        module.Thing = type("Thing", (), {"__module__": "odd_old"})  # type: ignore[attr-defined]
        module.Number = type("Number", (int,), {"__module__": "odd_old"})  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "odd_old", module)
        thing = module.Thing()
        thing.value = 3
        pickled = pickle.dumps({"thing": thing, "number": module.Number(7)}, protocol)
    content = read_foreign_checkpoint(wrap_pickle(pickled))
    assert content["thing"].path == "odd_old.Thing"
    assert content["thing"].attributes == {"value": 3}
    assert content["number"].args == (7,)


def test_functions_may_be_mentioned(wrap_pickle: WrapPickle) -> None:
    content = read_foreign_checkpoint(wrap_pickle(pickle.dumps({"f": torch.nn.functional.relu})))
    assert content["f"] == Reference("torch.nn.functional", "relu")


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
    with pytest.raises(InputError, match=r"c\.pth"):
        read_foreign_checkpoint(path)
    path.write_bytes(b"<!DOCTYPE html><title>404</title>")
    with pytest.raises(InputError, match=r"c\.pth is damaged or no pickle"):
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
    whole = save(
        {"net": {"a": torch.randn(20), "b": torch.randn(3, 4)}, "epoch": 3}, tmp_path / "c.pth", form
    ).read_bytes()
    path = tmp_path / "cut.pth"
    for length in sorted({1, 3, 5, 30, *range(0, len(whole), 37), len(whole) - 1} - {0}):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut\.pth"):
            read_foreign_checkpoint(path)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize("form", FORMATS)
def test_random_damage_is_an_input_error_or_harmless(form: str, tmp_path: Path) -> None:
    content = {
        "net": {"a": torch.randn(4)},
        "stats": [np.float64(1), {"x"}],
        "when": datetime.date(2020, 1, 1),
    }
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
