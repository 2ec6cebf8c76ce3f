"""The AWS CLI, version 1: its own main function, called once a case with the options of a user."""

from __future__ import annotations

import contextlib
import io
import json
import re

from awscli.clidriver import create_clidriver
from protocol import Json, failed, found, serve

OPTIONS = {
    "Catalog": "--catalog",
    "MaxResults": "--max-results",
    "NextToken": "--next-token",
    "Sort": "--sort",
    "LastModifiedDate": "--last-modified-date",
    "Identifier": "--identifier",
    "LifeCycleStage": "--life-cycle-stage",
    "LifeCycleReviewStatus": "--life-cycle-review-status",
    "CustomerCompanyName": "--customer-company-name",
    "CreatedDate": "--created-date",
    "TargetCloseDate": "--target-close-date",
}
PAGING = {
    "page_size": "--page-size",
    "max_items": "--max-items",
    "starting_token": "--starting-token",
}
DRIVER = create_clidriver()


def response(case: Json) -> Json:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = DRIVER.main(argv(case))
    if status == 0:
        printed = json.loads(out.getvalue())
        return found(printed["OpportunitySummaries"], printed.get("NextToken"))
    code = re.search(r"An error occurred \((\w+)\)", err.getvalue())
    if code is not None:
        return failed(code[1])
    if "Parameter validation failed" in err.getvalue():
        return failed("ParamValidation")
    raise RuntimeError(f"exit status {status}: {err.getvalue()}")


def argv(case: Json) -> list[str]:
    command = ["partnercentral-selling", "list-opportunities", "--output", "json"]
    command += ["--region", "us-east-1", "--endpoint-url", case["url"]]
    if case["call"] == "page":
        command.append("--no-paginate")
    for name, value in case["parameters"].items():
        command += [OPTIONS[name], *words(value)]
    for name, option in PAGING.items():
        if case[name] is not None:
            command += [option, str(case[name])]
    return command


def words(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return [json.dumps(value) if isinstance(value, dict) else str(value)]


serve(response)
