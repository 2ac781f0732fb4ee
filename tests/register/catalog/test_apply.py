"""Chains of packages on a catalog: full, delta, both agree; what does not fit is refused and leaves nothing."""

import contextlib
import sqlite3

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog_files import KEYS, PACKAGE_KEY, History, apply_package, check_index, table_rows
from store.database.chunks import ChunkMissing
from store.exchange import package_tables
from store.exchange.package import Package, build_package
from store.exchange.package_header import sign_manifest
from store.exchange.package_tables import TABLES
from store.gateway.offline import OfflineCatalog
from store.register.catalog.apply import apply_chain, wanted_tables
from store.register.catalog.catalog_file import proved_content_hash
from store.register.catalog.errors import CatalogRefused, ChunkNeeded, WrongBase
from store.register.catalog.version import read_version


def item(sku, name="Milk", price=100, **more):
    return {"sku": sku, "name": name, "price": price, **more}


FIRST = {
    "item": [item("1", "Whole milk", plu="7"), item("2", "Rye bread", plu="8"), item("3", "Butter")],
    "barcode": [{"gtin": "04006381333931", "sku": "1"}],
    "price": [{"key": "p1", "sku": "1", "amount": 90, "from_ms": 10, "until_ms": 20}],
    "customer": [{"number": "c1", "name": "Ann Baker", "detail": '{"phone": "1"}'}],
    "staff": [{"number": "101", "name": "Ann", "role": "cashier"}],
    "setting": [{"key": "currency", "value": "EUR"}],
}
SECOND = {
    **FIRST,
    # Two PLUs change places, one item goes, one comes, one gets another name.
    "item": [item("1", "Whole milk 1 l", plu="8"), item("2", "Rye bread", plu="7"), item("4", "Cheese")],
    "barcode": [],
    "customer": [{"number": "c1", "name": "Ann Miller", "detail": "{}"}, {"number": "c2", "name": "Bo"}],
    "role": [{"code": "cashier", "name": "Cashier", "permissions": "sell"}],
}
HISTORY = History(FIRST, SECOND, {**SECOND, "item": []})


def same(one, other):
    assert table_rows(one) == table_rows(other)
    assert read_version(one).content_hash == read_version(other).content_hash
    check_index(one)
    check_index(other)


def test_full_package_and_base_with_delta_are_the_same_catalog(tmp_path):
    base = tmp_path / "1.db"
    apply_package(HISTORY.full(1), base)
    apply_package(HISTORY.delta(2), tmp_path / "2.db", base=base)
    apply_package(HISTORY.full(2), tmp_path / "full.db")
    same(tmp_path / "2.db", tmp_path / "full.db")
    assert table_rows(base)["customer"][0][1] == "Ann Baker", "the base is only read"
    version = read_version(tmp_path / "2.db")
    assert (version.package_seq, version.content_hash) == (2, proved_content_hash(tmp_path / "2.db"))


def test_names_that_changed_are_found_by_the_new_name_only(tmp_path):
    apply_package(HISTORY.full(1), tmp_path / "1.db")
    apply_package(HISTORY.delta(2), tmp_path / "2.db", base=tmp_path / "1.db")
    with contextlib.closing(OfflineCatalog(tmp_path / "2.db")) as catalog:
        assert [found.sku for found in catalog.search("cheese", 9, 0)] == ["4"]
        assert catalog.search("butter", 9, 0) == ()
        assert [found.number for found in catalog.customers("miller", 9)] == ["c1"]
        assert catalog.customers("baker", 9) == ()


def test_several_packages_at_once_lead_where_each_by_itself_leads(tmp_path):
    packages = [HISTORY.full(1), HISTORY.delta(2), HISTORY.delta(3)]
    chunks = {name: data for package in packages for name, data in package.chunks.items()}
    whole = Package(header=packages[-1].header, chunks=chunks)
    made = apply_chain(
        [package.header for package in packages],
        whole.fetch,
        tmp_path / "chain.db",
        base=None,
        support_offline=True,
        applied_ms=0,
    )
    apply_package(HISTORY.full(3), tmp_path / "full.db")
    same(tmp_path / "chain.db", tmp_path / "full.db")
    assert made.rows == read_version(tmp_path / "full.db").rows


def test_the_age_of_each_data_set_is_that_of_the_package_that_touched_it(tmp_path):
    apply_package(HISTORY.full(1), tmp_path / "1.db")
    apply_package(HISTORY.delta(2), tmp_path / "2.db", base=tmp_path / "1.db")
    with contextlib.closing(OfflineCatalog(tmp_path / "2.db")) as catalog:
        sets = {row.name: (row.rows, row.package_seq, row.created_ms) for row in catalog.data_sets()}
    assert sets["item"] == (3, 2, 2)
    assert sets["setting"] == (1, 1, 1)
    assert sets["barcode"] == (0, 2, 2)


