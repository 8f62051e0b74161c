"""What --device and --precision mean."""

import pytest
import torch

from ltr.device import choose_device, use_bfloat16
from ltr.errors import InputError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "gpu", "expected"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_choose_device(name: str, gpu: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert choose_device(name).type == expected


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="no GPU"):
        choose_device("cuda")
    with pytest.raises(InputError, match='"gpu": must be one of auto, cpu, cuda'):
        choose_device("gpu")


@pytest.mark.parametrize("has_instructions", [True, False])
def test_auto_precision_follows_the_cpu(has_instructions: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ltr.device._cpu_has_bfloat16", lambda: has_instructions)
    assert use_bfloat16("auto", CPU) is has_instructions
    assert use_bfloat16("bf16", CPU)
    assert not use_bfloat16("fp32", CPU)
    with pytest.raises(InputError, match="fp16"):
        use_bfloat16("fp16", CPU)
