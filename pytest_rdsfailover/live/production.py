"""Recognises production by names and tags, in any spelling that we could think of; pure.

If a name is wrongly taken for production, its owner has to add one option. So doubt counts as a
sign.
"""

# ruff: noqa: RUF001 - look-alike letters are what this is about
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

# Ordinary words with `prod` in them, which say nothing of the stage.
ORDINARY = re.compile(
    r"(?:re|over|co)production|product(?!ion|iv|ie)|produc(?:e|ing|ible)|produkt(?!ion|iv)"
    r"|produit|produto|prodott|prodig|prodrug"
)
# Production in languages whose word has no `prod`: Finnish, Turkish, Russian, Greek, Chinese,
# Japanese, Korean. Written without accents.
FOREIGN = (
    "tuotanto", "uretim", "прод", "производств", "боев", "παραγωγ", "生产", "生產", "本番", "运营",
    "운영", "프로덕션", "プロダクション",
)  # fmt: skip
ABBREVIATIONS = frozenset({"prod", "prods", "prd", "prds", "live", "production"})
STAGE_KEYS = re.compile(
    r"env|stage|staging|tier|deploy|lifecycle|phase|landscape|class|umgebung|stufe|entorno|ambiente"
)
STAGE_VALUES = frozenset({"p", "live", "golive"})
DENIED = frozenset({"", "0", "false", "no", "none", "never", "off"})

# Letters of other scripts that look like the letters of `production`, after case folding.
LOOK_ALIKES = str.maketrans(
    "рρᴘƿþꓑᏢ" "гʀɾɼᴦꓣꭇꭈꮁ" "оοօσᴏøꓳ௦ө" "ԁđðɗɖᴅꓓժ" "υᴜսцʋ" "сϲᴄꓚ" "тτᴛŧꓔ" "іιıɩ" "пηɴƞո" "кκᴋ" "νѵᴠ" "еε" "ӏ",
    "ppppppp" "rrrrrrrrr" "ooooooooo" "dddddddd" "uuuuu" "cccc" "ttttt" "iiii" "nnnnn" "kkk" "vvv" "ee" "l",
)  # fmt: skip
DIGIT_LETTERS = str.maketrans("01345", "oieas")
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
    if STAGE_KEYS.search(_plain(key)) and (plain.strip() in STAGE_VALUES or _is_mixed(plain)):
        return True
    return _is_named_production(key) and plain.strip() not in DENIED


def _readings(text: str) -> Iterator[str]:
    """Return the ways to read a text: as it is, with look-alikes replaced, digits as letters."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    for plain in {_plain(text), _plain(split)}:
        latin = plain.translate(LOOK_ALIKES)
        yield from (plain, latin, latin.translate(DIGIT_LETTERS))


def _plain(text: str) -> str:
    """Return a text without its case, width, accents, and characters that nobody sees."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    parts = unicodedata.normalize("NFKD", folded)
    shown = "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Me", "Cf"))
    digits = "".join(str(unicodedata.digit(part, part)) for part in shown)
    return unicodedata.normalize("NFKC", digits)


def _has_production(text: str) -> bool:
    rest = ORDINARY.sub(" ", text)
    words = WORD.findall(rest)
    if any("prod" in word or "prd" in word for word in words):
        return True
    return any(word in text for word in FOREIGN) or _is_spelled_out(words)


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