# ---- any history


NAMES = st.sampled_from(["Milk", "Whole milk", "Käse „Gouda“", "x", "", "日本茶", "Rye\nbread", '"quoted"'])
STATES = st.fixed_dictionaries(
    {
        "item": st.dictionaries(
            st.text("ab1Ä", min_size=1, max_size=2), st.tuples(NAMES, st.integers(-1, 99)), max_size=6
        ),
        "setting": st.dictionaries(st.text("kz", min_size=1, max_size=2), NAMES, max_size=3),
        "customer": st.dictionaries(st.text("cd", min_size=1, max_size=2), NAMES, max_size=3),
    }
)


def tables_of(state):
    return {
        "item": [item(sku, name, price) for sku, (name, price) in state["item"].items()],
        "setting": [{"key": key, "value": value} for key, value in state["setting"].items()],
        "customer": [{"number": key, "name": name} for key, name in state["customer"].items()],
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(STATES, min_size=2, max_size=5))
def test_any_sequence_of_changes_by_deltas_ends_where_the_full_package_ends(tmp_path, states):
    history = History(*map(tables_of, states))
    path = tmp_path / "0.db"
    apply_package(history.full(1), path)
    for seq in range(2, len(states) + 1):
        package = history.delta(seq)
        target = tmp_path / f"{seq}.db"
        apply_package(package, target, base=path)
        path = target
    apply_package(history.full(len(states)), tmp_path / "full.db")
    same(path, tmp_path / "full.db")
    assert proved_content_hash(path) == read_version(path).content_hash


# ---- wrong bases


def refused(kind, match, tmp_path, package, base=None, **options):
    target = tmp_path / "new.db"
    with pytest.raises(kind, match=match) as caught:
        apply_package(package, target, base=base, **options)
    assert not target.exists()
    return caught.value


def test_delta_without_or_with_another_base_asks_for_a_full_package(tmp_path):
    base = tmp_path / "1.db"
    apply_package(HISTORY.full(1), base)
    refused(WrongBase, "not here", tmp_path, HISTORY.delta(2))
    refused(WrongBase, "here is 1", tmp_path, HISTORY.delta(3), base)
    refused(WrongBase, "another data group", tmp_path, HISTORY.delta(2, data_group="g2"), base)
    refused(WrongBase, "another data group", tmp_path, HISTORY.delta(2, store="S2"), base)
    refused(WrongBase, "other tables", tmp_path, HISTORY.delta(2), base, support_offline=False)


def test_delta_for_another_state_of_the_same_number_is_found_out_by_the_totals(tmp_path):
    apply_package(HISTORY.full(1), tmp_path / "1.db")
    for other in (
        {**FIRST, "item": [item("1"), *FIRST["item"][1:]]},
        {**FIRST, "item": FIRST["item"][1:]},
    ):
        wrong = History(other, {**other, "item": [*other["item"], item("9")]})
        refused(WrongBase, "would not become", tmp_path, wrong.delta(2), tmp_path / "1.db")


def test_chain_with_a_gap_or_of_two_groups_is_refused(tmp_path):
    for chain, words in (
        ((HISTORY.full(1), HISTORY.delta(3)), "does not continue"),
        ((HISTORY.full(1), HISTORY.delta(2, data_group="g2")), "different data groups"),
    ):
        with pytest.raises(WrongBase, match=words):
            apply_chain(
                [package.header for package in chain],
                chain[0].fetch,
                tmp_path / "new.db",
                base=None,
                support_offline=True,
                applied_ms=0,
            )


def test_file_of_another_program_is_no_base(tmp_path):
    base = tmp_path / "1.db"
    apply_package(HISTORY.full(1), base)
    with contextlib.closing(sqlite3.connect(base)) as db:
        db.execute("update meta set value = '0' where key = 'schema'")
        db.commit()
    refused(WrongBase, "other tables", tmp_path, HISTORY.delta(2), base)
    base.write_bytes(b"rubbish")
    refused(CatalogRefused, "no usable catalog", tmp_path, HISTORY.delta(2), base)


def test_full_table_inside_a_delta_replaces_what_was_there(tmp_path):
    apply_package(HISTORY.full(1), tmp_path / "1.db")
    full, delta = HISTORY.full(2), HISTORY.delta(2)
    parts = [
        next(part for part in full.manifest.parts if part.name == part_.name)
        for part_ in delta.manifest.parts
    ]
    manifest = msgspec.structs.replace(delta.manifest, parts=tuple(parts))
    package = Package(header=sign_manifest(manifest, PACKAGE_KEY, KEYS), chunks=full.chunks)
    apply_package(package, tmp_path / "2.db", base=tmp_path / "1.db")
    apply_package(full, tmp_path / "full.db")
    same(tmp_path / "2.db", tmp_path / "full.db")


