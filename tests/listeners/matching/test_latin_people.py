"""People who are called in Latin letters as the brand is are not the brand."""

import pytest

from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher

BRANDS = (
    BrandSettings(id="hejia", name="禾家超市", terms=("禾家", "Hejia")),
    BrandSettings(id="yonghui", name="永辉超市", terms=("永辉",)),
    BrandSettings(id="price", name="Mr Price", terms=("Mr Price",)),
)
PEOPLE = (
    *("Ms. Hejia teaches maths", "Ms Hejia Wang moved to Leeds", "dear Mrs. Hejia,", "Prof. Hejia"),
    *("Dr Hejia said the test was fine", "Professor Hejia retires"),
    *("Hejia Wang won the race", "HEJIA ZHANG", "photo by Hejia Chen", "Hejia Zhou's new book"),
    *("I met Wang Hejia yesterday", "Liu Hejia sings badly", "Zhao  Hejia"),
    *("thanks to Auntie Hejia", "the actor Xu Hejia", "Hejia Ouyang", "Hejia Li, Hejia Wu"),
    *("Yonghui Wang is my dentist", "Zhang Yonghui", "Mr. Yonghui", "uncle yonghui snores"),
)
SHOPS = {
    "hejia": (
        *("Hejia's bread was mouldy", "I love Hejia", "Hejia song is catchy", "Hejia fan here"),
        *("Hejia sun hats", "programs Hejia runs", "Hejia Wang Road branch", "Dr. Hejia store"),
        *("Hejia Market", "teams hejia up", "Hejia. Wang was there", "went to Hejia, Li paid"),
        *("Ms Chen hates Hejia", "Wang says Hejia is dear", "HejiaとWang", "Hejia Wuhan is open"),
        *("ask Li: Hejia is closed", "Mr, Hejia is closed", "Mr. Hejia and Hejia the shop"),
        *("I miss Hejia", "yes sir Hejia is closed", "every teacher Hejia asked said no"),
        *("Zhou Hejia supermarket", "Hejia Guo 超市"),
    ),
    "yonghui": ("yonghui is closed", "Yonghui Superstores", "bought milk at yonghui"),
    "price": ("Mr Price is closed", "at mr price"),
}


def found(text: str) -> tuple[str, ...]:
    return BrandMatcher(BRANDS, channel_brands={}, default=None).brands_in(text)


@pytest.mark.parametrize("text", PEOPLE)
def test_a_person_is_not_the_brand(text: str) -> None:
    assert found(text) == ()


@pytest.mark.parametrize(("brand", "text"), [(b, t) for b, texts in SHOPS.items() for t in texts])
def test_the_brand_is_still_found(brand: str, text: str) -> None:
    assert found(text) == (brand,)
