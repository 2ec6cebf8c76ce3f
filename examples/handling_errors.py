"""Handle the errors of a listing, which are one tree."""

from __future__ import annotations

import asyncio

from partnercentral_list import (
    AccessDeniedException,
    ClientConfig,
    InvalidOpportunity,
    OpportunitiesNotFoundError,
    PartnerCentralClient,
    PartnerCentralError,
    RequestValidationError,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator


async def main() -> None:
    """Meet some errors on purpose."""
    with PartnerCentralEmulator(opportunities=30) as emulator:
        async with PartnerCentralClient(
            "AWS", endpoint_url=emulator.url, config=ClientConfig(sign_requests=False)
        ) as client:
            # A mistake in the request: nothing is sent, and every bad field is named.
            try:
                client.iter_opportunities(page_size=500, max_items=-1)
            except RequestValidationError as error:
                for problem in error.errors():
                    print(f"{problem['field']}: {problem['problem']}; {problem['valid']}")

            # AWS refuses: a class for each of its errors, with AWS's own members.
            emulator.fail(
                Fault.error(
                    "AccessDeniedException",
                    "not a partner",
                    members={"Reason": "INCOMPATIBLE_BENEFIT_AWS_PARTNER_STATE"},
                )
            )
            try:
                await client.list_opportunities()
            except AccessDeniedException as error:
                print(f"{error.reason} (request id {error.request_id})")

            # The identifiers that were not found are raised together, at the end.
            try:
                async for opportunity in client.iter_opportunities_by_id(["O1", "O2"]):
                    print(opportunity.id)
            except OpportunitiesNotFoundError as error:
                print(f"not found: {error.identifiers}")

            # An invalid record need not end the listing.
            def spoil(response: dict[str, object]) -> dict[str, object]:
                records = response["OpportunitySummaries"]
                if isinstance(records, list):
                    records[3]["LifeCycle"] = "no structure"
                return response

            emulator.fail(Fault.edit_page(spoil))
            invalid: list[InvalidOpportunity] = []
            read = await client.iter_opportunities(on_invalid=invalid.append).collect()
            print(f"{len(read)} read, {len(invalid)} invalid: {invalid[0].problems}")

            # Any other error of this library, with the token to resume from.
            emulator.fail("ResourceNotFoundException")
            try:
                await client.iter_opportunities().collect()
            except PartnerCentralError as error:
                print(f"{type(error).__name__}, to be resumed at {error.resume_token}")


if __name__ == "__main__":
    asyncio.run(main())
