"""`./portal lock`: writes requirements/*.txt from pyproject.toml, with hashes and without index addresses."""

import os
from collections.abc import Sequence
from pathlib import Path

from launcher.children import Children
from launcher.install import LOCKS, base_python
from launcher.layout import layout_for

CHOICES = {
    "base": (),
    "embedded": ("-c", "requirements/base.txt", "--extra", "embedded"),
    "dev": ("-c", "requirements/base.txt", "--extra", "embedded", "--group", "dev"),
}
COMPILE = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11")


def write(root: Path, *, options: Sequence[str]) -> int:
    """Write the lock files with uv, which is installed below `.portal` for that; return the exit code.

    Versions stay as they are locked unless pyproject.toml forbids them; `options` go to uv (`--upgrade`)."""
    layout = layout_for(root)
    layout.make()
    children, tools = Children(), layout.data / "tools"
    steps: list[Sequence[str | Path]] = [
        [base_python(), "-m", "pip", "install", "--quiet", "--upgrade", "--target", tools, "uv"]
    ]
    for lock in LOCKS:
        target = f"requirements/{lock}.txt"
        command: list[str | Path] = [
            tools / "bin" / "uv",
            *COMPILE,
            "--no-header",
            "--no-annotate",
            *CHOICES[lock],
            *options,
        ]
        steps.append([*command, "pyproject.toml", "-o", target])
    runs = (children.run(step, environment=os.environ, directory=root) for step in steps)
    return next((code for code in runs if code != 0), 0)
