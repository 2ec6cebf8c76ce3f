"""capo-partnercentral-selling: a client generated from AWS's Smithy models, without botocore."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Any

from capo_partnercentral_selling import AsyncPartnerCentralSellingClient, Credentials
from capo_partnercentral_selling.errors import ServiceError
from protocol import Json, failed, found, serve

CREDENTIALS = Credentials(access_key="AKIDEXAMPLE", secret_key="wJalrXUtnFEMI")
TIMES = ("LastModifiedDate", "CreatedDate")


async def response(case: Json) -> Json:
    if case["max_items"] is not None or case["starting_token"] is not None:
        raise ValueError("capo neither ends a listing early nor resumes one")
    parameters = {snake(name): said(name, value) for name, value in case["parameters"].items()}
    catalog = parameters.pop("catalog")
    async with AsyncPartnerCentralSellingClient(
        endpoint=case["url"], region="us-east-1", credentials=CREDENTIALS, retry_max_attempts=1
    ) as client:
        try:
            if case["call"] == "page":
                page: Any = await client.list_opportunities(catalog, **parameters)
                return found(wire(page["opportunity_summaries"]), page.get("next_token"))
            items = client.iter_list_opportunities(
                catalog, max_results=case["page_size"], **parameters
            )
            return found(wire([item async for item in items]))
        except ServiceError as error:
            return failed(error.code or type(error).__name__)


def said(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    read = datetime.fromisoformat if name in TIMES else str
    return {snake(member): read(text) for member, text in value.items()}


def snake(name: str) -> str:
    return re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()


def wire(value: Any) -> Any:
    """Return capo's names as they are on the wire."""
    if isinstance(value, list):
        return [wire(item) for item in value]
    if isinstance(value, dict):
        return {camel(name): wire(item) for name, item in value.items()}
    return value


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


with asyncio.Runner() as runner:
    serve(lambda case: runner.run(response(case)))
