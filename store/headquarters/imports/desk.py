"""Imports over HTTP: a file comes in and is checked, a person looks, then it is put in force or thrown away."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web

from store.headquarters.api.desk import Desk
from store.headquarters.errors import NotThere, Refused, SetupError, WrongInput
from store.headquarters.imports.checking import BATCH_ROWS, Batch, Checked, RefusedRow, check_batch
from store.headquarters.imports.heading import Column, read_heading
from store.headquarters.imports.records import Record, RecordReader
from store.headquarters.imports.staging import apply, discard, stage
from store.headquarters.nouns.noun import Noun
from store.headquarters.nouns.table import find_noun
from store.headquarters.route import Call, Parameter, Route, Sender, answer
from store.headquarters.setup import answers
from store.headquarters.setup.rules import chain_currency
from store.headquarters.setup.staff_pins import pin_hashes, pin_places
from store.headquarters.setup.typed import Reading, convert

MAX_BYTES = 2_000_000_000
MAX_ROWS = 5_000_000
MAX_SHOWN = 1_000
"""Refused rows that are told one by one; all are counted."""
MAX_WAITING = 8
"""Imports that wait to be put in force; the oldest makes room."""
PREVIEW_ROWS = 5
MAX_MADE = 500
"""Departments and taxes that one file makes along; more are a column that means something else."""
PIECE = 262_144


Made = dict[tuple[str, str], Any]


class ImportReport(msgspec.Struct, kw_only=True):
    """What a file would do, or did. `refused` are the first of `refused_count`."""

    id: str
    noun: str
    state: str = "checked"
    """`checked`, then `loaded`."""
    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused_count: int = 0
    refused: list[RefusedRow] = []
    preview: list[dict[str, Any]] = []
    made: list[str] = []
    """What is made along, such as `department Dairy`."""
    currency: str = ""
    amounts: str = "typed"
    jobs: tuple[str, ...] = ()
    sentence: str = ""


class Imports:
    """The imports of one process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: OrderedDict[str, ImportReport] = OrderedDict()
        self._made: dict[str, Made] = {}

    def routes(self) -> tuple[Route, ...]:
        """What operators may do with imports."""
        problems = ("invalid", "not-found", "refused")
        amounts = Parameter("amounts", "string", "typed (1.29, unless said) or minor (129).")
        skip = Parameter(
            "skip_refused", "string", "yes loads the rows that are right although others are refused."
        )
        kind: dict[str, Any] = {"sender": Sender.OPERATOR, "answers": ImportReport, "problems": problems}
        return (
            Route(
                name="file-check",
                method="POST",
                path="/imports/{noun}",
                handler=self.check,
                summary="Check a CSV file; nothing is in force yet.",
                body=bytes,
                parameters=(amounts,),
                streams=True,
                **kind,
            ),
            Route(
                name="file-apply",
                method="POST",
                path="/imports/{id}/apply",
                handler=self.apply,
                summary="Put a checked file in force, all its rows or none.",
                parameters=(skip,),
                **kind,
            ),
            Route(
                name="file-discard",
                method="DELETE",
                path="/imports/{id}",
                handler=self.discard,
                summary="Throw a checked file away.",
                **kind,
            ),
        )

    async def check(self, call: Call) -> web.Response:
        """Take a file in and check it."""
        noun = find_noun(call.request.match_info["noun"])
        if noun.fields is None or "import" not in noun.generic:
            raise WrongInput(f"{noun.title} cannot be imported.")
        amounts = call.request.query.get("amounts", "typed")
        if amounts not in ("typed", "minor"):
            raise WrongInput("amounts is typed or minor.")
        currency = await call.read(chain_currency)
        report = ImportReport(id=secrets.token_hex(8), noun=noun.name, currency=currency, amounts=amounts)
        file = _File(call, noun, report, Reading(currency=currency, minor=amounts == "minor"))
        try:
            await file.take()
        except BaseException:  # whatever ended it, half a file must not stay
            await call.work(discard, report.id)
            raise
        report.jobs = _jobs(noun, file.made)
        report.made = [f"{other} {key}" for other, key in file.made]
        self._made[report.id] = file.made
        await self._keep(call, report)
        return answer(report)

    async def apply(self, call: Call) -> web.Response:
        """Put a checked file in force."""
        report = self._find(call)
        skip = call.request.query.get("skip_refused", "no") == "yes"
        if report.refused_count and not skip:
            raise Refused(
                f"{report.refused_count:,} rows are refused; mend them, or leave them out explicitly."
            )
        noun = find_noun(report.noun)
        reading = Reading(currency=report.currency)
        made = self._made[report.id]
        nouns = await call.work(apply, report.id, noun, made, self._desk.rules, reading, call.hq.now_ms())
        self._forget(report.id)
        loaded = report.created + report.changed
        self._desk.tell(nouns if loaded else ())
        report.state = "loaded"
        report.jobs = _jobs(noun, made) if loaded else ()
        rows = "row is" if loaded == 1 else "rows are"
        head = f"{loaded:,} {rows} loaded ({report.created:,} new, {report.changed:,} changed)"
        rest = f", {report.unchanged:,} were so already" if report.unchanged else ""
        left = f", {report.refused_count:,} were left out" if report.refused_count else ""
        report.sentence = " ".join((f"{head}{rest}{left}.", *answers.job_sentence(report.jobs)))
        return answer(report)

    async def discard(self, call: Call) -> web.Response:
        """Throw a checked file away."""
        report = self._find(call)
        self._forget(report.id)
        await call.work(discard, report.id)
        return answer(report)

    def _forget(self, import_id: str) -> None:
        self._waiting.pop(import_id, None)
        self._made.pop(import_id, None)

    def _find(self, call: Call) -> ImportReport:
        report = self._waiting.get(call.request.match_info["id"])
        if report is None:
            raise NotThere("There is no such import any more; check the file again.")
        return report

    async def _keep(self, call: Call, report: ImportReport) -> None:
        self._waiting[report.id] = report
        while len(self._waiting) > MAX_WAITING:
            oldest = next(iter(self._waiting))
            self._forget(oldest)
            await call.work(discard, oldest)


