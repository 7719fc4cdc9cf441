"""What the kernels of a build need to know, whoever started it.

`make` sets the same; plain `jupyter-book build .` sets nothing. What is set stays.
"""

import os
from pathlib import Path

SETTINGS = {
    "AELIB_PROGRESS": "0",  # a bar is text on stderr, hundreds of lines of it
    "OMP_NUM_THREADS": "1",  # two threads on busy cores are many times slower
    "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's kernels, not the home folder's
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a debugger's warning
}
KERNEL = "c.IPKernelApp.log_level = 40\n"  # its warning of TCP on this machine alone


def prepare(root: Path) -> None:
    """Set the variables, and make the IPython profile that the kernels start with."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    folder = root / "_build" / ".ipython"
    os.environ.setdefault("IPYTHONDIR", str(folder))  # nobody's private start-up files
    # Where the home folder cannot be written, matplotlib says so on stderr.
    matplotlib = root / "_build" / ".matplotlib"
    os.environ.setdefault("MPLCONFIGDIR", str(matplotlib))
    profile = folder / "profile_default" / "ipython_kernel_config.py"
    if not profile.exists():
        profile.parent.mkdir(parents=True, exist_ok=True)
        profile.write_text(KERNEL)
