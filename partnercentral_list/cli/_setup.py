"""What the AWS configuration says, checked before a client is made: by the names it is set with."""

from __future__ import annotations

import os
import re
import ssl
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConfigParseError,
    ProfileNotFound,
    UnknownRegionError,
)
from botocore.session import Session

from partnercentral_list.cli._exits import BAD_SETUP, CommandError, perhaps

HOME_REGION = "us-east-1"
#: What can be a part of a host name.
REGION = re.compile(r"(?!\d+\Z)(?!-)[a-z0-9-]{1,63}(?<!-)")
FILES = ("config", "credentials")
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING", "AWS_ENDPOINT_URL")


class Setup:
    """The AWS configuration files, as the options and the environment name them.

    Args:
        options: The options of connection.

    Raises:
        CommandError: A file cannot be read, or has no such profile.
    """

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._session: Any = Session(profile=options.profile)
        self._profile = self._read_profile()

    @property
    def output(self) -> str | None:
        """The form of an answer that the profile names."""
        return cast("str | None", self._profile.get("output"))

    def check(self) -> None:
        """Check what the client would speak of by its own arguments, or find out late.

        Raises:
            CommandError: Something cannot be used.
        """
        self._check_endpoint()
        self._check_region()
        self._check_bundle()

    def _read_profile(self) -> Mapping[str, Any]:
        try:
            return cast("Mapping[str, Any]", self._session.get_scoped_config())
        except ConfigParseError as error:
            problem = f"{error}. AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name the files."
        except ProfileNotFound:
            problem = self._no_profile()
        raise CommandError(problem, BAD_SETUP)

    def _no_profile(self) -> str:
        named = str(self._session.profile)
        known: list[str] = self._session.available_profiles
        files = [self._session.get_config_variable(f"{kind}_file") for kind in FILES]
        there = f"There are: {', '.join(known)}." if known else "No profile is defined there."
        return (
            f"There is no profile {named!r} ({self._source_of_the_profile()}) in "
            f"{' or '.join(files)}. {perhaps(named, known) or there}"
        )

    def _source_of_the_profile(self) -> str:
        if self._options.profile is not None:
            return "--profile"
        variables = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
        return next((name for name in variables if name in os.environ), "AWS_PROFILE")

    def _of_the_profile(self, member: str) -> str:
        return f"{member} of the profile {self._session.profile or 'default'}"

    def _check_endpoint(self) -> None:
        source, url = self._endpoint()
        problem = problem_of_address(source, url)
        if problem:
            raise CommandError(problem, BAD_SETUP)

    def _endpoint(self) -> tuple[str, str | None]:
        """Give where the endpoint is set, and what it is; None if requests go to AWS's own."""
        is_ignored = self._session.get_config_variable("ignore_configured_endpoint_urls")
        if self._options.endpoint_url is not None or self._options.demo or is_ignored:
            return "--endpoint-url", self._options.endpoint_url
        # In the order in which botocore looks.
        for name in ENDPOINT_VARIABLES:
            if name in os.environ:
                return name, os.environ[name]
        services = self._session.full_config.get("services", {})
        ours = services.get(self._profile.get("services"), {}).get("partnercentral_selling", {})
        url = ours.get("endpoint_url", self._profile.get("endpoint_url"))
        return self._of_the_profile("endpoint_url"), url

    def _check_region(self) -> None:
        region = self._options.region
        if region is None or region == HOME_REGION:
            return
        if not REGION.fullmatch(region):
            raise CommandError(
                f"--region {region!r} is no region; leave it out, or write {HOME_REGION}.",
                BAD_SETUP,
            )
        # Elsewhere there is a service only in another partition, or at an endpoint of one's own.
        is_at_home = not self._options.demo and self._endpoint()[1] is None
        if is_at_home and self._partition_of(region) == "aws":
            raise CommandError(
                f"AWS Partner Central is in {HOME_REGION} only, not in {region}. Leave --region "
                "out (AWS_REGION is not looked at), or give --endpoint-url as well.",
                BAD_SETUP,
            )

    def _partition_of(self, region: str) -> str:
        try:
            return str(self._session.get_partition_for_region(region))
        except UnknownRegionError:
            return "aws"

    def _check_bundle(self) -> None:
        source, bundle = "--ca-bundle", self._options.ca_bundle
        if self._options.no_verify_ssl:
            return
        if bundle is None:
            bundle = self._session.get_config_variable("ca_bundle")
            is_in_environment = "AWS_CA_BUNDLE" in os.environ
            source = "AWS_CA_BUNDLE" if is_in_environment else self._of_the_profile("ca_bundle")
        if bundle is None:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
        except ssl.SSLError:
            reason = "it holds no certificates in PEM format"
        except OSError as error:
            reason = str(error.strerror)
        else:
            return
        raise CommandError(
            f"The CA bundle {bundle!r} ({source}) cannot be used: {reason}.", BAD_SETUP
        )


def problem_of_address(source: str, url: str | None) -> str | None:
    """Say what is wrong with an endpoint; None if nothing is, or there is none."""
    if url is not None and "@" in url:
        # It is not shown: a password may be in it.
        return f"Bad value for {source}: it must not contain a user name or password."
    if url is not None and not _is_web_address(url):
        return (
            f'Bad value for {source} "{url}": it must be of the form http://host or https://host.'
        )
    return None


def _is_web_address(url: str) -> bool:
    """Tell whether requests can be sent there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
