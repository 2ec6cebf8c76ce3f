"""The partnercentral-list command: what ``aws partnercentral-selling list-opportunities`` does.

It needs the ``cli`` extra for tables and YAML. `docs/cli.md` has every option beside the AWS CLI's.
"""

from __future__ import annotations

from partnercentral_list.cli._main import main

__all__ = ["main"]
