"""Invented companies by country: what the dataset's customers are put together from.

No name stands for a company that exists: they are made of common words of each language.
"""

# Letters of other scripts look like Latin ones here because they are what the names are for.
# ruff: noqa: RUF001

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A country with its customers' names and addresses.

    Attributes:
        country: The ISO 3166 code.
        currency: The ISO 4217 code.
        stems: First halves of company names.
        suffixes: Second halves.
        cities: City, state or region, postal code; None where the country has no such thing.
    """

    country: str
    currency: str
    stems: tuple[str, ...]
    suffixes: tuple[str, ...]
    cities: tuple[tuple[str, str | None, str | None], ...]


PLACES = (
    Place(
        "US",
        "USD",
        ("Bluefern", "Copper Heron", "Northmeadow", "Quillstone", "O'Tarrow & Daughters"),
        (" Freight", " Health, Inc.", " Analytics LLC", " Credit Union", ' "Next" Labs'),
        (("Seattle", "Washington", "98101"), ("Austin", "TX", "73301"), ("Boise", None, "83702")),
    ),
    Place(
        "GB",
        "GBP",
        ("Thistlewick", "Amberford", "Larkspur & Holm"),
        (" Mutual", " plc", " Broadcasting Ltd"),
        (("London", "Greater London", "EC1A 1BB"), ("Leeds", None, "LS1 4DY")),
    ),
    Place(
        "DE",
        "EUR",
        ("Grünwacht", "Süßmeer", "Öhrenfeld", "Straßenlicht"),
        (" Maschinenbau GmbH", " Energie AG", " Großhandel KG"),
        (("München", "Bayern", "80331"), ("Köln", "NRW", "50667")),
    ),
    Place(
        "FR",
        "EUR",
        ("Forêt d'Étoiles", "Château-Brume", "Œuvre Verte"),
        (" Santé SA", " Réseaux SARL"),
        (("Besançon", "Bourgogne-Franche-Comté", "25000"), ("Nîmes", None, "30000")),
    ),
    Place(
        "BR",
        "BRL",
        ("Coração do Vale", "Ipê Amarelo", "Três Garças"),
        (" Logística Ltda.", " Educação S.A."),
        (("São Paulo", "SP", "01000-000"), ("Florianópolis", "SC", "88010-000")),
    ),
    Place(
        "PL",
        "PLN",
        ("Żółty Świerk", "Łąkowa Dźwignia"),
        (" Sp. z o.o.", " S.A."),
        (("Łódź", "łódzkie", "90-001"), ("Kraków", None, "30-001")),
    ),
    Place(
        "TR",
        "TRY",
        ("İnci Yıldız", "Çınarköy"),
        (" Lojistik A.Ş.", " Sağlık"),
        (("İzmir", None, "35000"), ("Şanlıurfa", "Şanlıurfa", "63000")),
    ),
    Place(
        "JP",
        "JPY",
        ("青葉鶴", "みなとそら", "サクラノモリ"),
        ("物流株式会社", "製作所", "クラウド合同会社"),
        (("札幌市", "北海道", "060-0001"), ("京都市", "京都府", "600-8001")),
    ),
    Place(
        "CN",
        "CNY",
        ("晨松", "云鹭", "碧湖"),
        ("数据科技有限公司", "医疗集团"),
        (("成都市", "四川省", "610000"), ("厦门市", None, "361000")),
    ),
    Place(
        "KR",
        "KRW",
        ("푸른두루미", "새벽소나무"),
        (" 주식회사", " 에너지"),
        (("부산광역시", None, "46000"), ("수원시", "경기도", "16200")),
    ),
    Place(
        "AE",
        "AED",
        ("نخلة الفجر", "لؤلؤة الرمال"),
        (" للتقنية", " للخدمات اللوجستية"),
        (("دبي", None, None), ("الشارقة", "الشارقة", None)),
    ),
    Place(
        "IN",
        "INR",
        ("नीलकमल तारा", "वनमोर"),
        (" प्राइवेट लिमिटेड", " शिक्षा"),
        (("पुणे", "महाराष्ट्र", "411001"), ("जयपुर", "राजस्थान", "302001")),
    ),
    Place(
        "BG",
        "BGN",
        ("Синя Чапла", "Горски Извор"),
        (" ЕООД", " Телеком АД"),
        (("Пловдив", "Пловдив", "4000"), ("Варна", None, "9000")),
    ),
    Place(
        "GR",
        "EUR",
        ("Γαλάζιος Ερωδιός", "Πέτρινη Ελιά"),
        (" ΑΕ", " Ναυτιλία"),
        (("Πάτρα", "Αχαΐα", "262 21"), ("Χανιά", None, "731 00")),
    ),
    Place(
        "IL",
        "ILS",
        ("אלון כחול", "גל ונשר"),
        (' מערכות בע"מ', " אנרגיה"),
        (("חיפה", None, "3100000"), ("באר שבע", "מחוז הדרום", "8400000")),
    ),
    Place(
        "TH",
        "THB",
        ("ดอกบัวเงิน", "ช้างน้ำเงิน"),
        (" จำกัด", " โลจิสติกส์"),
        (("เชียงใหม่", "เชียงใหม่", "50000"), ("ภูเก็ต", None, "83000")),
    ),
)
