"""python -m partnercentral_list.cli: the command where its script is not on the path."""

from __future__ import annotations

import sys

from partnercentral_list.cli import main

if __name__ == "__main__":
    sys.exit(main())
