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


def test_every_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [choose_device("auto", rank, 2) for rank in range(2)] == [
        torch.device("cuda", 0),
        torch.device("cuda", 1),
    ]
    assert choose_device("cpu", 3, 4) == CPU
    for rank in range(3):  # all of them refuse, so that none waits for another
        with pytest.raises(
            InputError, match=r"3 processes want a GPU each, and torch sees 2 here.*--device cpu"
        ):
            choose_device("auto", rank, 3)


@pytest.mark.parametrize("has_instructions", [True, False])
def test_auto_precision_follows_the_cpu(has_instructions: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ltr.device._cpu_has_bfloat16", lambda: has_instructions)
    assert use_bfloat16("auto", CPU) is has_instructions
    assert use_bfloat16("bf16", CPU)
    assert not use_bfloat16("fp32", CPU)
    with pytest.raises(InputError, match="fp16"):
        use_bfloat16("fp16", CPU)
