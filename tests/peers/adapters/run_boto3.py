"""boto3: its paginator for items, its client for one page."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from paginator import CLIENT, CONFIG, arguments
from protocol import Json, failed, found, serve


@cache
def client(url: str) -> Any:
    config = Config(**CONFIG)
    return boto3.client("partnercentral-selling", endpoint_url=url, config=config, **CLIENT)


def response(case: Json) -> Json:
    try:
        if case["call"] == "page":
            page = client(case["url"]).list_opportunities(**case["parameters"])
            return found(page["OpportunitySummaries"], page.get("NextToken"))
        pages = client(case["url"]).get_paginator("list_opportunities").paginate(**arguments(case))
        records = [record for page in pages for record in page["OpportunitySummaries"]]
        return found(records, pages.resume_token)
    except ClientError as error:
        return failed(error.response["Error"]["Code"])
    except ParamValidationError:
        return failed("ParamValidation")


serve(response)
