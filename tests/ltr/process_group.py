"""Runs functions of the tests in several processes that have met, as torchrun's processes do."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.distributed as dist

from ltr.distributed import Processes

PATIENCE = 300
"""Seconds until a process that has not ended counts as hanging."""


class Ending(NamedTuple):
    """How a process ended: exit code (None: it hung), what its function returned, what it wrote to stderr."""

    code: int | None
    result: Any
    stderr: str


def run_in_processes(count: int, folder: Path, function: Callable[..., Any], *arguments: Any) -> list[Ending]:
    """Call ``function(*arguments)`` in each of ``count`` fresh processes, whose environment is as torchrun's;
    this one keeps the store by which they meet.

    The processes are forked off one that has only imported the trainer: they start at once, and know nothing
    of this one.
    """
    context = multiprocessing.get_context("forkserver")
    # The first step of an optimizer imports torch._dynamo.
    context.set_forkserver_preload(["ltr.run_training", "torch._dynamo"])
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    folder.mkdir(parents=True, exist_ok=True)
    members = [
        context.Process(target=_call, args=(rank, count, store.port, folder, function, arguments))
        for rank in range(count)
    ]
    for member in members:
        member.start()
    endings = []
    for rank, member in enumerate(members):
        member.join(PATIENCE)
        code = member.exitcode
        if code is None:
            member.kill()
        result = folder / f"result{rank}"
        value = torch.load(result, weights_only=False) if result.exists() else None
        endings.append(Ending(code, value, (folder / f"stderr{rank}").read_text()))
    return endings


def _call(
    rank: int, count: int, port: int, folder: Path, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    (folder / f"result{rank}").unlink(missing_ok=True)
    sys.stderr = (folder / f"stderr{rank}").open("w", buffering=1)
    torch.set_num_threads(1)
    if count > 1:
        names = {"RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": count}
        os.environ.update({name: str(number) for name, number in names.items()})
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        os.environ.update(TORCHELASTIC_USE_AGENT_STORE="True", TORCHELASTIC_RESTART_COUNT="0")
    torch.save(function(*arguments), folder / f"result{rank}")
    sys.stderr.flush()


def joined() -> Processes:
    """The processes of the environment, met on the CPU."""
    processes = Processes.from_environment()
    processes.join(torch.device("cpu"))
    return processes
