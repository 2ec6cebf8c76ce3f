"""The enumerations of ListOpportunities, with the values of AWS's service model.

Each is an `OpenStrEnum`: members are strings, and a value that AWS adds later is kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, Self, TypeAlias


class OpenStrEnum(StrEnum):
    """A `StrEnum` whose values come from AWS, and to which AWS may add.

    ``Stage("Qualifed")`` raises `ValueError`, as with any enum: a typing mistake must not
    become a value. A value that AWS *sends* and this release does not know becomes a member
    that says so: ``is_known`` is False, and it equals its string.
    """

    @property
    def is_known(self) -> bool:
        """True for a declared member, False for a value that this release does not know."""
        return self._value_ in type(self)._value2member_map_

    @classmethod
    def unknown(cls, value: str) -> Self:
        """Return a member for any value, also one that this release does not declare.

        Args:
            value: The string as AWS spells it. A declared one returns the declared member.

        Raises:
            TypeError: `value` is not a string.
        """
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] # untyped callers
            raise TypeError(f"{cls.__name__}.unknown() takes a str, not {type(value).__name__}")
        declared = cls._value2member_map_.get(value)
        if isinstance(declared, cls):
            return declared
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    def __repr__(self) -> str:
        if self.is_known:
            return super().__repr__()
        return f"{type(self).__name__}.unknown({self._value_!r})"

    # Enum rebuilds a pickled or copied member by its value, which an unknown one would not survive.
    def __reduce_ex__(self, proto: Any) -> tuple[Any, ...]:
        return type(self).unknown, (self._value_,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


class Catalog(OpenStrEnum):
    """The set of opportunities that is read (AWS shape ``CatalogIdentifier``, case-sensitive)."""

    AWS = "AWS"
    """The partner's real opportunities."""
    SANDBOX = "Sandbox"
    """AWS's isolated test environment."""


class Stage(OpenStrEnum):
    """The stage of an opportunity in the sales cycle, as AWS defines it (AWS shape ``Stage``).

    AWS's prose also speaks of "Closed Won"; on the wire a won opportunity is ``Launched``.
    """

    PROSPECT = "Prospect"
    """Identified, by AWS or as latent demand; not yet a qualified opportunity."""
    QUALIFIED = "Qualified"
    """The customer agreed that the opportunity is real and of interest."""
    TECHNICAL_VALIDATION = "Technical Validation"
    """All parties understand the implementation plan."""
    BUSINESS_VALIDATION = "Business Validation"
    """Pricing was proposed, and all parties agree to the steps to close."""
    COMMITTED = "Committed"
    """The customer signed the contract; AWS has not started billing."""
    LAUNCHED = "Launched"
    """The workload is complete, and AWS has started billing."""
    CLOSED_LOST = "Closed Lost"
    """The opportunity is lost, and there are no steps to move forward."""


class ReviewStatus(OpenStrEnum):
    """The state of AWS's review of a partner-referred opportunity (AWS shape ``ReviewStatus``).

    On the wire it is ``In review``, although AWS's prose writes "In Review".
    """

    PENDING_SUBMISSION = "Pending Submission"
    """Not submitted for validation; can be edited."""
    SUBMITTED = "Submitted"
    """Submitted; AWS has not looked at it yet. Read-only."""
    IN_REVIEW = "In review"
    """AWS is validating it. Read-only."""
    APPROVED = "Approved"
    """Validated and converted into AWS's system."""
    REJECTED = "Rejected"
    """Disqualified. Read-only."""
    ACTION_REQUIRED = "Action Required"
    """AWS asks for changes (see ``review_comments``)."""


class OpportunityType(OpenStrEnum):
    """The type of an opportunity: new, renewal or expansion (AWS shape ``OpportunityType``)."""

    NET_NEW_BUSINESS = "Net New Business"
    """New business with a customer not engaged with the solution before."""
    FLAT_RENEWAL = "Flat Renewal"
    """A renewal of an existing contract or subscription."""
    EXPANSION = "Expansion"
    """More services, or a larger volume, for an existing customer."""


