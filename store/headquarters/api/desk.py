"""The operator's desk: the set-up's rows over HTTP, and the verbs that parts bring."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from store.database.connection import Connection
from store.headquarters.context import Headquarters
from store.headquarters.errors import NotThere, WrongInput
from store.headquarters.nouns.field import fields_of, find_field
from store.headquarters.nouns.noun import Noun, Verb
from store.headquarters.nouns.table import find_noun, verbs_of
from store.headquarters.part import Part, Rule
from store.headquarters.route import Call, VerbHandler, answer
from store.headquarters.setup import answers
from store.headquarters.setup.change import Setting, remove_row, resolve_key, resolve_reference, set_row
from store.headquarters.setup.rules import RULES, chain_currency
from store.headquarters.setup.staff_pins import pin_hashes, pin_places
from store.headquarters.setup.typed import Reading, convert, read_fields, unknown_field
from store.headquarters.setup_rows import get_row, list_beginning, list_page

PAGE = 500
MAX_PAGE = 5_000


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by key; `after` is to be asked for next, empty at the end. `currency` is that of the amounts."""

    rows: list[dict[str, Any]]
    after: str
    currency: str


class Desk:
    """Set-up and verbs with the rules of all parts; one per running headquarters."""

    def __init__(self, hq: Headquarters, parts: Iterable[Part]) -> None:
        self._hq = hq
        self._parts = tuple(parts)
        self.rules: dict[str, tuple[Rule, ...]] = dict(RULES)
        self.verbs: dict[tuple[str, str], VerbHandler] = {}
        for part in self._parts:
            for noun, rules in part.rules.items():
                self.rules[noun] = (*self.rules.get(noun, ()), *rules)
            self.verbs.update(part.verbs)

    async def set(self, call: Call) -> web.Response:
        """PUT a row."""
        noun, key = _named(call, "set")
        given = _given(call)
        inputs = await self._prepare(noun, key, given)
        fields = {name: value for name, value in given.items() if not _is_input(noun, name)}
        wish = Setting(noun=noun, key=key, fields=fields, inputs=inputs)
        done = await call.work(_set, wish, self.rules, self._hq.now_ms())
        self.tell(done.nouns)
        return answer(done, 201 if done.outcome == "created" else 200)

    async def remove(self, call: Call) -> web.Response:
        """DELETE a row."""
        noun, key = _named(call, "remove")
        done = await call.work(_remove, noun, key, self.rules, self._hq.now_ms())
        self.tell(done.nouns)
        return answer(done)

    async def show(self, call: Call) -> web.Response:
        """GET a row."""
        noun, key = _named(call, "show")
        return answer(await call.read(_show, noun, key))

    async def list(self, call: Call) -> web.Response:
        """GET rows, page by page."""
        noun = _with_verb(find_noun(call.request.match_info["noun"]), "list")
        query = dict(call.request.query)
        after, limit = query.pop("after", ""), _limit(query.pop("limit", str(PAGE)))
        wanted = _filters(noun, query)
        return answer(await call.read(_list, noun, after, limit, wanted))

    def command(self, verb: Verb) -> Callable[[Call], Awaitable[web.StreamResponse]]:
        """The handler of a verb that a part brings."""

        async def run(call: Call) -> web.StreamResponse:
            handler = self.verbs.get((verb.noun, verb.name))
            if handler is None:
                raise NotThere(f"`{verb.noun} {verb.name}` is not offered by this headquarters.")
            given = dict(call.request.query) if verb.reads else _given(call)
            currency = await call.read(chain_currency)
            done = await handler(call, arguments_of(verb, given, Reading(currency=currency)))
            return done if isinstance(done, web.StreamResponse) else answer(done)

        return run

    def tell(self, nouns: Iterable[str]) -> None:
        """Tell every part what changed."""
        changed = frozenset(nouns)
        if changed:
            for part in self._parts:
                if part.changed is not None:
                    part.changed(changed)

    async def _prepare(self, noun: Noun, key: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
        """Make ready what is typed beside the fields, before the unit begins: hashing a PIN takes its time."""
        typed = {name: value for name, value in given.items() if _is_input(noun, name)}
        if not typed or noun.inputs is None:
            return {}
        reading = Reading(currency="")
        inputs = convert(
            read_fields(noun.inputs, typed, reading), noun.inputs, f"A new {noun.title}", reading
        )
        pin = getattr(inputs, "pin", "")
        if not pin:
            return {}
        store = given.get("store")
        places = await self._hq.channel.read(pin_places, key["staff"], None if store is None else str(store))
        return {"pin_hashes": await asyncio.to_thread(pin_hashes, self._hq.secrets, pin, places)}


def arguments_of(verb: Verb, given: Mapping[str, Any], reading: Reading) -> Any:
    """The arguments of a verb from what was typed; raises WrongInput."""
    return convert(
        read_fields(verb.arguments, given, reading), verb.arguments, f"`{verb.noun} {verb.name}`", reading
    )


def _set(
    db: Connection, wish: Setting, rules: Mapping[str, tuple[Rule, ...]], now_ms: int
) -> answers.SetAnswer:
    return set_row(db, wish, rules, Reading(currency=chain_currency(db)), now_ms)


def _remove(
    db: Connection, noun: Noun, key: Mapping[str, str], rules: Mapping[str, tuple[Rule, ...]], now_ms: int
) -> answers.SetAnswer:
    return remove_row(db, noun, key, rules, Reading(currency=chain_currency(db)), now_ms)


def _show(db: Connection, noun: Noun, key: Mapping[str, str]) -> dict[str, Any]:
    _, found = resolve_key(db, noun, key, Reading(currency=chain_currency(db)))
    row = get_row(db, noun.name, found)
    if row is None or row.removed or noun.fields is None:
        raise NotThere(f"There is no {noun.title} {found}.")
    return answers.row_of(noun, found, row.read(noun.fields)) | {"currency": chain_currency(db)}


def _list(db: Connection, noun: Noun, after: str, limit: int, wanted: dict[str, str]) -> Page:
    """A page; where rows are chosen by a field it may hold fewer than `limit` rows and still go on."""
    assert noun.fields is not None, "the verb list needs rows"
    first = noun.key[0]
    if first.ref and first.name in wanted:
        whole = resolve_reference(db, first.ref, wanted.pop(first.name))
        found, last = list_beginning(db, noun.name, f"{whole}/"), True
    else:
        found = list_page(db, noun.name, after, limit)
        last = len(found) < limit
    rows = [answers.row_of(noun, row.key, row.read(noun.fields)) for row in found]
    rows = [row for row in rows if all(_is(row.get(name), value) for name, value in wanted.items())]
    return Page(rows=rows, after="" if last else found[-1].key, currency=chain_currency(db))


def _is(value: Any, wanted: str) -> bool:
    return wanted in value if isinstance(value, list) else str(value) == wanted


def _named(call: Call, verb: str) -> tuple[Noun, dict[str, str]]:
    """The noun and the typed parts of the key in the path."""
    noun = _with_verb(find_noun(call.request.match_info["noun"]), verb)
    # The raw path keeps an escaped slash apart from one that separates.
    texts = [unquote(text) for text in call.request.rel_url.raw_path.split("/")[3:]]
    if len(texts) > len(noun.key):
        raise WrongInput(f"The key of a {noun.title} has {len(noun.key)} parts at most.")
    return noun, {part.name: text for part, text in zip(noun.key, texts, strict=False) if text != ""}


def _with_verb(noun: Noun, verb: str) -> Noun:
    if noun.fields is None or verb not in noun.generic:
        raise WrongInput(f"{noun.title} has no `{verb}`. It has: {', '.join(verbs_of(noun))}.")
    return noun


def _given(call: Call) -> dict[str, Any]:
    if not call.body:
        return {}
    return call.document(dict[str, Any])


def _is_input(noun: Noun, name: str) -> bool:
    return find_field(fields_of(noun.inputs), name) is not None


def _filters(noun: Noun, query: Mapping[str, str]) -> dict[str, str]:
    """What rows are chosen by: a field that names another row, or a part of the key."""
    fields = tuple(field for field in fields_of(noun.fields) if field.ref)
    parts = {part.name for part in noun.key}
    wanted = {}
    for name, value in query.items():
        field = find_field(fields, name)
        if field is None and name not in parts:
            raise unknown_field(name, fields)
        wanted[field.name if field is not None else name] = value
    return wanted


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= MAX_PAGE:
        raise WrongInput(f"limit is a number from 1 to {MAX_PAGE}.")
    return int(text)
