import pytest

from core.taxonomy import Language
from listeners.text.language import detect_language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你们几点关门", "zh"),
        ("What time do you close?", "en"),
        ("我的APP打不开", "zh"),
        ("What time does 禾家 close?", "en"),
        ("这个bread is mouldy, 太恶心", "mixed"),
        ("", "other"),
        ("😀😀", "other"),
        ("12345", "other"),
        ("何時に閉まりますか", "other"),
        ("Во сколько вы закрываетесь?", "other"),
        ("오늘 몇 시에 닫나요?", "other"),
        ("看看 https://example.com/some/long/path", "zh"),
        ("@HejiaMarket 你好", "zh"),
        ("\x00\ud800", "other"),
        ("café crème brûlée is nice", "en"),
    ],
)
def test_language(text: str, expected: Language) -> None:
    assert detect_language(text) == expected