class ClosedLostReason(OpenStrEnum):
    """The reason why an opportunity was closed as lost (AWS shape ``ClosedLostReason``)."""

    CUSTOMER_DEFICIENCY = "Customer Deficiency"
    DELAY_CANCELLATION_OF_PROJECT = "Delay / Cancellation of Project"
    LEGAL_TAX_REGULATORY = "Legal / Tax / Regulatory"
    LOST_TO_COMPETITOR_GOOGLE = "Lost to Competitor - Google"
    LOST_TO_COMPETITOR_MICROSOFT = "Lost to Competitor - Microsoft"
    LOST_TO_COMPETITOR_SOFTLAYER = "Lost to Competitor - SoftLayer"
    LOST_TO_COMPETITOR_VMWARE = "Lost to Competitor - VMWare"
    LOST_TO_COMPETITOR_OTHER = "Lost to Competitor - Other"
    NO_OPPORTUNITY = "No Opportunity"
    ON_PREMISES_DEPLOYMENT = "On Premises Deployment"
    PARTNER_GAP = "Partner Gap"
    PRICE = "Price"
    SECURITY_COMPLIANCE = "Security / Compliance"
    TECHNICAL_LIMITATIONS = "Technical Limitations"
    CUSTOMER_EXPERIENCE = "Customer Experience"
    OTHER = "Other"
    PEOPLE_RELATIONSHIP_GOVERNANCE = "People/Relationship/Governance"
    PRODUCT_TECHNOLOGY = "Product/Technology"
    FINANCIAL_COMMERCIAL = "Financial/Commercial"


class Industry(OpenStrEnum):
    """The industry of the end customer (AWS shape ``Industry``)."""

    AEROSPACE = "Aerospace"
    AGRICULTURE = "Agriculture"
    AUTOMOTIVE = "Automotive"
    COMPUTERS_AND_ELECTRONICS = "Computers and Electronics"
    CONSUMER_GOODS = "Consumer Goods"
    EDUCATION = "Education"
    ENERGY_OIL_AND_GAS = "Energy - Oil and Gas"
    ENERGY_POWER_AND_UTILITIES = "Energy - Power and Utilities"
    FINANCIAL_SERVICES = "Financial Services"
    GAMING = "Gaming"
    GOVERNMENT = "Government"
    HEALTHCARE = "Healthcare"
    HOSPITALITY = "Hospitality"
    LIFE_SCIENCES = "Life Sciences"
    MANUFACTURING = "Manufacturing"
    MARKETING_AND_ADVERTISING = "Marketing and Advertising"
    MEDIA_AND_ENTERTAINMENT = "Media and Entertainment"
    MINING = "Mining"
    NON_PROFIT_ORGANIZATION = "Non-Profit Organization"
    PROFESSIONAL_SERVICES = "Professional Services"
    REAL_ESTATE_AND_CONSTRUCTION = "Real Estate and Construction"
    RETAIL = "Retail"
    SOFTWARE_AND_INTERNET = "Software and Internet"
    TELECOMMUNICATIONS = "Telecommunications"
    TRANSPORTATION_AND_LOGISTICS = "Transportation and Logistics"
    TRAVEL = "Travel"
    WHOLESALE_AND_DISTRIBUTION = "Wholesale and Distribution"
    OTHER = "Other"


class DeliveryModel(OpenStrEnum):
    """The way in which a solution is deployed or consumed (AWS shape ``DeliveryModel``)."""

    SAAS_OR_PAAS = "SaaS or PaaS"
    """Runs in the partner's AWS environment."""
    BYOL_OR_AMI = "BYOL or AMI"
    """Runs in the end customer's AWS environment."""
    MANAGED_SERVICES = "Managed Services"
    """The partner manages the customer's AWS business."""
    PROFESSIONAL_SERVICES = "Professional Services"
    """Advisory, transformation and similar work."""
    RESELL = "Resell"
    """AWS accounts and billing management for customers."""
    OTHER = "Other"
    """None of the others."""


class PaymentFrequency(OpenStrEnum):
    """The interval at which an expected amount is spent (AWS shape ``PaymentFrequency``).

    AWS's prose also speaks of "None" for one-time values, which becomes an unknown member.
    """

    MONTHLY = "Monthly"


class ExpectedContractDurationTerm(OpenStrEnum):
    """The unit of a contract's duration (AWS shape ``ExpectedContractDurationTerm``)."""

    MONTHS = "Months"


class OpportunitySortName(OpenStrEnum):
    """The fields that a listing can be sorted by (AWS shape ``OpportunitySortName``)."""

    LAST_MODIFIED_DATE = "LastModifiedDate"
    """AWS's default. A record that is edited while one reads moves."""
    IDENTIFIER = "Identifier"
    """Never changes."""
    CUSTOMER_COMPANY_NAME = "CustomerCompanyName"
    """The customer's company name."""
    CREATED_DATE = "CreatedDate"
    """Never changes."""
    TARGET_CLOSE_DATE = "TargetCloseDate"
    """The date on which AWS billing is expected to start."""


