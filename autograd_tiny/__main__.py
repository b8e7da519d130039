"""``python -m autograd_tiny``: the command line."""

import sys

from autograd_tiny.cli import main

sys.exit(main())