# ---- which tables a register keeps


def kept(path):
    with contextlib.closing(OfflineCatalog(path)) as catalog:
        return {row.name for row in catalog.data_sets() if row.kept and row.rows}


def test_register_without_offline_support_keeps_the_configuration_only(tmp_path):
    package = HISTORY.full(1)
    wants = wanted_tables(support_offline=False)
    unwanted = [part for part in package.manifest.parts if not wants(part)]
    chunks = dict(package.chunks)
    for part in unwanted:
        for entry in part.chunks:
            del chunks[entry.sha256]
    apply_package(Package(header=package.header, chunks=chunks), tmp_path / "1.db", support_offline=False)
    assert kept(tmp_path / "1.db") == {"staff", "setting"}
    apply_package(HISTORY.delta(2), tmp_path / "2.db", base=tmp_path / "1.db", support_offline=False)
    assert kept(tmp_path / "2.db") == {"staff", "setting", "role"}


def test_excluded_table_is_empty_until_it_comes_whole_again(tmp_path):
    apply_package(HISTORY.full(1), tmp_path / "1.db")
    out = HISTORY.full(1, excluded=frozenset({"customer"}))
    assert not next(part for part in out.manifest.parts if part.name == "customer").offline
    chunks = {k: v for k, v in out.chunks.items() if k not in customer_chunks(out)}
    apply_package(Package(header=out.header, chunks=chunks), tmp_path / "out.db")
    assert "customer" not in kept(tmp_path / "out.db")
    assert table_rows(tmp_path / "out.db")["customer"] == []
    check_index(tmp_path / "out.db")
    refused(WrongBase, "no table customer", tmp_path, HISTORY.delta(2), tmp_path / "out.db")

    # In the middle of a chain: the table goes from one package to the next.
    manifest = msgspec.structs.replace(
        HISTORY.delta(2).manifest,
        parts=tuple(part for part in out.manifest.parts if part.name == "customer"),
    )
    goes = Package(header=sign_manifest(manifest, PACKAGE_KEY, KEYS), chunks={})
    apply_package(goes, tmp_path / "2.db", base=tmp_path / "1.db")
    assert "customer" not in kept(tmp_path / "2.db")
    with contextlib.closing(OfflineCatalog(tmp_path / "2.db")) as catalog:
        assert catalog.customers("ann", 5) == ()
    check_index(tmp_path / "2.db")


def customer_chunks(package):
    part = next(part for part in package.manifest.parts if part.name == "customer")
    return {entry.sha256 for entry in part.chunks}


# ---- a newer headquarters


@pytest.fixture
def newer_headquarters(monkeypatch):
    """Packages are built by a program with one more table and one more column of items."""
    tables = {name: dict(columns) for name, columns in TABLES.items()}
    tables["item"]["colour"] = str
    tables["loyalty"] = {"card": str, "points": int}

    def build(state, *, base=None, seq=1):
        with monkeypatch.context() as patch:
            for name, columns in tables.items():
                patch.setitem(package_tables.TABLES, name, columns)
            package_tables._rows_decoder.cache_clear()
            states = History(*([base] if base else []), state)
            package = (
                build_package(state, seq=1, created_ms=1, key=PACKAGE_KEY, keys=KEYS)
                if base is None
                else states.delta(seq)
            )
        package_tables._rows_decoder.cache_clear()
        return package

    return build


def test_register_one_version_behind_passes_over_new_tables_and_columns(tmp_path, newer_headquarters):
    first = {
        "item": [{**item("1", "Milk"), "colour": "white"}, {**item("2", "Tea"), "colour": "green"}],
        "loyalty": [{"card": "c", "points": 5}],
        "setting": FIRST["setting"],
    }
    second = {
        **first,
        "item": [{**item("1", "Whole milk"), "colour": "white"}],
        "loyalty": [{"card": "c", "points": 6}],
    }
    full = newer_headquarters(first)
    assert {part.name: part.columns for part in full.manifest.parts}["item"] == 12
    apply_package(full, tmp_path / "1.db")
    assert [row[:2] for row in table_rows(tmp_path / "1.db")["item"]] == [("1", "Milk"), ("2", "Tea")]
    apply_package(newer_headquarters(second, base=first, seq=2), tmp_path / "2.db", base=tmp_path / "1.db")
    assert [row[:2] for row in table_rows(tmp_path / "2.db")["item"]] == [("1", "Whole milk")]
    check_index(tmp_path / "2.db")
    assert read_version(tmp_path / "2.db").content_hash == proved_content_hash(tmp_path / "2.db")


