"""python -m release [--python X.Y ...] [--only NAME ...] [--fresh]; `dev.py release` runs it."""

from __future__ import annotations

import argparse
import sys

from release import build, installed


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py release", description="Build sdist and wheel, try them in clean environments.")
    parser.add_argument("--python", action="append", metavar="X.Y", help="only this Python; may be repeated (default: every one found)")
    parser.add_argument("--only", action="append", choices=installed.INSTALLATIONS, help="only this installation; may be repeated")
    parser.add_argument("--fresh", action="store_true", help="make every environment anew; otherwise only what pyproject.toml changed is")
    options = parser.parse_args()
    sdist, wheel = build.main()
    return installed.main(sdist, wheel, options.python or [], options.only or list(installed.INSTALLATIONS), fresh=options.fresh)


if __name__ == "__main__":
    sys.exit(main())