class SortOrder(OpenStrEnum):
    """The direction of a sort (AWS shape ``SortOrder``)."""

    ASCENDING = "ASCENDING"
    DESCENDING = "DESCENDING"


class CountryCode(OpenStrEnum):
    """ISO 3166-1 alpha-2 country codes (AWS shape ``CountryCode``; sensitive in AWS's model)."""

    # In the order of AWS's model, several to a line.
    US, AF, AX, AL, DZ, AS, AD, AO, AI = "US", "AF", "AX", "AL", "DZ", "AS", "AD", "AO", "AI"
    AQ, AG, AR, AM, AW, AU, AT, AZ, BS = "AQ", "AG", "AR", "AM", "AW", "AU", "AT", "AZ", "BS"
    BH, BD, BB, BY, BE, BZ, BJ, BM, BT = "BH", "BD", "BB", "BY", "BE", "BZ", "BJ", "BM", "BT"
    BO, BQ, BA, BW, BV, BR, IO, BN, BG = "BO", "BQ", "BA", "BW", "BV", "BR", "IO", "BN", "BG"
    BF, BI, KH, CM, CA, CV, KY, CF, TD = "BF", "BI", "KH", "CM", "CA", "CV", "KY", "CF", "TD"
    CL, CN, CX, CC, CO, KM, CG, CK, CR = "CL", "CN", "CX", "CC", "CO", "KM", "CG", "CK", "CR"
    CI, HR, CU, CW, CY, CZ, CD, DK, DJ = "CI", "HR", "CU", "CW", "CY", "CZ", "CD", "DK", "DJ"
    DM, DO, EC, EG, SV, GQ, ER, EE, ET = "DM", "DO", "EC", "EG", "SV", "GQ", "ER", "EE", "ET"
    FK, FO, FJ, FI, FR, GF, PF, TF, GA = "FK", "FO", "FJ", "FI", "FR", "GF", "PF", "TF", "GA"
    GM, GE, DE, GH, GI, GR, GL, GD, GP = "GM", "GE", "DE", "GH", "GI", "GR", "GL", "GD", "GP"
    GU, GT, GG, GN, GW, GY, HT, HM, VA = "GU", "GT", "GG", "GN", "GW", "GY", "HT", "HM", "VA"
    HN, HK, HU, IS, IN, ID, IR, IQ, IE = "HN", "HK", "HU", "IS", "IN", "ID", "IR", "IQ", "IE"
    IM, IL, IT, JM, JP, JE, JO, KZ, KE = "IM", "IL", "IT", "JM", "JP", "JE", "JO", "KZ", "KE"
    KI, KR, KW, KG, LA, LV, LB, LS, LR = "KI", "KR", "KW", "KG", "LA", "LV", "LB", "LS", "LR"
    LY, LI, LT, LU, MO, MK, MG, MW, MY = "LY", "LI", "LT", "LU", "MO", "MK", "MG", "MW", "MY"
    MV, ML, MT, MH, MQ, MR, MU, YT, MX = "MV", "ML", "MT", "MH", "MQ", "MR", "MU", "YT", "MX"
    FM, MD, MC, MN, ME, MS, MA, MZ, MM = "FM", "MD", "MC", "MN", "ME", "MS", "MA", "MZ", "MM"
    NA, NR, NP, NL, AN, NC, NZ, NI, NE = "NA", "NR", "NP", "NL", "AN", "NC", "NZ", "NI", "NE"
    NG, NU, NF, MP, NO, OM, PK, PW, PS = "NG", "NU", "NF", "MP", "NO", "OM", "PK", "PW", "PS"
    PA, PG, PY, PE, PH, PN, PL, PT, PR = "PA", "PG", "PY", "PE", "PH", "PN", "PL", "PT", "PR"
    QA, RE, RO, RU, RW, BL, SH, KN, LC = "QA", "RE", "RO", "RU", "RW", "BL", "SH", "KN", "LC"
    MF, PM, VC, WS, SM, ST, SA, SN, RS = "MF", "PM", "VC", "WS", "SM", "ST", "SA", "SN", "RS"
    SC, SL, SG, SX, SK, SI, SB, SO, ZA = "SC", "SL", "SG", "SX", "SK", "SI", "SB", "SO", "ZA"
    GS, SS, ES, LK, SD, SR, SJ, SZ, SE = "GS", "SS", "ES", "LK", "SD", "SR", "SJ", "SZ", "SE"
    CH, SY, TW, TJ, TZ, TH, TL, TG, TK = "CH", "SY", "TW", "TJ", "TZ", "TH", "TL", "TG", "TK"
    TO, TT, TN, TR, TM, TC, TV, UG, UA = "TO", "TT", "TN", "TR", "TM", "TC", "TV", "UG", "UA"
    AE, GB, UM, UY, UZ, VU, VE, VN, VG = "AE", "GB", "UM", "UY", "UZ", "VU", "VE", "VN", "VG"
    VI, WF, EH, YE, ZM, ZW = "VI", "WF", "EH", "YE", "ZM", "ZW"


