"""Measures recall on disguised brand names, false matches in ordinary texts, and speed.

    python benchmarks/matching.py [--ordinary ../shared/data/sentiment/*.csv.gz]

The disguises are made by chance from a fixed seed, without the tables that the matcher uses,
except that both know the readings of characters. The figures of ten and of ten thousand terms
come from the same run, so that only their ratio speaks.
"""

import argparse
import json
import random
import time
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import opencc

from benchmarks.train_lexicon import texts
from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher

CHINESE = (
    *("禾家", "永辉", "盒马", "物美", "山姆", "绿源", "鲜丰"),
    *("大润发", "沃尔玛", "家乐福", "步步高", "麦德龙", "奥乐齐", "胖东来", "百果园"),
    *("华润万家", "世纪联华", "叮咚买菜", "三只松鼠", "良品铺子"),
)
LATIN = (
    "Walmart",
    "Costco",
    "Carrefour",
    "Hejia Market",
    "Tesco",
    "Sainsbury",
    "Freshippo",
    "Metro",
)
CARRIERS = (
    "今天去{}买菜，人超级多",
    "{}的面包发霉了，要退款",
    "有人知道{}几点关门吗",
    "在{}排队排了一个小时",
    "{}超市的水果挺新鲜",
    "说说{}，客服半天不回",
    "再也不去{}了",
    "昨天在{}买的牛奶过期了！",
    "楼下新开了一家{}",
    "{}这次的活动真划算",
    "到{}逛了一圈，空调好冷",
    "为什么{}的自助结账老是坏",
    "曝光{}，缺斤少两",
    "喜欢{}的烤鸡",
    "{}会员续费怎么取消",
)
CARRIERS_LATIN = (
    "The bread from {} was mouldy, I want a refund",
    "what time does {} close today?",
    "{} staff were so rude to me.",
    "queued an hour at {}!",
    "在{}买的牛奶过期了",
    "never shopping at {} again",
    "love the roast chicken at {}",
)
WIDE = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
LOOKS = {
    "a": "аα@ɑàáäåā",
    "b": "ЬƄ",
    "c": "сϲçć",
    "d": "ԁďđ",
    "e": "еёє3éèêē",
    "f": "ƒ",
    "g": "ɡğģ",
    "h": "һհ",
    "i": "іı1íìîï",
    "j": "јʝ",
    "k": "кκ",
    "l": "1ӏ|ĺ",
    "m": "м",
    "n": "ոñń",
    "o": "оο0óòöøō",
    "p": "рρ",
    "q": "ԛ",
    "r": "гŕř",
    "s": "ѕ5$śš",
    "t": "тτť",
    "u": "υսúùüū",
    "v": "νѵ",
    "w": "ԝѡŵ",
    "x": "хχ",
    "y": "уүýÿ",
    "z": "ᴢžź",
}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202a"
BETWEEN = (" ", ".", "/", "-", "*", "·", "_", "|", "~", "　", "😀", "+")

Disguise = Callable[[str, random.Random], str]


def plain(name: str, chance: random.Random) -> str:
    return name


def zero_width(name: str, chance: random.Random) -> str:
    return "".join(char + chance.choice(INVISIBLE) for char in name[:-1]) + name[-1]


def width(name: str, chance: random.Random) -> str:
    return "".join(WIDE.get(char, char) for char in name)


def split(name: str, chance: random.Random) -> str:
    return chance.choice(BETWEEN).join(name.replace(" ", ""))


def traditional(name: str, chance: random.Random) -> str:
    return str(_converter(chance.choice(("s2t", "s2tw", "s2hk"))).convert(name))


@cache
def _converter(kind: str) -> opencc.OpenCC:
    return opencc.OpenCC(kind)


