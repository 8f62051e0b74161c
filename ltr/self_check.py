"""``python -m ltr.self_check``: prints what works on this machine; exits with 1 if it is not enough."""

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from ltr.plugins import load_plugins
from ltr.registry import NETWORKS


@dataclass(frozen=True)
class Check:
    """One line of the report: ``look`` returns what was found or raises, ``needed`` says if that matters."""

    name: str
    look: Callable[[], str]
    needed: bool = True


def _python() -> str:
    return f"{platform.python_version()} ({sys.executable})"


def _torch() -> str:
    import torch

    return f"{torch.__version__}, {torch.get_num_threads()} threads"


def _device() -> str:
    import torch

    if not torch.cuda.is_available():
        return "cpu (no CUDA device)"
    torch.ones(8, device="cuda").sum().item()
    return f"cuda ({torch.cuda.get_device_name()})"


def _torchvision() -> str:
    import torch
    import torchvision

    # the compiled part: it is this that breaks when torch and torchvision come from different indexes
    torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    return str(torchvision.__version__)


def _opencv() -> str:
    import cv2

    return cv2.__version__


def _jpeg() -> str:
    from ltr.data.image_io import jpeg_backend

    backend = jpeg_backend()
    return "jpeg4py (libturbojpeg)" if backend == "jpeg4py" else "OpenCV (libturbojpeg would be faster)"


def _visdom() -> str:
    import visdom  # noqa: F401  it is here only if it imports

    return f"{version('visdom')}, tornado {version('tornado')}"


def _plugins() -> str:
    plugins = load_plugins()
    failed = [f"{plugin.name}: {plugin.failure}" for plugin in plugins if plugin.failure]
    if failed:
        raise RuntimeError("; ".join(failed))
    return ", ".join(plugin.name for plugin in plugins) or "none installed"


def _networks() -> str:
    load_plugins()
    return ", ".join(NETWORKS.names()) or "none registered"


CHECKS = (
    Check("python", _python),
    Check("torch", _torch),
    Check("torchvision", _torchvision),
    Check("device", _device),
    Check("OpenCV", _opencv),
    Check("JPEG", _jpeg),
    Check("visdom", _visdom, needed=False),
    Check("plugins", _plugins),
    Check("networks", _networks),
)


def main() -> int:
    """Print one line for each of ``CHECKS``; return 0, or 1 when a needed one failed."""
    exit_code = 0
    for check in CHECKS:
        try:
            mark, found = "ok", check.look()
        except Exception as error:  # the report is the point: whatever fails is a line of it
            mark, found = "FAILED" if check.needed else "absent", f"{type(error).__name__}: {error}"
            exit_code = max(exit_code, int(check.needed))
        print(f"  {mark:6}  {check.name:12}  {found}")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
