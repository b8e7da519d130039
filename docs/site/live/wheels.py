"""What a browser's Python is, and how pip is asked for wheels that it can import."""

from __future__ import annotations

PYTHON = "3.14"
BROWSER = {"sys_platform": "emscripten", "platform_machine": "wasm32", "python_version": PYTHON, "extra": ""}
"""What markers of requirements see there."""
PURE = (
    *("--only-binary", ":all:", "--platform", "any", "--implementation", "py", "--abi", "none"),
    *("--python-version", PYTHON),
)
"""Options of pip: wheels of pure Python alone, whatever the Python is that runs pip."""
