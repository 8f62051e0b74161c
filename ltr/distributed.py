"""Processes that train one network together, one for each device, and what they tell each other.

``torchrun`` starts them and says in the environment who is who. They meet by :meth:`Processes.join`: over
gloo on CPUs, over NCCL on GPUs, where gloo still carries what is not on a GPU. A process by itself,
:data:`ALONE`, has the same methods, which then do nothing that costs anything.

What goes wrong in one process ends all: errors that are the user's or the machine's are raised in every one
alike (:meth:`Processes.together`, :meth:`Processes.from_first`), and a process that vanishes is a
``ConnectionError`` in the others. One of them tells the user (:meth:`Processes.tell`).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous

from ltr.errors import InputError

T = TypeVar("T")

TIMEOUT = timedelta(minutes=10)
"""How long a process waits for the others; they may be reading data or saving meanwhile."""

LAST_WORDS = timedelta(seconds=20)
"""How long a process that ends waits for the one that tells the user why."""


class Processes:
    """The processes of a run, seen from one of them.

    Args:
        rank: this one's number, from 0.
        count: of all processes.
        local_rank, local_count: the same among those of this machine.
    """

    def __init__(self, rank: int = 0, count: int = 1, local_rank: int = 0, local_count: int = 1) -> None:
        self.rank, self.count = rank, count
        self.local_rank, self.local_count = local_rank, local_count
        self._store: Any = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Processes:
        """As torchrun says; alone without it.

        Raises:
            InputError: variables of torchrun's are there, but not all, or they are no such numbers.
        """
        if variables.get("WORLD_SIZE", "1") == "1":
            return cls()
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        given = " ".join(f"{name}={variables.get(name, '')}" for name in names)
        try:
            rank, count, local_rank, local_count = (int(variables[name]) for name in names)
        except (KeyError, ValueError):
            rank = count = local_rank = local_count = -1
        if not (0 <= rank < count and 0 <= local_rank < local_count <= count):
            raise InputError(f"{given} in the environment name no process of a run: start it with torchrun")
        return cls(rank, count, local_rank, local_count)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and logs."""
        return self.rank == 0

    def join(self, device: torch.device) -> None:
        """Meet the others. Nothing below works before, where there are others.

        Args:
            device: where this process computes.

        Raises:
            ConnectionError: they are not met.
        """
        if self.count == 1:
            return
        if device.type == "cuda":
            torch.cuda.set_device(device)
        with self._contact("meeting"):
            self._store, _, _ = next(rendezvous("env://", timeout=TIMEOUT))
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
                store=self._store,
                rank=self.rank,
                world_size=self.count,
                timeout=TIMEOUT,
            )

    def leave(self) -> None:
        """Part from the others at the end of a run that went well."""
        if self._store is not None:
            dist.destroy_process_group()
            self._store = None

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        if self.count == 1:
            return flag
        most = torch.tensor([int(flag)])
        with self._contact("agreeing"):
            dist.all_reduce(most, dist.ReduceOp.MAX)
        return bool(most)

    def together(self, make: Callable[[], T]) -> T:
        """Call ``make`` in every process, each with its own outcome.

        Raises:
            InputError, OSError: what it raised in the first process where it did so, in all of them.
        """
        if self.count == 1:
            return make()
        error: Exception | None = None
        try:
            value = make()
        except (InputError, OSError) as raised:
            error = raised
        if self.any(error is not None):
            errors: list[Exception | None] = [None] * self.count
            with self._contact("telling of an error"):
                dist.all_gather_object(errors, error)
            raise next(error for error in errors if error is not None)
        return value

    def from_first(self, make: Callable[[], T]) -> T:
        """Call ``make`` in the first process alone; all get what it returns there, which must be picklable.

        Raises:
            InputError, OSError: what it raised there, in all processes.
        """
        if self.count == 1:
            return make()
        outcome: list[Any] = [None, None]
        if self.first:
            try:
                outcome[0] = make()
            except (InputError, OSError) as error:
                outcome[1] = error
        with self._contact("hearing from the first"):
            dist.broadcast_object_list(outcome, 0)
        if outcome[1] is not None:
            raise outcome[1]
        value: T = outcome[0]
        return value

    def check_alike(self, value: str, what: str) -> None:
        """See that all processes hold the same value. InputError names the one that does not."""
        if self.count == 1:
            return
        values = [""] * self.count
        with self._contact("comparing"):
            dist.all_gather_object(values, value)
        for rank, other in enumerate(values):
            if other != values[0]:
                raise InputError(f'process {rank} has other {what} than process 0: "{other}", "{values[0]}"')

    def copy_from_first(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite tensors with those of the first process."""
        if self.count == 1:
            return
        with self._contact("copying"), torch.no_grad():
            for tensor in tensors:
                values = tensor.detach().contiguous()
                dist.broadcast(values, 0)
                tensor.detach().copy_(values)

    def gather(self, tensor: Tensor) -> Tensor:
        """All processes' tensors of this shape (n, ...), one after another: (count * n, ...).

        Gradients flow back to all of them: the gradient here is that of the sum of all processes' losses.
        """
        return tensor if self.count == 1 else _Gather.apply(tensor, self)

    def average_gradients(self, model: nn.Module) -> None:
        """Replace every gradient of the model by its mean over the processes, the same bits in all."""
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        if self.count == 1 or not gradients:
            return
        total = self.sum(torch.cat([gradient.reshape(-1) for gradient in gradients])).div_(self.count)
        parts = torch.split(total, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over the processes, which replaces a float32 tensor's values."""
        with self._contact("adding up"):
            dist.all_reduce(tensor)
        return tensor

    def concatenate(self, tensor: Tensor) -> Tensor:
        """:meth:`gather` without gradients, of any dtype."""
        parts = [torch.empty_like(tensor, memory_format=torch.contiguous_format) for _ in range(self.count)]
        with self._contact("gathering"):
            # As bytes: gloo and NCCL know different dtypes.
            dist.all_gather([_bytes(part) for part in parts], _bytes(tensor.detach().contiguous()))
        return torch.cat(parts)

    def tell(self, say: Callable[[], None]) -> None:
        """Let one process, the first that comes here, say something; return when it is said.

        Processes that have not met say it once on each machine.
        """
        if self._store is None:
            if self.local_rank == 0:
                say()
            return
        try:
            turn = self._store.add("telling", 1)
        except RuntimeError:  # who keeps count is gone, so nobody may have said it
            turn = 1
        with contextlib.suppress(RuntimeError):
            if turn == 1:
                say()
                self._store.set("told", "")
            else:
                self._store.wait(["told"], LAST_WORDS)

    @contextlib.contextmanager
    def _contact(self, doing: str) -> Iterator[None]:
        try:
            yield
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            # Of gloo's message: not its line of code before, nor its advice after.
            reason = re.sub(r"^\[\S*\] *", "", str(error).partition("\n")[0]).partition(". ")[0].rstrip(".")
            raise ConnectionError(
                f"process {self.rank} of {self.count} lost the others while {doing} ({reason}): did one run "
                "out of memory? The same command goes on from the last checkpoint"
            ) from error


class _Gather(torch.autograd.Function):
    """:meth:`Processes.gather`."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, processes: Processes) -> Tensor:
        ctx.processes = processes
        return processes.concatenate(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        processes: Processes = ctx.processes
        total = processes.sum(gradient.to(torch.float32, copy=True, memory_format=torch.contiguous_format))
        return total.chunk(processes.count)[processes.rank].to(gradient.dtype), None


def _bytes(tensor: Tensor) -> Tensor:
    """The same memory as (n,) uint8."""
    return tensor.view(-1).view(torch.uint8)


ALONE = Processes()
"""A run of one process."""
