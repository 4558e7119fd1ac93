import pytest

from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.sentiment.negation import find_negations
from listeners.judgement.sentiment.spelling import spell
from listeners.judgement.sentiment.structure import (
    ASSERTED_WEIGHT,
    CONCEDED_WEIGHT,
    DISMISSED_WEIGHT,
    analyse,
    emphatic_praise,
    weigh_contrast,
)
from listeners.judgement.sentiment.structure_words import listed_polarity
from listeners.text.quotations import split_quoted


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return load()


def unknown(fragment: str) -> float:
    """No idea of any word, so that lists alone decide."""
    return 0.0


def denied(text: str) -> list[tuple[str, bool]]:
    return [(text[found.start : found.end], found.good) for found in find_negations(text, unknown)]


def side(model: LinearModel, text: str) -> str:
    (found,) = model.probabilities([text])
    return "good" if found.positive > found.negative else "bad"


class TestNegations:
    @pytest.mark.parametrize(
        ("text", "piece"),
        [
            ("一点都不贵", "一点都不贵"),
            ("价格一点儿也不贵啊", "一点儿也不贵"),
            ("不是不好", "不是不好"),
            ("没有异味和色差", "没有异味和色差"),
            ("没有想象中那么难吃", "没有想象中那么难吃"),
            ("吃着不油腻", "不油腻"),
            ("并不是不新鲜", "并不是不新鲜"),
            ("it was not bad at all", "not bad at all"),
            ("the staff weren't rude", "weren't rude"),
            ("no complaints", "no complaints"),
            ("not dry or bland", "not dry or bland"),
            ("far from boring", "far from boring"),
            ("we couldn't be happier", "couldn't be happier"),
            ("never without problems? never rude", "never rude"),
            ("couldn't be happier, never rude", "never rude"),
            ("not slow or clean", "not slow"),
            ("没有异味和面包", "没有异味"),
            ("no worse, not dirty", "not dirty"),
            ("never not clean", "never not clean"),
        ],
    )
    def test_negated_criticism_is_good(self, text: str, piece: str) -> None:
        assert (piece, True) in denied(text)

    @pytest.mark.parametrize(
        ("text", "piece"),
        [
            ("一点都不新鲜", "一点都不新鲜"),
            ("服务不怎么专业", "不怎么专业"),
            ("it is not clean", "not clean"),
            ("can't recommend", "can't recommend"),
            ("could not be worse", "could not be worse"),
        ],
    )
    def test_negated_praise_is_bad(self, text: str, piece: str) -> None:
        assert (piece, False) in denied(text)

    @pytest.mark.parametrize(
        "text",
        [
            "贵不贵",
            "是不是太贵",
            "不贵吗",
            "不得不投诉",
            "要是不贵就好了",
            "不是太贵就是太慢",
            "不仅贵而且慢",
            "not only rude but slow",
            "if it wasn't so expensive",
            "i wish it weren't dirty",
            "why not",
            "不",
            "not",
            "not the table",
            "never mind, dirty",
            "不油漆",
            "贵得一点都不",
            "not the big old brown table",
        ],
    )
    def test_texts_without_negation_are_unchanged(self, text: str) -> None:
        assert denied(text) == []

    def test_an_unlisted_word_is_judged_by_the_model(self) -> None:
        asked: list[str] = []

        def bad(fragment: str) -> float:
            asked.append(fragment)
            return -2.0

        (found,) = find_negations("一点都不磔砢", bad)
        assert (found.good, asked) == (True, ["磔砢"])
        (found,) = find_negations("it is not grobbly at all", bad)
        assert found.good
        assert asked[-1] == "grobbly"

    def test_an_unlisted_neutral_word_is_not_negated(self) -> None:
        assert denied("一点都不磔砢") == []
        assert denied("it is not grobbly at all") == []

    def test_unlisted_words_are_not_negated_in_long_texts(self) -> None:
        long = "今天和朋友一起去逛了一下午然后又回家做了饭，一点都不磔砢"
        assert list(find_negations(long, lambda fragment: -2.0)) == []