def look_alike(name: str, chance: random.Random) -> str:
    chars = list(name.lower())
    letters = [n for n, char in enumerate(chars) if char in LOOKS]
    for n in chance.sample(letters, chance.randint(1, max(1, len(letters) // 2))):
        chars[n] = chance.choice(LOOKS[chars[n]])
    return "".join(chars)


def homophone(name: str, chance: random.Random) -> str:
    chars = list(name)
    for n in chance.sample(range(len(chars)), chance.randint(1, len(chars))):
        same = [char for char in _same_sound(chars[n]) if char != chars[n]]
        chars[n] = chance.choice(same) if same else chars[n]
    return "".join(chars)


def pinyin(name: str, chance: random.Random) -> str:
    sounds = [_sound(char) for char in name]
    return chance.choice(("".join(sounds), " ".join(sounds), "".join(sounds).title()))


def half_pinyin(name: str, chance: random.Random) -> str:
    at = chance.randrange(len(name))
    return name[:at] + _sound(name[at]) + name[at + 1 :]


_SOUNDS: dict[str, str] = {}
"""Filled when first needed: benchmarks import without reading files."""
_ALIKE: dict[str, list[str]] = {}


def _sound(char: str) -> str:
    if not _SOUNDS:
        spec = find_spec("pypinyin")
        if spec is None or spec.origin is None:
            raise SystemExit("pypinyin is missing: install the dependencies")
        table = json.loads(Path(spec.origin).with_name("pinyin_dict.json").read_text())
        for code, readings in table.items():
            bare = unicodedata.normalize("NFD", readings.split(",")[0])
            _SOUNDS[chr(int(code))] = "".join(c for c in bare if c.isascii())
        # The 3,755 characters of everyday writing; nobody disguises a name with rarer ones.
        for code in range(0xB0A1, 0xD7FA):
            common = code.to_bytes(2, "big").decode("gb2312", "ignore")
            if len(common) == 1 and common in _SOUNDS:
                _ALIKE.setdefault(_SOUNDS[common], []).append(common)
    return _SOUNDS[char]


def _same_sound(char: str) -> list[str]:
    return _ALIKE.get(_sound(char), [])


DISGUISES: tuple[tuple[Disguise, tuple[str, ...]], ...] = (
    (plain, (*CHINESE, *LATIN)),
    (zero_width, (*CHINESE, *LATIN)),
    (width, LATIN),
    (split, (*CHINESE, *LATIN)),
    (traditional, CHINESE),
    (look_alike, LATIN),
    (homophone, CHINESE),
    (pinyin, CHINESE),
    (half_pinyin, CHINESE),
)


def matcher(names: tuple[str, ...]) -> BrandMatcher:
    """Each name as a brand of its own."""
    brands = [BrandSettings(id=f"b{n}", name=name, terms=(name,)) for n, name in enumerate(names)]
    return BrandMatcher(brands, channel_brands={}, default=None)


def show(examples: list[str]) -> str:
    return "   e.g. " + " / ".join(examples[:6]) if examples else ""


def found_share(disguise: Disguise, names: tuple[str, ...], times: int) -> tuple[float, list[str]]:
    """The share of disguised names that are found in a sentence, and some that are not."""
    chance = random.Random(20260301)
    hits, total, missed = 0, 0, list[str]()
    for name in names:
        matching = matcher((name,))
        carriers = CARRIERS_LATIN if name.isascii() else CARRIERS
        for _ in range(times):
            text = chance.choice(carriers).format(disguise(name, chance))
            total += 1
            if matching.brands_in(text):
                hits += 1
            else:
                missed.append(text)
    chance.shuffle(missed)
    return hits / total, missed


def ordinary(paths: list[Path], most: int) -> Iterator[str]:
    chance = random.Random(1)
    for path in paths:
        some = list(texts(path))
        yield from chance.sample(some, min(most, len(some)))


def false_share(paths: list[Path]) -> float:
    """The share of ordinary texts that are taken for a name, mean of the names."""
    counts, total, _, _ = taken(paths)
    return sum(counts.values()) / len(counts) / total


def taken(paths: list[Path]) -> tuple[dict[str, int], int, int, list[str]]:
    """False matches of each name in ordinary texts without it, how many these are, in how many
    any name is seen, and examples.
    """
    names = (*CHINESE, *LATIN)
    matching = matcher(names)
    counts = dict.fromkeys(names, 0)
    examples: list[str] = []
    total = any_of_them = 0
    for text in ordinary(paths, 3000):
        bare = text.lower().replace(" ", "")
        if any(name.lower().replace(" ", "") in bare for name in names):
            continue
        total += 1
        found = matching.brands_in(text)
        any_of_them += bool(found)
        for brand in found:
            name = names[int(brand[1:])]
            counts[name] += 1
            examples.append(f"{name}: {text[:60]}")
    return counts, total, any_of_them, examples


def false_matches(paths: list[Path]) -> None:
    names = (*CHINESE, *LATIN)
    counts, total, any_of_them, examples = taken(paths)
    worst = max(counts, key=lambda name: counts[name])
    print(f"ordinary texts without any of the names: {total}")
    print(f"  taken for one, mean of the names   {sum(counts.values()) / len(names) / total:8.3%}")
    print(f"  taken for one, worst ({worst})      {counts[worst] / total:8.3%}")
    print(f"  taken for any of {len(names)}              {any_of_them / total:8.3%}")
    random.Random(2).shuffle(examples)
    print("\n".join("    " + example for example in examples[:25]))


def cost(matching: BrandMatcher, said: list[str]) -> float:
    """CPU seconds a text, best of five."""
    matching.brands_in("x")
    best = []
    for _ in range(5):
        start = time.process_time()
        for text in said:
            matching.brands_in(text)
        best.append(time.process_time() - start)
    return min(best) / len(said)


def speed() -> None:
    chance = random.Random(3)
    chars = [code.to_bytes(2, "big").decode("gb2312") for code in range(0xB0A1, 0xB0FE)]
    chars += [code.to_bytes(2, "big").decode("gb2312") for code in range(0xC0A1, 0xC0FE)]
    many = tuple("".join(chance.choices(chars, k=3)) + str(n) for n in range(10_000))
    said = [carrier.format(chance.choice(CHINESE)) for carrier in CARRIERS] * 200
    seconds: dict[int, float] = {}
    for count in (10, 10_000):
        brand = BrandSettings(id="b", name="b", terms=many[:count])
        seconds[count] = cost(BrandMatcher([brand], channel_brands={}, default=None), said)
        print(f"  {count:6} terms: {1 / seconds[count]:8.0f} texts per CPU-second")
    print(f"  ratio {seconds[10_000] / seconds[10]:.2f}")
    naming = cost(matcher(CHINESE), said)
    print(f"  texts that name a brand: {1 / naming:8.0f}, ratio {naming / seconds[10]:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ordinary", nargs="*", type=Path, default=[])
    parser.add_argument("--times", type=int, default=60)
    arguments = parser.parse_args()
    for disguise, names in DISGUISES:
        share, missed = found_share(disguise, names, arguments.times)
        print(f"{disguise.__name__:12} {share:7.1%}{show(missed)}")
    if arguments.ordinary:
        false_matches(arguments.ordinary)
    speed()


if __name__ == "__main__":
    main()
