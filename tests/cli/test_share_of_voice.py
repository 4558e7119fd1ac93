from cli.commands.understanding import BrandShare, share_of_voice
from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher


def test_share_of_voice_by_brand() -> None:
    brands = (
        BrandSettings(id="hejia", name="禾家", terms=("禾家",)),
        BrandSettings(id="rival", name="永辉", terms=("永辉",)),
        BrandSettings(id="quiet", name="静", terms=("静静超市",)),
    )
    matcher = BrandMatcher(brands, channel_brands={}, default=None)
    texts = ["永辉好", "禾家和永辉", "永輝", "下雨了", "勇辉超市"]
    found = [matcher.brands_in(text) for text in texts]
    assert share_of_voice(("hejia", "rival", "quiet"), found) == (
        BrandShare(brand="rival", mentions=4, share=0.8, alone=3),
        BrandShare(brand="hejia", mentions=1, share=0.2, alone=0),
        BrandShare(brand="quiet", mentions=0, share=0.0, alone=0),
    )


def test_no_mentions_have_no_shares() -> None:
    assert share_of_voice(("a",), []) == (BrandShare(brand="a", mentions=0, share=0.0, alone=0),)
