from listeners.matching.segmentation import is_crossed, margin, word_cost


def crossed(text: str, name: str) -> bool:
    start = text.index(name)
    return is_crossed(text, start, start + len(name))


def margin_of(text: str, name: str, *, as_word: bool = False) -> float:
    start = text.index(name)
    return margin(text, start, start + len(name), as_word=as_word)


def test_common_words_cost_less() -> None:
    assert (word_cost("我们") or 99) < (word_cost("马铃薯") or 99)
    assert word_cost("禾辉") is None


def test_words_over_a_boundary_are_seen() -> None:
    assert crossed("一盒马上", "盒马")
    assert crossed("食物美", "物美")
    assert crossed("南京东路", "京东")
    assert not crossed("我去盒马买菜", "盒马")


def test_a_word_that_begins_with_the_name_may_hold_it() -> None:
    assert not crossed("华润万家", "华润")
    assert crossed("物美价廉", "物美")


def test_a_name_that_cuts_words_is_unlikely() -> None:
    assert margin_of("在南京东路", "京东") < margin_of("在京东买菜", "京东")
    assert margin_of("看莲花", "莲花", as_word=True) < margin_of("看莲花", "莲花")


def test_only_the_clause_and_the_nearby_are_read() -> None:
    far = "一盒" + "禾" * 20
    assert margin_of(far + "\n盒马", "盒马") == margin_of("盒马", "盒马")
