"""What processes tell each other, and how they end when one of them cannot go on."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ltr import distributed
from ltr.distributed import ALONE, Processes
from ltr.errors import InputError
from tests.ltr.process_group import joined, run_in_processes


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, (0, 1, 0, 1)),
        ({"WORLD_SIZE": "1", "RANK": "0"}, (0, 1, 0, 1)),
        ({"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}, (3, 4, 1, 2)),
    ],
)
def test_torchrun_says_who_is_who(variables: dict[str, str], expected: tuple[int, ...]) -> None:
    processes = Processes.from_environment(variables)
    found = (processes.rank, processes.count, processes.local_rank, processes.local_count)
    assert found == expected
    assert processes.first == (expected[0] == 0)


@pytest.mark.parametrize(
    "variables",
    [
        {"WORLD_SIZE": "4"},
        {"WORLD_SIZE": "many", "RANK": "0", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"},
        {"WORLD_SIZE": "2", "RANK": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"},
        {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "1"},
    ],
    ids=str,
)
def test_half_an_environment_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"RANK=.* WORLD_SIZE=.* start it with torchrun"):
        Processes.from_environment(variables)


def fail(error: Exception) -> None:
    raise error


def error_of(call: Any, *arguments: Any) -> str:
    try:
        call(*arguments)
    except (InputError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return "none"


def exchange() -> dict[str, Any]:
    """Everything that two processes can tell each other, once."""
    processes = joined()
    rank = processes.rank
    found: dict[str, Any] = {"any": [processes.any(flag) for flag in (False, rank == 1, True)]}
    found["together"] = processes.together(lambda: rank)
    disk = OSError(28, "No space left on device", "/disk/a")
    for name, error in (("bad input", InputError("a.jpg: cannot be read")), ("full disk", disk)):
        found[name] = error_of(processes.together, lambda error=error: fail(error) if rank == 1 else None)
    found["first"] = processes.from_first(lambda: {"rank": rank, "values": torch.arange(3)})
    found["first fails"] = error_of(processes.from_first, lambda: fail(InputError("no file")))
    found["unlike"] = error_of(processes.check_alike, f"hash {rank}", "settings")
    found["alike"] = error_of(processes.check_alike, "hash", "settings")
    for dtype in (torch.bool, torch.uint8, torch.bfloat16, torch.float32):
        found[str(dtype)] = processes.gather(torch.full((2, 3), rank).to(dtype).T)
    weight = torch.full((4, 2, 3, 3), float(rank)).to(memory_format=torch.channels_last)
    count = torch.tensor(5 + rank)
    processes.copy_from_first([weight, count])
    found["copied"] = weight, count
    said: list[int] = []
    processes.tell(lambda: said.append(rank))
    found["said"] = said
    processes.leave()
    return found


def test_two_processes_hear_the_same(tmp_path: Path) -> None:
    one, other = (ending.result for ending in run_in_processes(2, tmp_path, exchange))
    for found in (one, other):
        assert found["any"] == [False, True, True]
        assert found["bad input"] == "InputError: a.jpg: cannot be read"
        assert found["full disk"].startswith("OSError: [Errno 28] No space left on device: '/disk/a'")
        assert found["first"]["rank"] == 0
        assert torch.equal(found["first"]["values"], torch.arange(3))
        assert found["first fails"] == "InputError: no file"
        assert (
            found["unlike"] == 'InputError: process 1 has other settings than process 0: "hash 1", "hash 0"'
        )
        assert found["alike"] == "none"
        for dtype in (torch.bool, torch.uint8, torch.bfloat16, torch.float32):
            expected = torch.cat([torch.zeros(3, 2), torch.ones(3, 2)]).to(dtype)
            assert torch.equal(found[str(dtype)], expected)
        assert not found["copied"][0].any()
        assert found["copied"][1] == 5
    assert (one["together"], other["together"]) == (0, 1)
    assert len(one["said"]) + len(other["said"]) == 1


def gradients() -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient of a loss that no process can compute alone: the square of a sum over all shares."""
    processes = joined()
    layer = nn.Linear(2, 1, bias=False)
    unused = nn.Linear(2, 1)
    nn.init.constant_(layer.weight, 1.0)
    share = torch.tensor([[1.0, 2.0]]) if processes.first else torch.tensor([[3.0, 5.0]])
    loss = processes.gather(layer(share)).sum().square()
    loss.backward()
    processes.average_gradients(nn.ModuleList([layer, unused]))
    assert layer.weight.grad is not None
    return loss.detach(), layer.weight.grad


def test_the_gradient_of_a_loss_over_all_shares(tmp_path: Path) -> None:
    for ending in run_in_processes(2, tmp_path, gradients):
        loss, gradient = ending.result
        assert loss == (1 + 2 + 3 + 5) ** 2
        assert torch.equal(gradient, 2 * 11 * torch.tensor([[1.0 + 3.0, 2.0 + 5.0]]))


def vanish(victim: int) -> tuple[str, float]:
    processes = joined()
    processes.any(False)  # both have met
    if processes.rank == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    begun = time.monotonic()
    return error_of(processes.any, False), time.monotonic() - begun


@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_vanishes_is_an_error_in_the_other(victim: int, tmp_path: Path) -> None:
    endings = run_in_processes(2, tmp_path, vanish, victim)
    assert endings[victim].code == -signal.SIGKILL
    message, seconds = endings[1 - victim].result
    assert message.startswith(f"ConnectionError: process {1 - victim} of 2 lost the others while agreeing (")
    assert "\n" not in message
    assert seconds < 30


def stand_still() -> str:
    distributed.TIMEOUT = timedelta(seconds=2)
    processes = joined()
    processes.any(False)
    if processes.first:
        return error_of(processes.any, False)
    time.sleep(4)
    return ""


def test_a_process_that_stands_still_is_waited_for_only_so_long(tmp_path: Path) -> None:
    message = run_in_processes(2, tmp_path, stand_still)[0].result
    assert "lost the others while agreeing (" in message
    assert "imed out" in message


def test_alone_everything_is_as_if_it_were_not_there() -> None:
    tensor = torch.ones(2, requires_grad=True)
    assert ALONE.gather(tensor) is tensor
    assert ALONE.any(True)
    assert not ALONE.any(False)
    assert ALONE.together(lambda: 3) == ALONE.from_first(lambda: 3) == 3
    ALONE.check_alike("a", "b")
    said: list[int] = []
    ALONE.tell(lambda: said.append(1))
    assert said == [1]
