"""The way into the command line, from ``autograd-tiny`` and from ``python -m autograd_tiny``."""

import sys

INTERRUPTED = 130


def main() -> int:
    """Run one command; the exit code.  Ctrl-C is no error of the program, even while this imports what it needs."""
    try:
        from autograd_tiny import cli

        return cli.main()
    except KeyboardInterrupt:
        print("autograd-tiny: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
