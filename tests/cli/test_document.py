"""docs/cli.md says what the parser does, and has every option of the AWS CLI's page."""

from __future__ import annotations

from importlib.metadata import entry_points

from botocore import xform_name
from botocore.loaders import Loader
from pydantic.alias_generators import to_snake

from partnercentral_list import ListOpportunitiesRequest
from partnercentral_list.cli import main
from tests.cli.document import OPPORTUNITIES, OURS, TARGET, document
from tests.models import drift

MEMBERS = Loader().load_service_model("partnercentral-selling", "service-2")["shapes"][
    "ListOpportunitiesRequest"
]["members"]
#: The AWS CLI makes an option of each member of the request; a newer botocore may know more.
OF_THE_REQUEST = {
    f"--{xform_name(member, '-')}"
    for member in MEMBERS
    if drift.INSTALLED <= drift.WRITTEN_AGAINST
    or to_snake(member) in ListOpportunitiesRequest.model_fields
}
AWS_CLI = OF_THE_REQUEST | {
    *("--cli-input-json", "--cli-input-yaml", "--starting-token", "--page-size", "--max-items"),
    *("--generate-cli-skeleton", "--debug", "--endpoint-url", "--no-verify-ssl"),
    *("--no-paginate", "--output", "--query", "--profile", "--region", "--color"),
    *("--no-sign-request", "--ca-bundle", "--cli-read-timeout", "--cli-connect-timeout"),
    *("--cli-binary-format", "--no-cli-pager", "--cli-auto-prompt", "--no-cli-auto-prompt"),
}


def test_the_page_is_what_the_parser_says() -> None:
    assert TARGET.read_text("utf-8") == document(), (
        "docs/cli.md is not what cli/_options.py and cli/_shapes.py say: "
        "python -m tests.cli.document writes it anew"
    )


def test_the_package_installs_the_command() -> None:
    (script,) = entry_points(group="console_scripts", name="partnercentral-list")
    assert script.load() is main


def test_every_option_of_the_aws_cli_is_there_and_is_marked() -> None:
    theirs = {option.flag for option in OPPORTUNITIES if option.aws != OURS}
    # --version is argparse's own.
    assert theirs == AWS_CLI, (
        f"{', '.join(sorted(theirs ^ AWS_CLI))}: an option that the AWS CLI has belongs in AWS_CLI "
        "(above) and in cli/_options.py, that of a filter in cli/_shapes.py only; one that the AWS "
        "CLI has not is marked there as ours"
    )
