"""A case as arguments of botocore's paginator, which boto3 and aiobotocore share."""

from __future__ import annotations

from protocol import Json

CONFIG = {"retries": {"mode": "standard", "total_max_attempts": 1}}
CLIENT = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI",
}


def arguments(case: Json) -> Json:
    paging = {
        "PageSize": case["page_size"],
        "MaxItems": case["max_items"],
        "StartingToken": case["starting_token"],
    }
    given = {name: value for name, value in paging.items() if value is not None}
    return case["parameters"] | {"PaginationConfig": given}