def test_register_one_version_behind_still_counts_rows(tmp_path, newer_headquarters):
    first = {"item": [{**item("1"), "colour": "white"}, {**item("2"), "colour": "green"}]}
    other = {"item": [{**item("2"), "colour": "green"}]}
    apply_package(newer_headquarters(first), tmp_path / "1.db")
    wrong = newer_headquarters({"item": []}, base=other, seq=2)
    refused(WrongBase, "would not become", tmp_path, wrong, tmp_path / "1.db")


def test_older_headquarters_without_a_column_leaves_it_empty(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        columns = dict(list(TABLES["item"].items())[:-1])
        patch.setitem(package_tables.TABLES, "item", columns)
        history = History({"item": [item("1")]}, {"item": [item("1"), item("2", "Tea")]})
        full, delta = history.full(1), history.delta(2)
    assert full.manifest.parts[0].columns == 10
    apply_package(full, tmp_path / "1.db")
    apply_package(delta, tmp_path / "2.db", base=tmp_path / "1.db")
    assert [row[-1] for row in table_rows(tmp_path / "2.db")["item"]] == ["", ""]
    wider = History({"item": [item("1"), item("2", "Tea")]}, {"item": [item("1")]})
    package = wider.delta(2)
    manifest = msgspec.structs.replace(package.manifest, package_seq=3, base_seq=2)
    package = Package(header=sign_manifest(manifest, PACKAGE_KEY, KEYS), chunks=package.chunks)
    refused(WrongBase, "no table item", tmp_path, package, tmp_path / "2.db")


# ---- chunks


def test_missing_or_damaged_chunk_is_named(tmp_path):
    package = HISTORY.full(1)
    name = package.manifest.parts[0].chunks[0].sha256
    broken = Package(header=package.header, chunks={**package.chunks, name: b"x" * 9})
    assert refused(ChunkNeeded, "fetch it again", tmp_path, broken).sha256 == name

    def missing(entry):
        raise ChunkMissing(entry.sha256)

    with pytest.raises(ChunkNeeded) as caught:
        apply_chain(
            [package.header], missing, tmp_path / "new.db", base=None, support_offline=True, applied_ms=0
        )
    assert caught.value.sha256 == name


def test_base_that_was_damaged_is_not_built_upon(tmp_path):
    base = tmp_path / "1.db"
    sha256 = apply_package(HISTORY.full(1), base).sha256
    data = base.read_bytes()
    assert data.count(b"EUR") == 1
    base.write_bytes(data.replace(b"EUR", b"USD"))
    found = refused(WrongBase, "damaged", tmp_path, HISTORY.delta(2), base, base_sha256=sha256)
    assert "full package" in found.sentence
    broken = bytearray(data)
    for page in range(2, len(data) // 4096):
        broken[page * 4096 : page * 4096 + 256] = b"\xa5" * 256
    base.write_bytes(broken)
    refused(CatalogRefused, "catalog", tmp_path, HISTORY.delta(2), base)


def test_signed_rows_that_are_no_rows_are_refused_with_a_sentence(tmp_path):
    package = HISTORY.full(1)
    parts = (
        msgspec.structs.replace(package.manifest.parts[0], rows=2, total_rows=2),
        *package.manifest.parts[1:],
    )
    manifest = msgspec.structs.replace(package.manifest, parts=parts)
    wrong = Package(header=sign_manifest(manifest, PACKAGE_KEY, KEYS), chunks=package.chunks)
    refused(CatalogRefused, "was not used: Table item has more rows", tmp_path, wrong)


def test_file_that_sqlite_finds_unsound_is_refused(tmp_path):
    base = tmp_path / "1.db"
    apply_package(HISTORY.full(1), base)
    with contextlib.closing(sqlite3.connect(base)) as db:
        db.execute("pragma ignore_check_constraints = on")
        db.execute("insert into tax (code, name, rate, included, detail) values ('A', 'x', '19', 5, '')")
        db.commit()
    refused(CatalogRefused, "not sound", tmp_path, HISTORY.delta(2), base)


@pytest.mark.parametrize("change", ["delete from meta where key = 'rows'", "update meta set value = 'x'"])
def test_file_that_says_nothing_usable_about_itself_is_no_catalog(tmp_path, change):
    path = tmp_path / "1.db"
    apply_package(HISTORY.full(1), path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(change)
        db.commit()
    with pytest.raises(CatalogRefused, match=r"1\.db is no usable catalog"):
        read_version(path)
