"""Recognises production by names and tags, in any spelling that we could think of; pure.

If a name is wrongly taken for production, its owner has to add one option. So doubt counts as a
sign.
"""

# ruff: noqa: RUF001 - look-alike letters are what this is about
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

# Ordinary words with `prod` or `live` in them, which say nothing of the stage.
ORDINARY = re.compile(
    r"(?<![^\W\d_])(?:re|over|co)production|product(?!ion|iv|ie)|produc(?:e|ing|ible)|produkt(?!ion|iv)"
    r"|produit|produto|prodott|prodig|prodrug|deliver|believ|liveness|livestream|livestock|livelihood"
    r"|(?<![^\W\d_])(?:(?:a|o|c|re|out|en)live[sdnr]?s?|live(?:s|d|n|rs?|ly|rpool))(?![^\W\d_])"
)
# Production in languages whose word has no `prod`; stems, written without accents where that is usual.
FOREIGN = (
    "wirkbetrieb", "wirksystem", "echtbetrieb", "echtsystem", "echtumgebung", "tuotanto",
    "uretim", "razosan", "proizvodn", "toodang", "san xuat", "sanxuat",
    "прод", "производств", "боев", "бойов", "промышлен", "промислов", "виробнич", "эксплуатац",
    "παραγωγ", "ייצור", "פרודקשן", "إنتاج", "تولید", "उत्पादन", "โปรดักชัน", "การผลิต",
    "生产", "生產", "生産", "本番", "実稼働", "运营", "運營", "现网", "現網",
    "プロダクション", "운영", "프로덕션", "실서버",
)  # fmt: skip
# In plain letters: the Japanese word for live has lost its accents.
ABBREVIATIONS = frozenset(
    {"prod", "prods", "prd", "prds", "live", "production", "canli", "пром", "ライフ", "라이브"}
)
STAGE_KEYS = re.compile(
    r"env|stage|staging|tier|deploy|lifecycle|phase|landscape|class|umgebung|stufe|entorno|ambient"
    r"|omgeving|miljo|ymparisto|ortam|srodowisk|prostredi|okruzen|сред|окруж|стенд|контур|περιβαλλον"
    r"|环境|環境|환경|阶段|階段|ステーシ|단계"
)
# What means production only where a stage is told: whole values, of letters and digits alone.
STAGE_VALUES = frozenset({
    "pd", "pdn", "prn", "pro", "ga", "generalavailability", "generallyavailable", "release",
    "released", "stable", "main", "master", "real", "online", "official", "commercial", "customer",
    "customers", "customerfacing", "missioncritical", "businesscritical", "operation", "operations",
    "operational", "inoperation", "inservice", "operativ", "betrieb", "regelbetrieb",
    "exploitation", "esercizio", "explotacion", "operacion", "drift", "skarp", "eles", "ostry",
    "ostra", "provoz", "prevadzka", "бои",
})  # fmt: skip
STAGE_NUMBER = re.compile(r"p\d{0,3}")
STAGE_WORDS = re.compile("正式|线上|線上|上线|商用|運用|稼働|상용|실환경")
DENIED = frozenset({"0", "false", "no", "none", "never", "off"})

# Letters of other scripts that look like those of `production` and `stage`, after case folding.
LOOK_ALIKES = str.maketrans(
    "рρᴘƿþꓑᏢ" "гʀɾɼᴦꓣꭇꭈꮁя" "оοօσᴏøꓳ௦ө" "ԁđðɗɖᴅꓓժ" "υᴜսцʋ" "сϲᴄꓚ" "тτᴛŧꓔ" "іιıɩ" "пηɴƞո" "кκᴋ" "νѵᴠ" "еεᴇ" "ӏʟ" "аαɑᴀ" "ѕꜱ" "ɡցɢ" "мᴍ" "уγʏ" "һ",
    "ppppppp" "rrrrrrrrrr" "ooooooooo" "dddddddd" "uuuuu" "cccc" "ttttt" "iiii" "nnnnn" "kkk" "vvv" "eee" "ll" "aaaa" "ss" "ggg" "mm" "yyy" "h",
)  # fmt: skip
DIGIT_LETTERS = tuple(str.maketrans("01345", letters) for letters in ("oieas", "oleas"))
# The letter that another letter of Latin is a form of, by its name in Unicode: with a hook, squared ...
LETTER = re.compile(
    r"(?:LATIN|REGIONAL INDICATOR).* LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .+)?$"
)
# What a key denies, such as `non_prod`: a value of such a key that denies says production.
DENYING = re.compile(r"(?<![^\W\d_])(?:non|not|no|nicht|kein|un|ikke|inte)[\W_]*(?=pr?o?d|live)")
WORD = re.compile(r"[^\W\d_]+")


