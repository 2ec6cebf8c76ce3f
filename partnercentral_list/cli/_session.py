"""The AWS configuration and the client that the options of connection describe."""

from __future__ import annotations

import math
import os
import re
import ssl
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

from botocore.exceptions import ConfigParseError, ProfileNotFound, UnknownRegionError
from botocore.session import Session

from partnercentral_list import ClientConfig, PartnerCentralClient, RateLimit, RequestEvent
from partnercentral_list.cli._errors import BAD_CONFIGURATION, BAD_INPUT, CommandError, suggestion
from partnercentral_list.config import HOME_REGION, secret_parts

#: What can be a part of a host name.
_REGION: Final = re.compile(r"(?!\d+\Z)(?!-)[a-z0-9-]{1,63}(?<!-)")
_ENDPOINT_VARIABLES: Final = ("AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING", "AWS_ENDPOINT_URL")
_PROFILE_VARIABLES: Final = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")


class AwsConfiguration:
    """The AWS configuration files, as the options and the environment name them.

    The client would name its own arguments in an error, or find out late. With ``--demo`` they are
    not read.
    """

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._session: Any = Session(profile=options.profile)
        self._profile: Mapping[str, Any] = {} if options.demo else self._read_profile()

    @property
    def output(self) -> str | None:
        """The output format that the profile names."""
        return cast("str | None", self._profile.get("output"))

    def check(self) -> None:
        """Check the endpoint, the region and the CA bundle, unless the client is a demo."""
        if self._options.demo:
            return
        _check_url(*self._endpoint(), BAD_CONFIGURATION)
        self._check_region()
        self._check_bundle()

    def _read_profile(self) -> Mapping[str, Any]:
        try:
            return cast("Mapping[str, Any]", self._session.get_scoped_config())
        except ConfigParseError as error:
            problem = f"{error}. AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name the files."
        except ProfileNotFound:
            problem = self._no_profile()
        raise CommandError(problem, BAD_CONFIGURATION)

    def _no_profile(self) -> str:
        name = str(self._session.profile)
        source = next((name for name in _PROFILE_VARIABLES if name in os.environ), "AWS_PROFILE")
        if self._options.profile is not None:
            source = "--profile"
        known: list[str] = self._session.available_profiles
        files = [self._session.get_config_variable(f"{f}_file") for f in ("config", "credentials")]
        choices = f"There are: {', '.join(known)}." if known else "No profile is defined there."
        return (
            f"There is no profile {name!r} ({source}) in {' or '.join(files)}. "
            f"{suggestion(name, known) or choices}"
        )

    def _in_profile(self, setting: str) -> str:
        return f"{setting} of the profile {self._session.profile or 'default'}"

    def _endpoint(self) -> tuple[str, str | None]:
        """Return where the endpoint is set, and its URL; None if requests go to AWS's own."""
        is_ignored = self._session.get_config_variable("ignore_configured_endpoint_urls")
        if self._options.endpoint_url is not None or is_ignored:
            return "--endpoint-url", self._options.endpoint_url
        # In the order in which botocore looks.
        for name in _ENDPOINT_VARIABLES:
            if name in os.environ:
                return name, os.environ[name]
        services = self._session.full_config.get("services", {})
        ours = services.get(self._profile.get("services"), {}).get("partnercentral_selling", {})
        url = ours.get("endpoint_url", self._profile.get("endpoint_url"))
        return self._in_profile("endpoint_url"), url

    def _check_region(self) -> None:
        region = self._options.region
        if region is None or region == HOME_REGION:
            return
        # Elsewhere there is a service only in another partition, or at an endpoint of one's own.
        if self._endpoint()[1] is None and self._partition_of(region) == "aws":
            raise CommandError(
                f"AWS Partner Central is in {HOME_REGION} only, not in {region}. Leave --region "
                "out (AWS_REGION is not looked at), or give --endpoint-url as well.",
                BAD_CONFIGURATION,
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
            source = "AWS_CA_BUNDLE" if is_in_environment else self._in_profile("ca_bundle")
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
            f"The CA bundle {bundle!r} ({source}) cannot be used: {reason}.", BAD_CONFIGURATION
        )


def create_client(
    options: Namespace,
    configuration: AwsConfiguration,
    catalog: str,
    on_event: Callable[[RequestEvent], object] | None = None,
) -> PartnerCentralClient:
    """Create the client, for ``--demo`` that of an emulator; nothing is sent yet.

    Raises:
        CommandError: An option, or the AWS configuration, cannot be used.
        RequestValidationError: `catalog` is not a known catalog.
        ConfigurationError: The client cannot be created as the options say.
    """
    if getattr(options, "cli_auto_prompt", False):
        raise CommandError(
            "--cli-auto-prompt: nothing prompts here. See --help, and completion in the shell: "
            "source <(partnercentral-list completion bash)."
        )
    _check_options(options)
    configuration.check()
    if options.demo:
        return PartnerCentralClient.demo(
            catalog=catalog,  # type: ignore[arg-type] # the client validates it
            rate_limit=_rate_limit(options),
            on_event=on_event,
        )
    default = ClientConfig()
    connect_timeout, read_timeout = options.cli_connect_timeout, options.cli_read_timeout
    region = {} if options.region is None else {"region_name": options.region}
    return PartnerCentralClient(
        catalog,  # type: ignore[arg-type] # the client validates it
        profile_name=options.profile,
        endpoint_url=options.endpoint_url,
        config=ClientConfig(
            verify=False if options.no_verify_ssl else (options.ca_bundle or True),
            sign_requests=not options.no_sign_request,
            connect_timeout=default.connect_timeout if connect_timeout is None else connect_timeout,
            read_timeout=default.read_timeout if read_timeout is None else read_timeout,
        ),
        rate_limit=_rate_limit(options),
        on_event=on_event,
        **region,
    )


def _check_options(options: Namespace) -> None:
    if options.demo and options.endpoint_url is not None:
        raise CommandError("--demo has an endpoint of its own: leave out --endpoint-url.")
    _check_url("--endpoint-url", options.endpoint_url, BAD_INPUT)
    for name in ("cli_read_timeout", "cli_connect_timeout"):
        if (getattr(options, name) or 0) < 0:
            raise CommandError(f"--{name.replace('_', '-')} must be 0 or more; 0 is no limit.")
    rate = options.requests_per_second
    if rate is not None and not 0 <= rate < math.inf:
        raise CommandError("--requests-per-second must be 0 or more, and finite; 0 is no limit.")
    if options.region is not None and not _REGION.fullmatch(options.region):
        raise CommandError(
            f"--region {options.region!r} is not a region; leave it out, or write {HOME_REGION}.",
            BAD_CONFIGURATION,
        )


def _rate_limit(options: Namespace) -> RateLimit | None:
    if options.requests_per_second is None:
        return None if options.demo else RateLimit()
    return RateLimit(options.requests_per_second) if options.requests_per_second else None


def _check_url(source: str, url: str | None, code: int) -> None:
    if url is None:
        return
    if parts := secret_parts(url):
        # It is not shown: a password may be in it.
        raise CommandError(f"Bad value for {source}: it must not contain {parts}.", code)
    try:
        address = urlsplit(url)
        is_web_address = address.scheme in {"http", "https"} and bool(address.hostname)
    except ValueError:
        is_web_address = False
    if not is_web_address:
        raise CommandError(
            f'Bad value for {source} "{url}": it must be of the form http://host or https://host.',
            code,
        )
