"""Write ``listeners/learning/training/complaints.jsonl`` out of the sentences of the voices.

    python benchmarks/make_complaints.py

Each line of a voice is a template; it is written out up to three times with other things filled
in. See ``listeners/learning/training/GUIDELINES.md``.
"""

import json
import random
import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "listeners" / "learning" / "training"
HELD_OUT = ("abroad", "blunt", "hawker", "laconic", "roommate", "taiwan", "texter")
"""Held-out voices. A template belongs to one voice, so that no variant is on both sides."""
TIMES = 3

_SLOT = re.compile(r"\{(\w+)\}")
_ENGLISH = ("british", "kiasu", "neighbour", "ranter", "texter", "yankee")
_TRADITIONAL = ("kowloon", "tainan", "taiwan")

ZH = {
    "b": "城东店 中山路店 万达那家 大学城店 地铁口那家 你们店 禾家 西门店",
    "f": "草莓 菠菜 鲈鱼 猪肉 牛油果 葡萄 虾 橘子 豆腐 蘑菇",
    "d": "寿司 烤鸡 凉皮 卤味 饺子 蛋糕 沙拉 包子 便当 烤肠",
    "p": "牛奶 面包 酸奶 薯片 酱油 大米 咖啡 纸巾 洗衣液 鸡蛋",
    "h": "电水壶 平底锅 雨伞 台灯 拖把 保温杯 电饭煲 吹风机",
    "e": "充电宝 插线板 电热毯 电暖器 蓝牙音箱",
    "t": "上午十点 晚上七点 下午三点 六点半 中午",
}
TW = {
    "b": "信義店 中和店 板橋店 你們店 車站那間",
    "f": "草莓 高麗菜 鱸魚 豬肉 芭樂 葡萄 蝦子",
    "d": "壽司 烤雞 滷味 水餃 蛋糕 沙拉 便當",
    "p": "牛奶 麵包 優格 洋芋片 醬油 白米 衛生紙",
    "h": "電水壺 平底鍋 雨傘 檯燈 保溫杯 電鍋",
    "e": "行動電源 延長線 電毯 電暖器",
    "t": "早上十點 晚上七點 下午三點",
}
EN = {
    "b": "the Oak Street store|your High Street branch|the downtown store|Hejia Market",
    "f": "strawberries|peaches|mushrooms|grapes|avocados|tomatoes|blueberries",
    "d": "sushi|chicken salad|rotisserie chicken|potato salad|meat pie|deli sandwich|lasagne",
    "p": "milk|bread|yoghurt|cereal|coffee|cheese|orange juice|granola",
    "h": "kettle|toaster|umbrella|frying pan|vacuum flask|desk lamp|blender",
    "e": "power bank|heater|extension cord|electric blanket|phone charger",
    "t": "ten|noon|six thirty|4 pm|half past two",
}

ADDRESSES = {
    "zh": ("@禾家超市 {}", "禾家：{}", "{}！", "{}……"),
    "en": ("@HejiaMarket {}", "{}!", "{} #hejia"),
}


def fills(voice: str) -> dict[str, list[str]]:
    """Fillings of each slot for this voice."""
    english = {name: words.split("|") for name, words in EN.items()}
    if voice in _ENGLISH:
        return english
    chinese = {name: words.split() for name, words in (TW if voice in _TRADITIONAL else ZH).items()}
    return chinese | {f"{name}e": words for name, words in english.items()}


def fill(template: str, slots: dict[str, list[str]], chance: random.Random) -> str:
    number = chance.randint(3, 9)
    numbers = {
        "n": str(number),
        "n2": str(number + chance.randint(3, 20)),
        "m": str(chance.choice((20, 25, 30, 40, 45, 50))),
    }
    return _SLOT.sub(
        lambda found: numbers.get(found[1]) or chance.choice(slots[found[1]]), template
    )


def variants(template: str, voice: str, chance: random.Random) -> list[str]:
    """The template, up to ``TIMES`` times, no two alike."""
    slots = fills("british" if template.isascii() else voice)
    found = {fill(template, slots, chance): None}
    for _ in range(20):
        if len(found) == TIMES:
            break
        text = fill(template, slots, chance)
        # Half of the others are addressed to the shop, as posts are.
        if not _SLOT.search(template) or chance.random() < 0.5:
            kind = "en" if template.isascii() else "zh"
            text = chance.choice(ADDRESSES[kind]).format(text.rstrip("。.!！"))
        found.setdefault(text)
    return list(found)


def rows(voice: str, lines: list[str], chance: random.Random) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for number, line in enumerate(line for line in lines if line and line[0] != "#"):
        complaint, category, intent, risk, template = line.split(" ", 4)
        made.extend(
            {
                "text": text,
                "complaint": int(complaint == "C"),
                "category": category,
                "intent": intent,
                "risk": [] if risk == "-" else risk.split(","),
                "author": voice,
                "template": f"{voice}-{number}",
                "split": "held_out" if voice in HELD_OUT else "train",
            }
            for text in variants(template, voice, chance)
        )
    return made


def main() -> None:
    made: list[dict[str, object]] = []
    for path in sorted((FOLDER / "voices").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        made += rows(path.stem, lines, random.Random(path.stem))
    with (FOLDER / "complaints.jsonl").open("w", encoding="utf-8") as out:
        for row in made:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    held = sum(row["split"] == "held_out" for row in made)
    print(f"{len(made)} sentences, {held} of them held out")


if __name__ == "__main__":
    main()