def production_signs(names: Sequence[str], tags: Mapping[str, str], opt_in: str = "") -> list[str]:
    """Return what makes a cluster look like production.

    Args:
        names: identifiers of the cluster and its instances.
        tags: its tags; every one is looked at, whatever its key is.
        opt_in: the key of the tag that allows failovers, which says nothing of the stage.
    """
    signs = [f"named {name}" for name in names if _is_named_production(name)]
    return signs + [
        f"tag {key}={value}"
        for key, value in tags.items()
        if key != opt_in and _is_tagged_production(key, value)
    ]


def _is_named_production(name: str) -> bool:
    return any(map(_has_production, _readings(name)))


def _is_tagged_production(key: str, value: str) -> bool:
    if _is_named_production(value):
        return True
    plain = _plain(value)
    if _tells_stage(key) and (_is_stage(value) or _is_mixed(plain)):
        return True
    denied = plain.strip() in DENIED and not any(map(DENYING.search, _readings(key)))
    return _is_named_production(key) and not denied


def _tells_stage(key: str) -> bool:
    """Tell whether a tag's key says that its value is a stage, in any spelling."""
    return any(map(STAGE_KEYS.search, _readings(key))) or _is_mixed(_plain(key))


def _is_stage(value: str) -> bool:
    """Tell whether a stage's value means production, though elsewhere it might mean anything."""
    for reading in _readings(value):
        whole = re.sub(r"[\W_]", "", reading)
        if whole in STAGE_VALUES or STAGE_NUMBER.fullmatch(whole) or STAGE_WORDS.search(whole):
            return True
    return False


def _readings(text: str) -> Iterator[str]:
    """Return the ways to read a text: as it is, with look-alikes replaced, digits as letters."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    for plain in {_plain(text), _plain(split)}:
        latin = plain.translate(LOOK_ALIKES)
        yield from (plain, latin, *map(latin.translate, DIGIT_LETTERS))


def _plain(text: str) -> str:
    """Return a text without its case, width, accents, and characters that nobody sees."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    parts = unicodedata.normalize("NFKD", folded)
    shown = "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Me", "Cf"))
    digits = "".join(str(unicodedata.digit(part, part)) for part in map(_base, shown))
    return unicodedata.normalize("NFKC", digits)


def _base(character: str) -> str:
    """Return the plain letter that a letter of Latin is a form of; anything else as it is."""
    found = None if character.isascii() else LETTER.search(unicodedata.name(character, ""))
    return character if found is None else found[1].lower()


PLAIN_FOREIGN = tuple(map(_plain, FOREIGN))


def _has_production(text: str) -> bool:
    words = WORD.findall(ORDINARY.sub(" ", text))
    if any(sign in word for word in words for sign in ("prod", "prd", "live")):
        return True
    return any(word in text for word in PLAIN_FOREIGN) or _is_spelled_out(words)


def _is_spelled_out(words: Sequence[str]) -> bool:
    """Tell whether neighbouring words are one when they are put together, as in `pro-d`."""
    longest = max(map(len, ABBREVIATIONS))
    return any(
        "".join(words[start:stop]) in ABBREVIATIONS
        for start in range(len(words))
        for stop in range(start + 1, min(len(words), start + longest) + 1)
    )


def _is_mixed(text: str) -> bool:
    """Tell whether a word mixes Latin letters with others, which only look-alikes do."""
    return any(
        len({unicodedata.name(letter, "?").partition(" ")[0] for letter in word}) > 1
        for word in WORD.findall(text)
    )
