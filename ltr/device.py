"""Where a network runs, and how precisely: the meaning of ``--device`` and ``--precision``."""

import functools
from pathlib import Path

import torch

from ltr.errors import InputError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")


def choose_device(name: str, local_rank: int = 0, local_count: int = 1) -> torch.device:
    """The device that a name stands for; "auto" is a GPU where torch sees one, else the CPU.

    Args:
        name: one of ``DEVICES``.
        local_rank, local_count: this process's number and the count of those on this machine that want a
            device each; they may share the CPU.

    Raises:
        InputError: the name is none of ``DEVICES``, "cuda" where there is no GPU, or there are fewer GPUs
            than processes.
    """
    if name not in DEVICES:
        raise InputError(f'device is "{name}": must be one of {", ".join(DEVICES)}')
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError('device is "cuda", but torch sees no GPU here: take "cpu" or "auto"')
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if local_count == 1:
        return torch.device("cuda")
    if local_count > torch.cuda.device_count():
        raise InputError(
            f"{local_count} processes want a GPU each, and torch sees {torch.cuda.device_count()} here: "
            "start fewer (--nproc_per_node), or take --device cpu"
        )
    return torch.device("cuda", local_rank)


def use_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16 (autocast); "auto" does where the device has instructions for it.

    Raises:
        InputError: the precision is none of ``PRECISIONS``.
    """
    if precision not in PRECISIONS:
        raise InputError(f'precision is "{precision}": must be one of {", ".join(PRECISIONS)}')
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and _cpu_has_bfloat16()


@functools.cache
def _cpu_has_bfloat16() -> bool:
    """Whether Linux lists bfloat16 instructions among the CPU's; elsewhere fp32 is the safe answer."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
