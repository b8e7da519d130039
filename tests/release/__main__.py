"""python -m tests.release [--python X.Y ...] [--only NAME ...] [--every] [--fresh]; `dev.py release` runs it."""

from __future__ import annotations

import argparse
import sys

from tests.release import build, installed


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py release", description="Build sdist and wheel, try them in clean environments.")
    parser.add_argument("--python", action="append", metavar="X.Y", help="only this Python; may be repeated (default: every one found)")
    parser.add_argument("--only", action="append", choices=installed.INSTALLATIONS, help="only this installation; may be repeated")
    parser.add_argument("--fresh", action="store_true", help="make every environment anew; otherwise only what pyproject.toml changed is")
    parser.add_argument("--every", action="store_true", help="every installation on every Python; otherwise large extras on two of them")
    options = parser.parse_args()
    sdist, wheel = build.main()
    names = options.only or list(installed.INSTALLATIONS)
    return installed.main(sdist, wheel, options.python or [], names, every=options.every, fresh=options.fresh)


if __name__ == "__main__":
    sys.exit(main())
