"""What numba-cuda and NVIDIA's assembler make of a kernel, without a GPU."""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import pytest

from auxon.sim import cuda

ROOT = Path(__file__).parents[1]
needs_numba_cuda = pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is None,
    reason="numba-cuda is not installed, so nothing was compiled for a GPU: make test-cuda",
)
each_architecture = pytest.mark.parametrize("cc", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])


def compiled(
    kernel: cuda.Kernel | cuda.BlockKernel,
    args: tuple[Any, ...],
    cc: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    fastmath: bool = False,
) -> str:
    """Return PTX. Where one rule calls another numba asks the driver for its device: a stand-in."""
    numba_cuda: Any = importlib.import_module("numba.cuda")
    device = SimpleNamespace(compute_capability=cc)
    monkeypatch.setattr(numba_cuda.dispatcher, "get_current_device", lambda: device)
    signature = tuple(map(numba.typeof, args))
    ptx, _ = numba_cuda.compile(
        kernel.thread(),
        signature,
        cc=cc,
        fastmath=fastmath,
        device=False,
        abi="numba",
        output="ptx",
    )
    return str(ptx)


def spills_nothing(ptx: str, cc: tuple[int, int], folder: Path) -> None:
    """See, where there is an assembler, that registers are enough."""
    if assembler := shutil.which("ptxas"):
        (folder / "kernel.ptx").write_text(ptx)
        arch = f"-arch=sm_{cc[0]}{cc[1]}"
        done = subprocess.run(
            [assembler, "-v", arch, "kernel.ptx", "-o", "kernel.cubin"],
            capture_output=True, text=True, check=True, cwd=folder,
        )  # fmt: skip
        assert "0 bytes spill stores" in done.stderr


def simulate(*command: str) -> str:
    """Run Python with CUDA simulated; in plain Python dividing by zero warns."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout
