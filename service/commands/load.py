"""Loads a file of any size through the rules and statements of HTTP's uploads, a batch a transaction.

How far it has come is kept in the transaction of each batch, so that a load that was killed goes on with --resume and
neither loses a row nor stores one twice.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from service.commands.failure import DONE, FAILED, INTERRUPTED, CommandError
from service.commands.given import Given
from service.commands.load_progress import Loaded, LoadProgress
from service.commands.reading import Batch, Reading, format_of
from service.commands.records import Records, opened, resource_named
from service.commands.refused import RefusedRows
from service.commands.source import Source
from service.commands.telling import Telling
from service.db.database import Connection
from service.db.errors import DatabaseError
from service.http.reasons import reason
from service.records.bulk import BulkWriter, OnConflict, Stored
from service.records.errors import Fault, InvalidRows
from service.records.idempotency import Answer
from service.records.refusals import WHOLE_VIEW
from service.settings import Settings

BATCH = 5000
MOST_SAID = 20  # faults that are printed
Bad = dict[int, list[Fault]]  # what is wrong with a row, by the identity of its Given


@dataclass(frozen=True, slots=True)
class Options:
    """What is loaded, and how."""

    resource: str
    file: str
    form: str | None = None
    on_conflict: OnConflict = OnConflict.ERROR
    collect: str | None = None
    resume: bool = False
    keep_ids: bool = False
    as_json: bool = False


def run(settings: Settings, options: Options) -> int:
    """Load, telling how far it is; CommandError where it stops."""
    return asyncio.run(_loaded(settings, options))


async def _loaded(settings: Settings, options: Options) -> int:
    resource = resource_named(options.resource)
    form = format_of(options.file, options.form)
    with closing(Source(options.file)) as source:
        async with opened(settings) as records:
            progress = LoadProgress(records, resource.table, source.name)
            with closing(RefusedRows(options.collect)) as refused:
                load = Load(records, options, progress, refused, source.size)
                try:
                    file = source.buffered()
                    reading = await asyncio.to_thread(Reading, file, form, resource, min(BATCH, resource.bulk_limit))
                    await load.begin(reading)
                    await load.all(reading)
                except asyncio.CancelledError:
                    raise load.failed("interrupted; ", INTERRUPTED) from None
                except (CommandError, DatabaseError) as error:
                    code = error.code if isinstance(error, CommandError) else FAILED
                    raise load.failed(f"{error}\n", code) from None
                finally:
                    source.stopped = True  # the thread that reads ends by itself
                load.say_end(records.seen)
    return DONE


class Load:
    """One load under way."""

    def __init__(
        self, records: Records, options: Options, progress: LoadProgress, refused: RefusedRows, size: int | None
    ) -> None:
        resource = resource_named(options.resource)
        self._writer = records.writer(resource)
        self._bulk = BulkWriter(self._writer)
        self._options = options
        self._progress = progress
        self._refused = refused
        self._loaded = Loaded()
        self._inserted = self._updated = self._skipped = self._passed = 0
        self._ignored: dict[str, None] = {}
        self.telling = Telling(options.resource, size, sys.stdout, sys.stderr, as_json=options.as_json)

    def failed(self, why: str, code: int) -> CommandError:
        """The error that says `why` it ends and how far it has come; machines are told now."""
        done = self._loaded.rows_read
        far = f"{done:,} rows are done; --resume goes on after them" if done else "no row is stored"
        self.telling.fail(why + far, {"read": done, "code": code})
        return CommandError(why + far, code)

    async def begin(self, reading: Reading) -> None:
        """Begin at the beginning of the file, or where the load before has come to."""
        if self._options.resume and (found := await self._progress.found()) is not None:
            await asyncio.to_thread(reading.go_on_from, found.place)
            self._loaded = found
            self._passed = found.rows_read
            self.telling.begin(found.rows_read, found.place.position)
        else:
            await self._progress.begin(reading.place)
            self._loaded = replace(self._loaded, place=reading.place)
        self._refused.begin(self._loaded.refused_bytes)

    async def all(self, reading: Reading) -> None:
        """Store one batch after the other; the next is read while the database is at work."""
        batch = await asyncio.to_thread(reading.next)
        while batch is not None:
            ahead = asyncio.create_task(asyncio.to_thread(reading.next))
            try:
                await self._finished(batch)
            except BaseException:
                ahead.cancel()
                with suppress(asyncio.CancelledError, CommandError):
                    await ahead
                raise
            self.telling.step(self._loaded.rows_read, self._loaded.place.position)
            batch = await ahead

    async def _finished(self, batch: Batch) -> None:
        """Store the batch; one that is under way when we are interrupted is still counted."""
        storing = asyncio.create_task(self._store(batch))
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError:
            with suppress(CommandError):
                await storing
            raise

    async def _store(self, batch: Batch) -> None:
        good = [row for row in batch.rows if row.fault is None]
        bad: Bad = {id(row): [row.fault] for row in batch.rows if row.fault is not None}
        if bad and not self._refused.collects:
            checked = self._writer.validator.check([row.value for row in good])
            self._stop(batch.rows, bad, good, checked.faults)
        while True:
            try:
                await self._commit(batch, good, bad)
                return
            except InvalidRows as error:
                if not self._refused.collects:
                    self._stop(batch.rows, bad, good, error.faults)
                good = _without(good, error.faults, bad)

    async def _commit(self, batch: Batch, good: Sequence[Given], bad: Bad) -> None:
        self._refused.write(self._loaded.refused_bytes, [(row, bad[id(row)]) for row in batch.rows if id(row) in bad])
        loaded = Loaded(
            batch.ends,
            self._loaded.rows_read + len(batch.rows),
            self._loaded.rows_refused + len(bad),
            self._refused.size,
        )
        counts: list[Stored] = []

        async def beside(connection: Connection, stored: Stored) -> None:
            await self._progress.advance(connection, batch.begins, loaded)
            counts[:] = [stored]

        await self._bulk.create(
            WHOLE_VIEW,
            [row.value for row in good],
            lambda stored: Answer(200, b""),
            self._options.on_conflict,
            wants_rows=False,
            beside=beside,
            keep_ids=self._options.keep_ids,
        )
        (stored,) = counts
        self._loaded = loaded
        self._inserted += stored.inserted
        self._updated += stored.updated
        self._skipped += stored.skipped
        self._ignored.update(dict.fromkeys(stored.ignored))

    def _stop(self, rows: Sequence[Given], bad: Bad, good: Sequence[Given], faults: Sequence[Fault]) -> None:
        said = [(row.line, fault) for row in rows for fault in bad.get(id(row), [])]
        said += [(good[fault.row].line, fault) for fault in faults]
        said.sort(key=lambda one: one[0])
        lines = [f"line {line}: {fault.field or 'the row'} {reason(fault, 'en')}" for line, fault in said[:MOST_SAID]]
        if len(said) > MOST_SAID:
            lines.append(f"and {len(said) - MOST_SAID} more")
        raise CommandError("\n".join(lines))

    def say_end(self, seen: str) -> None:
        """The last word: what became of the rows, and when a service sees them."""
        read, refused = self._loaded.rows_read, self._loaded.rows_refused
        facts = {
            "read": read,
            "before": self._passed,
            "inserted": self._inserted,
            "updated": self._updated,
            "skipped": self._skipped,
            "refused": refused,
            "ignored": list(self._ignored),
            "seconds": round(self.telling.seconds, 3),
            "seen": seen,
        }
        parts = [f"{read:,} rows read", f"{self._inserted:,} stored"]
        parts += [f"{self._passed:,} of them by an earlier load"] if self._passed else []
        parts += [f"{self._updated:,} changed"] if self._updated else []
        parts += [f"{self._skipped:,} left out"] if self._skipped else []
        parts += [f"{refused:,} refused"] if refused else []
        sentence = f"{self._options.resource}: {', '.join(parts)} in {self.telling.seconds:.1f} s"
        sentence += f" ({self.telling.rate(read):,.0f} a second); {seen}"
        if self._ignored:
            sentence += f"\nignored: {', '.join(self._ignored)}"
        self.telling.end(sentence, facts)


def _without(good: Sequence[Given], faults: Sequence[Fault], bad: Bad) -> list[Given]:
    """The rows that have no fault; those that have are added to `bad`."""
    for fault in faults:
        bad.setdefault(id(good[fault.row]), []).append(fault)
    return [row for row in good if id(row) not in bad]
