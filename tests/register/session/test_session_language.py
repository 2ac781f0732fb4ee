"""The till speaks the language of whoever is signed in, its receipts that of the store."""

import pytest
from msgspec.structs import replace

from session_fakes import BREAD, MILK, REFUSED, running
from store.languages.catalogues import load_languages
from store.register.session.shop_paper import paper_of_catalog
from store.sale.detail import StaffDetail
from store.sale.language import speak


@pytest.fixture(autouse=True)
def languages():
    load_languages()
    yield
    speak("en")


def speaks(till, number: str, language: str) -> None:
    staff = till.world.shop.staff
    till.world.shop.staff = {**staff, number: replace(staff[number], detail=StaffDetail(language=language))}


async def test_whoever_signs_in_is_spoken_to_in_their_language(tmp_path):
    async with running(tmp_path) as till:
        speaks(till, "101", "de")
        await till.ready()
        assert till.view.language == "de"
        assert (await till.enter("12345670")).outcome is not None
        assert till.view.message.text == "12345670 ist nicht bekannt. Einfg verkauft es nach Warengruppe."
        await till.scan(MILK)
        assert (await till.operation(1055)).outcome is REFUSED
        assert (
            till.view.message.text
            == "Schicht schließen: ein Verkauf ist offen. Erst abschließen oder stornieren."
        )
        await till.operation(206)
        assert "Receipt" in "\n".join(till.view.paper)  # the customer's paper is the store's
        await till.operation(701)
        await till.sign_in("102")
        assert till.view.language == "en"
        await till.enter("12345670")
        assert "is not on file" in till.view.message.text


async def test_the_store_speaks_german_on_paper_and_to_all_who_have_no_language(tmp_path):
    async with running(tmp_path) as till:
        till.world.shop.store_policy = replace(till.world.shop.store_policy, language="de")
        speaks(till, "102", "en")
        await till.ready()
        await till.scan(BREAD)
        await till.operation(206)
        paper = "\n".join(till.view.paper)
        assert "Beleg " in paper and "SUMME EUR" in paper and "3,49" in paper and "Bar " in paper
        assert "Receipt" not in paper and "Subtotal" not in paper
        await till.operation(701)
        await till.sign_in("102")
        assert till.view.language == "en"
        await till.scan(BREAD)
        await till.operation(206)
        assert "SUMME EUR" in "\n".join(till.view.paper)


async def test_a_killed_register_comes_back_in_the_language_of_its_cashier(tmp_path):
    async with running(tmp_path) as till:
        speaks(till, "101", "de")
        await till.ready()
        await till.scan(MILK)
        world = till.world
        await till.kill()
        till = await world.start()
        assert till.view.language == "de"
        assert "Wiederhergestellt" in till.view.message.text


async def test_records_hold_what_they_always_held(tmp_path):
    async with running(tmp_path) as till:
        speaks(till, "101", "de")
        await till.ready()
        await till.scan(MILK)
        await till.operation(206)
        await till.operation(1000)
        sale, drawer = [
            record for record in await till.records() if record["kind"] in ("sale", "drawer.open")
        ]
        assert sale["tenders"][0]["kind"] == "cash" and sale["lines"][0]["name"].startswith("Whole milk")
        assert drawer["reason"] == "no sale"


class Catalog:
    """Just enough of a catalog."""

    def __init__(self, formats=None, detail=None):
        self._formats, self._detail = formats or {}, detail

    def document_formats(self):
        return self._formats

    def register(self, number):
        return None if self._detail is None else type("Row", (), {"detail": self._detail})()


def test_the_registers_own_language_wins_over_the_stores_and_that_over_its_file():
    from store.sale.policy import StorePolicy

    german, nothing = StorePolicy(language="de"), StorePolicy()
    assert paper_of_catalog(Catalog(detail={"language": "fr"}), german, "R").language == "fr"
    assert paper_of_catalog(Catalog(detail={}), german, "R", "en").language == "de"
    assert paper_of_catalog(Catalog(), nothing, "R", "de").language == "de"
    assert paper_of_catalog(Catalog(), nothing, "R").language == "en"


def test_a_format_that_cannot_be_used_is_left_out():
    from store.sale.policy import StorePolicy

    catalog = Catalog(
        {"sale": '{"header": "text | Thanks"}', "x": '{"printing": "never"}', "poem": "{}", "z": "{"}
    )
    formats = paper_of_catalog(catalog, StorePolicy(), "R").formats
    assert set(formats) == {"x", "sale"} - ({"sale"} if "sale" not in formats else set())
    assert "sale" not in formats
