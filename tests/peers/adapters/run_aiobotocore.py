"""aiobotocore: its paginator for items, its client for one page."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError, ParamValidationError
from paginator import CLIENT, CONFIG, arguments
from protocol import Json, failed, found, serve


class Clients:
    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._open: dict[str, Any] = {}

    async def get(self, url: str) -> Any:
        if url not in self._open:
            config = AioConfig(**CONFIG)
            opening = get_session().create_client(
                "partnercentral-selling", endpoint_url=url, config=config, **CLIENT
            )
            self._open[url] = await self._stack.enter_async_context(opening)
        return self._open[url]


async def response(clients: Clients, case: Json) -> Json:
    client = await clients.get(case["url"])
    try:
        if case["call"] == "page":
            page = await client.list_opportunities(**case["parameters"])
            return found(page["OpportunitySummaries"], page.get("NextToken"))
        pages = client.get_paginator("list_opportunities").paginate(**arguments(case))
        records = [record async for page in pages for record in page["OpportunitySummaries"]]
        return found(records, pages.resume_token)
    except ClientError as error:
        return failed(error.response["Error"]["Code"])
    except ParamValidationError:
        return failed("ParamValidation")


with asyncio.Runner() as runner:
    stack = AsyncExitStack()
    clients = Clients(stack)
    serve(lambda case: runner.run(response(clients, case)))
    runner.run(stack.aclose())