def _jobs(noun: Noun, made: Made) -> tuple[str, ...]:
    return tuple(sorted({*noun.jobs, *(job for other, _ in made for job in find_noun(other).jobs)}))


class _File:
    """One file on its way in."""

    def __init__(self, call: Call, noun: Noun, report: ImportReport, reading: Reading) -> None:
        self._call = call
        self._noun = noun
        self._report = report
        self._reading = reading
        self._columns: tuple[Column, ...] = ()
        self._reader = RecordReader()
        self.made: Made = {}

    async def take(self) -> None:
        """Read the body to its end, checking as it comes; raises WrongInput for what refuses the whole file."""
        batch: list[Record] = []
        async for records in self._records():
            batch += records
            while len(batch) >= BATCH_ROWS:
                await self._check(batch[:BATCH_ROWS])
                batch = batch[BATCH_ROWS:]
        if batch:
            await self._check(batch)
        if not self._columns:
            raise WrongInput("The file is empty; its first line has to name the columns.")

    async def _records(self) -> AsyncIterator[list[Record]]:
        size = 0
        async for piece in self._call.request.content.iter_chunked(PIECE):
            size += len(piece)
            if size > MAX_BYTES:
                raise WrongInput(f"The file is larger than {MAX_BYTES:,} bytes; split it.")
            yield self._without_heading(
                await asyncio.to_thread(lambda data: list(self._reader.feed(data)), piece)
            )
        yield self._without_heading(list(self._reader.feed(b"", last=True)))

    def _without_heading(self, records: list[Record]) -> list[Record]:
        if self._columns or not records:
            return records
        self._columns = read_heading(self._noun, records[0].cells)
        return records[1:]

    async def _check(self, records: list[Record]) -> None:
        report = self._report
        batch: Batch = await self._call.read(check_batch, self._noun, self._columns, records, self._reading)
        rows, refused = await self._make_ready(batch)
        repeated = await self._call.work(stage, report.id, rows)
        again = {one.line for one in repeated}
        kept = [row for row in rows if row.line not in again]
        report.rows += len(records)
        if report.rows > MAX_ROWS:
            raise WrongInput(f"The file has more than {MAX_ROWS:,} rows; split it.")
        report.created += sum(row.created for row in kept)
        report.changed += sum(not row.created for row in kept)
        report.unchanged += batch.unchanged
        self.made |= batch.made
        if len(self.made) > MAX_MADE:
            raise WrongInput(
                f"The file names more than {MAX_MADE} departments or taxes that are not there; set them."
            )
        every = [*batch.refused, *refused, *repeated]
        report.refused_count += len(every)
        report.refused += every[: MAX_SHOWN - len(report.refused)]
        for row in kept[: PREVIEW_ROWS - len(report.preview)]:
            document = msgspec.json.decode(row.document, type=self._noun.fields)
            report.preview.append(answers.row_of(self._noun, row.key, document))

    async def _make_ready(self, batch: Batch) -> tuple[list[Checked], list[RefusedRow]]:
        """Hash what is secret before it is kept anywhere."""
        if self._noun.inputs is None or not any(row.inputs for row in batch.rows):
            return batch.rows, []
        rows: list[Checked] = []
        refused: list[RefusedRow] = []
        for row in batch.rows:
            try:
                rows.append(await self._hashed(row) if row.inputs else row)
            except SetupError as fault:
                refused.append(RefusedRow(line=row.line, key=row.key, reason=fault.sentence))
        return rows, refused

    async def _hashed(self, row: Checked) -> Checked:
        assert self._noun.inputs is not None, "only a noun with inputs comes here"
        inputs: Any = convert(row.inputs, self._noun.inputs, f"A new {self._noun.title}", self._reading)
        store = str(msgspec.json.decode(row.document).get("store", ""))
        places = await self._call.read(pin_places, row.key, store)
        hashes = await asyncio.to_thread(pin_hashes, self._call.hq.secrets, inputs.pin, places)
        return msgspec.structs.replace(row, inputs={"pin_hashes": hashes})
