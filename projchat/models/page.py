"""Pages of rows that end at a number of bytes as well as at a count.

A long page is fetched batch by batch, so little is loaded of what does not go out any more.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from ..document import Document
from ..extensions import db

# Of the JSON, as it goes out in UTF-8.
MAX_PAGE_BYTES = 256 * 1024
BATCH_SIZE = 64

Row = TypeVar("Row")


class Page(NamedTuple):
    """Rows as they go out, and whether there are more of them."""

    rows: list[Document]
    has_more: bool


def fill_page(rows: Iterable[dict[str, Any]], limit: int, max_bytes: int = MAX_PAGE_BYTES) -> Page:
    """Encode rows until there are `limit` of them or `max_bytes`, but at least one.

    `rows` are as they go out, and are made one by one.
    """
    taken: list[Document] = []
    size = 0
    for row in rows:
        document = Document(row)
        size += document.size + 1  # Its comma.
        if len(taken) == limit or (taken and size > max_bytes):
            return Page(taken, has_more=True)
        taken.append(document)
    return Page(taken, has_more=False)


def fetch_in_batches(
    query: Select[Row], key: InstrumentedAttribute[Any], limit: int, descending: bool = False
) -> Iterator[Row]:
    """Yield up to `limit` rows in the order of a unique `key`, as far as they are asked for.

    The batches grow: where many rows have fitted, more will.
    """
    rest, size = query, BATCH_SIZE
    while limit > 0:
        ordered = rest.order_by(key.desc() if descending else key)
        batch = db.session.scalars(ordered.limit(min(limit, size))).all()
        yield from batch
        if len(batch) < min(limit, size):
            return
        last = getattr(batch[-1], key.key)
        rest = query.where(key < last if descending else key > last)
        limit -= size
        size *= 2


def interleave(one: Iterable[Row], other: Iterable[Row]) -> Iterator[Row]:
    """Yield from both in turn, and then what the longer one has left."""
    pairs = chain.from_iterable(zip_longest(one, other))
    return (row for row in pairs if row is not None)
