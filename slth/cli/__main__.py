"""python -m slth.cli ..."""

import sys

from slth.cli import main

sys.exit(main())