class CurrencyCode(OpenStrEnum):
    """ISO 4217 currency codes (AWS shape ``CurrencyCode``; sensitive in AWS's model)."""

    # In the order of AWS's model, several to a line.
    USD, EUR, GBP, AUD, CAD, CNY, NZD, INR = "USD", "EUR", "GBP", "AUD", "CAD", "CNY", "NZD", "INR"
    JPY, CHF, SEK, AED, AFN, ALL, AMD, ANG = "JPY", "CHF", "SEK", "AED", "AFN", "ALL", "AMD", "ANG"
    AOA, ARS, AWG, AZN, BAM, BBD, BDT, BGN = "AOA", "ARS", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN"
    BHD, BIF, BMD, BND, BOB, BOV, BRL, BSD = "BHD", "BIF", "BMD", "BND", "BOB", "BOV", "BRL", "BSD"
    BTN, BWP, BYN, BZD, CDF, CHE, CHW, CLF = "BTN", "BWP", "BYN", "BZD", "CDF", "CHE", "CHW", "CLF"
    CLP, COP, COU, CRC, CUC, CUP, CVE, CZK = "CLP", "COP", "COU", "CRC", "CUC", "CUP", "CVE", "CZK"
    DJF, DKK, DOP, DZD, EGP, ERN, ETB, FJD = "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "FJD"
    FKP, GEL, GHS, GIP, GMD, GNF, GTQ, GYD = "FKP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD"
    HKD, HNL, HRK, HTG, HUF, IDR, ILS, IQD = "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "IQD"
    IRR, ISK, JMD, JOD, KES, KGS, KHR, KMF = "IRR", "ISK", "JMD", "JOD", "KES", "KGS", "KHR", "KMF"
    KPW, KRW, KWD, KYD, KZT, LAK, LBP, LKR = "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR"
    LRD, LSL, LYD, MAD, MDL, MGA, MKD, MMK = "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK"
    MNT, MOP, MRU, MUR, MVR, MWK, MXN, MXV = "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV"
    MYR, MZN, NAD, NGN, NIO, NOK, NPR, OMR = "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "OMR"
    PAB, PEN, PGK, PHP, PKR, PLN, PYG, QAR = "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR"
    RON, RSD, RUB, RWF, SAR, SBD, SCR, SDG = "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG"
    SGD, SHP, SLL, SOS, SRD, SSP, STN, SVC = "SGD", "SHP", "SLL", "SOS", "SRD", "SSP", "STN", "SVC"
    SYP, SZL, THB, TJS, TMT, TND, TOP, TRY = "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY"
    TTD, TWD, TZS, UAH, UGX, USN, UYI, UYU = "TTD", "TWD", "TZS", "UAH", "UGX", "USN", "UYI", "UYU"
    UZS, VEF, VND, VUV, WST, XAF, XCD, XDR = "UZS", "VEF", "VND", "VUV", "WST", "XAF", "XCD", "XDR"
    XOF, XPF, XSU, XUA, YER, ZAR, ZMW, ZWL = "XOF", "XPF", "XSU", "XUA", "YER", "ZAR", "ZMW", "ZWL"


CatalogName: TypeAlias = Literal["AWS", "Sandbox"]
"""The strings of `Catalog`, for type checkers."""

StageName: TypeAlias = Literal[
    "Prospect",
    "Qualified",
    "Technical Validation",
    "Business Validation",
    "Committed",
    "Launched",
    "Closed Lost",
]
"""The strings of `Stage`, for type checkers."""

ReviewStatusName: TypeAlias = Literal[
    "Pending Submission", "Submitted", "In review", "Approved", "Rejected", "Action Required"
]
"""The strings of `ReviewStatus`, for type checkers."""

SortByName: TypeAlias = Literal[
    "LastModifiedDate", "Identifier", "CustomerCompanyName", "CreatedDate", "TargetCloseDate"
]
"""The strings of `OpportunitySortName`, for type checkers."""

SortOrderName: TypeAlias = Literal["ASCENDING", "DESCENDING"]
"""The strings of `SortOrder`, for type checkers."""
