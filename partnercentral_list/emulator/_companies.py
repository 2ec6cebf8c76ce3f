"""The customers in the sample data: countries, and companies with names of common words."""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import cache
from importlib import resources
from itertools import accumulate
from random import Random
from typing import NamedTuple

from partnercentral_list.emulator._model import load_service


class SampleCountry(NamedTuple):
    """A country: its currency, halves of company names, and city, region, postal code."""

    code: str
    currency: str
    # About how many units of the currency a US dollar is worth.
    per_dollar: float
    # Percent of all opportunities.
    weight: float
    stems: tuple[str, ...]
    suffixes: tuple[str, ...]
    cities: tuple[tuple[str, str | None, str | None], ...]

    @property
    def companies(self) -> int:
        """The number of companies that it has."""
        return len(self.stems) * len(self.suffixes)


class SampleCompany(NamedTuple):
    """A customer, the same in each of its opportunities."""

    name: str
    industry: str
    website: str | None
    city: str
    region: str | None
    postal_code: str | None


def country_at(position: float) -> SampleCountry:
    """Return the country at a position from 0 to 1, where each is as wide as its weight."""
    countries, ends = _load()
    return countries[min(bisect_right(ends, position * ends[-1]), len(countries) - 1)]


def company_of(country: SampleCountry, number: int) -> SampleCompany:
    """Return a country's company of a number, from 0 to less than ``country.companies``."""
    return _company(country.code, number)


@cache
def _load() -> tuple[tuple[SampleCountry, ...], tuple[float, ...]]:
    """Load the countries, and the sums of their weights."""
    text = (
        resources.files("partnercentral_list.emulator")
        .joinpath("sample_countries.json")
        .read_text("utf-8")
    )
    countries = tuple(SampleCountry(**country) for country in json.loads(text))
    return countries, tuple(accumulate(country.weight for country in countries))


@cache
def _company(code: str, number: int) -> SampleCompany:
    # By the code, because the hash of a country is that of all its names.
    country = next(country for country in _load()[0] if country.code == code)
    rng = Random(f"{code}:{number}")
    stem, suffix = divmod(number, len(country.suffixes))
    host = f"customer-{code.lower()}-{number}.example"
    sites = (f"https://{host}.com/", f"https://www.{host}.com", f"www.{host}", f"{host}.org")
    return SampleCompany(
        country.stems[stem] + country.suffixes[suffix],
        rng.choice(load_service().enums["Industry"]),
        rng.choice((*sites, "null", None)),
        *rng.choice(country.cities),
    )