class TestContrast:
    @pytest.mark.parametrize(
        ("granted", "meant"),
        [
            ("虽然价格贵，但是", "味道很好"),
            ("位置很好，但是", "东西难吃"),
            ("great food, but", " terrible service"),
        ],
    )
    def test_the_asserted_half_weighs_more(self, granted: str, meant: str) -> None:
        first, second = weigh_contrast(granted + meant, unknown)
        assert (first.text, first.weight) == (granted, CONCEDED_WEIGHT)
        assert (second.text, second.weight) == (meant, ASSERTED_WEIGHT)

    def test_a_concession_is_conceded_in_any_position(self) -> None:
        first, second = weigh_contrast("although it was slow, we loved it", unknown)
        assert (first.weight, second.weight) == (CONCEDED_WEIGHT, ASSERTED_WEIGHT)
        first, second = weigh_contrast("we loved it although it was slow", unknown)
        assert (first.weight, second.weight) == (ASSERTED_WEIGHT, CONCEDED_WEIGHT)

    def test_listed_words_strengthen_rare_ngrams(self) -> None:
        def lean(part: str) -> float:
            return 3.0 if "love" in part else -1.0 if "terrible" in part else 0.1

        first, second = weigh_contrast("i love the bakery, but the bread was stale", lean)
        assert first.weight == DISMISSED_WEIGHT
        assert second.text.endswith("was stale terrible ")

    def test_disagreeing_words_have_no_polarity(self) -> None:
        assert listed_polarity("美味但是难吃") == 0
        assert listed_polarity("难吃") == -1
        assert listed_polarity("tasty") == 1
        assert listed_polarity("") == 0

    def test_sentences_beside_the_contrast_count_as_they_are(self) -> None:
        parts = weigh_contrast("去过两次。环境好，但是东西难吃。就这样", unknown)
        assert [part.weight for part in parts] == [1.0, CONCEDED_WEIGHT, ASSERTED_WEIGHT, 1.0]

    def test_a_long_contrast_is_not_weighed(self) -> None:
        text = "今天和朋友一起去了这家新开的店里面的环境真的特别好，但是" + "东西难吃" * 5
        parts = weigh_contrast(text, lambda part: -2.0 if "难吃" in part else 2.0)
        assert [(part.text, part.weight) for part in parts] == [(text, 1.0)]

    def test_english_is_long_from_three_times_as_many_characters_on(self) -> None:
        text = "the staff were nice and the place was clean, but the bread was stale"
        assert len(weigh_contrast(text, unknown)) == 2
        assert (
            len(
                weigh_contrast(
                    f"{text} and dry, and so was the cake that we had with our tea", unknown
                )
            )
            == 1
        )

    def test_a_concession_without_its_end_is_one_part(self) -> None:
        assert len(weigh_contrast("although it was slow", unknown)) == 1

    def test_halves_of_several_clauses_are_not_dismissed(self) -> None:
        text = "贵，远，但是味道好"
        assert (
            weigh_contrast(text, lambda part: -2.0 if "贵" in part else 2.0)[0].weight
            == CONCEDED_WEIGHT
        )

    def test_a_lone_clear_contrast_dismisses_the_conceded_half(self) -> None:
        first, second = weigh_contrast(
            "价格贵，但是味道好", lambda part: -2.0 if "贵" in part else 2.0
        )
        assert (first.weight, second.weight) == (DISMISSED_WEIGHT, ASSERTED_WEIGHT)

    @pytest.mark.parametrize("text", ["味道很好", "但是味道很好", "但", "although", "不但好吃"])
    def test_a_text_without_contrast_is_one_part(self, text: str) -> None:
        assert [(part.text, part.weight) for part in weigh_contrast(text, unknown)] == [(text, 1.0)]


class TestSarcasm:
    @pytest.mark.parametrize(
        "text",
        ["服务也太好了吧，等了两个小时没人理", "great, another hour on hold", "太好了，面包发霉了"],
    )
    def test_praise_of_a_fault_is_sarcastic(self, text: str) -> None:
        found = emphatic_praise(text)
        assert found is not None
        assert not found.sincere

    @pytest.mark.parametrize(
        "text", ["服务也太好了吧，马上就有人招呼", "great service, they fixed it right away"]
    )
    def test_praise_of_a_remedy_is_sincere(self, text: str) -> None:
        found = emphatic_praise(text)
        assert found is not None
        assert found.sincere

    @pytest.mark.parametrize("text", ["太好吃了吧", "等了两个小时没人理", "lovely shop"])
    def test_praise_alone_and_trouble_alone_are_literal(self, text: str) -> None:
        assert emphatic_praise(text) is None


class TestQuotations:
    def test_own_words_are_separated_from_quoted_ones(self) -> None:
        text = "支持//@某人:太差了"
        assert split_quoted(text) == ("支持", "//@某人:太差了")

    def test_a_quotation_alone_is_taken_for_agreement(self) -> None:
        assert split_quoted("转发微博//@某人:太差了") == ("", "//@某人:太差了")

    def test_own_words_outweigh_contradicted_quotations(self, model: LinearModel) -> None:
        own, quoted = analyse(
            "太差了，恶心，垃圾//@店:我们很棒，大家都喜欢，满意", model.polarity
        ).parts
        assert quoted.weight < own.weight


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一点都不贵", "good"),
        ("not bad at all", "good"),
        ("一点都不好吃", "bad"),
        ("虽然价格贵，但是味道很好", "good"),
        ("虽然包装漂亮，但是味道很差", "bad"),
        ("The food was great but the service was terrible", "bad"),
        ("服务也太好了吧，等了两个小时没人理", "bad"),
        ("服务也太好了吧，一进门就有人招呼", "good"),
        ("面包送来就碎了😡", "bad"),
        ("今天的面包😍👍", "good"),
    ],
)
def test_the_model_reads_the_structure(model: LinearModel, text: str, expected: str) -> None:
    assert side(model, text) == expected


def test_resolved_negations_are_evidence() -> None:
    assert analyse(spell("一点都不贵，下次再来"), unknown).evidence == ("一点都不贵",)


def test_decisive_pieces_are_evidence(model: LinearModel) -> None:
    assert any("发霉" in piece for piece in model.explain("面包发霉了，要求退款"))
    assert "rude" in model.explain("The cashier was rude")
    assert model.explain("一点都不贵")[0] == "一点都不贵"
    assert model.explain("") == ()


@pytest.mark.parametrize(
    "piece",
    [
        "虽然",
        "不",
        "不是",
        "没有一点异味和",
        "not ",
        "it is not ",
        "but ",
        "//@a:",
        "太",
        "\ud800x",
    ],
)
def test_deeply_nested_structure_is_analysed_in_bounded_time(
    model: LinearModel, piece: str
) -> None:
    (found,) = model.probabilities([piece * 4_000])
    assert found.negative + found.neutral + found.positive == pytest.approx(1)
