"""Production is recognised in whatever way it is spelled; ordinary words are not taken for it."""

# ruff: noqa: RUF001 - look-alike letters are what this is about
import pytest

from pytest_rdsfailover.live.production import production_signs

PRODUCTION = [
    "prod", "PROD", "orders-prod-1", "PRD_orders", "prod2", "production.eu", "ordersprod",
    "eu1prod", "prodorders", "ordersprodwest", "OrdersProd", "PRODorders", "orders_prods",
    "prds", "productions", "preprod", "non-prod", "productionorders", "produktion",
    "orders-produktion", "produktiv", "produccion", "producción", "produção", "produzione",
    "productie", "produkcja", "tuotanto", "üretim", "прод", "продакшн", "生产", "本番", "운영",
    "ｐｒｏｄ", "ＰＲＯＤ", "рrоd", "ргоԁ", "ᴘʀᴏᴅ", "𝐩𝐫𝐨𝐝", "pr\u00adod", "pr\u200bod", "p̈rod",
    "pr0d", "pr0duct1on", "pr٠d", "p-r-o-d", "pro-d", "pr.od", "p r o d", "orders-live", "Live",
    "productprod", "prod-products", "reproduction-prod", "ρrοd", "prøđ",
    "preproduction", "orders-preproduction-1", "pяod", "1iveorders", "go1ive",
    "orderslive", "liveorders", "orderslive2", "eulive-orders", "OrdersLive", "LIVEorders", "golive",
    "l1veorders", "orders-lіve", "tradelive", "tomatolive", "delivery-live", "liveolives", "livedb",
    "Ƥrod", "ƥɍꝋƌ", "🅿🆁🅾🅳", "🄿🅁🄾🄳", "🅟🅡🅞🅓", "🇵🇷🇴🇩", "eu-ᵽrod-1",
    "生産", "本番環境", "プロダクション", "ライブ", "ﾗｲﾌﾞ", "现网", "実稼働", "라이브", "wirkbetrieb",
    "orders-wirkbetrieb-1", "Echtbetrieb", "canlı", "orders-пром", "промышленный",
    "виробничий", "ייצור", "الإنتاج", "उत्पादन", "sản xuất", "proizvodnja",
]  # fmt: skip
ORDINARY = [
    "orders-test", "product-catalogue", "products", "reproduction", "coproductions", "producer-1", "produce",
    "shop-rodeo", "delivery", "alive", "produkte", "prodotti", "produits", "improve", "staging",
    "orders-dev-2", "überall", "тест", "", "olives", "Oliver", "clive", "liver", "liverpool-test",
    "lives", "lively", "outlived", "believe", "undeliverable", "deliveries", "livestream", "liveness",
    "промо", "cannelloni", "betriebsrat", "orders-ga", "orders-p1", "georgia", "テスト", "测试", "ライブラリ", "라이브러리", "ผลิตภัณฑ์",
    "proizvod", "प्रोडक्ट",
]  # fmt: skip


@pytest.mark.parametrize("text", PRODUCTION)
def test_production_is_recognised_in_a_name_and_in_a_tag_of_any_key(text):
    assert production_signs([text], {}) == [f"named {text}"]
    for key in ("stage", "deployment", "application:stage", "Environment", "whatever"):
        assert production_signs(["orders"], {key: text}) == [f"tag {key}={text}"]


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_word_is_no_sign(text):
    assert production_signs([text], {"stage": text, "env": text, "other": text}) == []


@pytest.mark.parametrize("key", ["env", "Stage", "app:tier", "環境", "среда", "Umgebung"])
@pytest.mark.parametrize(
    "value",
    [
        "p", "P1", "p-2", "р1", "GA", "G.A.", "general availability", "PRO", "pdn", "Release", "real",
        "main", "customer-facing", "operational", "Betrieb", "drift", "éles", "ostrý", "esercizio", "正式环境",
        "线上", "商用", "бой",
    ],
)  # fmt: skip
def test_what_means_production_where_a_stage_is_told_is_a_sign_there_only(key, value):
    assert production_signs([], {key: value}) == [f"tag {key}={value}"]
    assert production_signs([value], {"owner": value}) == []


@pytest.mark.parametrize(
    "key",
    [
        "Stаge",
        "еnv",
        "ѕtаɡе",
        "ѕтаɡе",
        "t1er",
        "ｅｎｖ",
        "e\u200bnv",
        "ᴇɴᴠ",
        "cłаss",
        "envіrоnment",
    ],
)
def test_a_key_of_look_alike_letters_tells_a_stage_as_well(key):
    assert production_signs([], {key: "p"}) == [f"tag {key}=p"]
    assert production_signs([], {key: "test"}) == []


@pytest.mark.parametrize(
    "value", ["testbetrieb", "prerelease", "mainly", "pq", "gamma", "proto", "dev-p"]
)
def test_a_stage_of_another_name_is_none(value):
    assert production_signs([], {"env": value}) == []


def test_a_key_that_says_production_is_a_sign_unless_its_value_denies_it():
    assert production_signs([], {"production": "true"}) == ["tag production=true"]
    assert production_signs([], {"is-prod": "Yes"}) == ["tag is-prod=Yes"]
    assert production_signs([], {"production": "false", "prod": "NO", "isProd": "0"}) == []
    for key in ("production", "is-prod", "isProd"):  # a tag without a value is a label
        assert production_signs([], {key: ""}) == [f"tag {key}="]
        assert production_signs([], {key: " "}) == [f"tag {key}= "]


@pytest.mark.parametrize(
    "key",
    ["non_prod", "nonprod", "non-production", "not-prod", "NonProd", "app:no_live", "isNotProd"],
)
def test_a_key_that_denies_production_is_a_sign_whatever_its_value_is(key):
    for value in ("false", "no", "0", "true"):
        assert production_signs([], {key: value}) == [f"tag {key}={value}"]


@pytest.mark.parametrize("key", ["env", "Umgebung", "app:Stage", "TIER", "deployment-stage"])
def test_letters_of_two_scripts_in_one_word_of_a_stage_are_a_sign(key):
    """No real word mixes them, so what nobody can read is not taken for harmless."""
    assert production_signs([], {key: "tеst"}) == [f"tag {key}=tеst"]
    assert production_signs([], {"owner": "tеst"}) == []
    assert production_signs([], {key: "p"}) == [f"tag {key}=p"]


def test_the_key_of_the_opt_in_is_no_sign_but_its_value_must_be_right_elsewhere():
    tags = {"nonprod:failover": "true"}
    assert production_signs([], tags, "nonprod:failover") == []
    assert production_signs([], tags) == ["tag nonprod:failover=true"]
