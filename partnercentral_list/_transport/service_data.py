"""botocore's data files, of this one service, read once for the whole process."""

from __future__ import annotations

import copy
import functools
from typing import Any

from botocore.exceptions import DataNotFoundError

from partnercentral_list._transport.settings import SERVICE

_loaders: dict[str | None, Any] = {}


def share_loader(session: Any) -> None:
    """Let a session read through the process's loader for where it reads."""
    data_path = session.get_config_variable("data_path")
    loader = _loaders.setdefault(data_path, session.get_component("data_loader"))
    session.register_component("data_loader", loader)


def read_all(loader: Any) -> None:
    """Read what opening a client reads, so that the event loop need not.

    Session.warm_up_loader_caches reads more: paginators, waiters and examples.
    """
    # botocore goes through the folders of all 400 services, once for each kind of file. A copy
    # keeps what it reads where the loader looks for it; that one still has to know every service,
    # since credentials may come from others.
    narrow = copy.copy(loader)
    narrow.list_available_services = functools.partial(_this_service, loader)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        narrow.load_data_with_path(name)
    for kind in ("service-2", "endpoint-rule-set-1"):
        # As aiobotocore's client calls it: what is kept, is kept by how the arguments are written.
        narrow.load_service_model(SERVICE, kind, api_version=None)


def _this_service(loader: Any, type_name: str) -> list[str]:
    try:
        loader.list_api_versions(SERVICE, type_name)
    except DataNotFoundError:
        return []
    return [SERVICE]
