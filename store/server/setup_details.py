"""What headquarters set up for a store by code: discounts, info codes, document formats. Reads their tables only.

`detail` is handed on as the JSON text that came (docs/packages.md); whoever knows its struct reads it.
"""

from store.database.connection import Connection, values

SELECT_ALL = {
    "discount": "select code, name, detail from discount where store_id = $1 order by code",
    "info_code": "select code, name, detail from info_code where store_id = $1 order by code",
    "document_format": "select code, '', detail from document_format where store_id = $1 order by code",
}
SELECT_ONE = {
    "discount": "select code, name, detail from discount where store_id = $1 and code = $2",
    "info_code": "select code, name, detail from info_code where store_id = $1 and code = $2",
    "document_format": "select code, '', detail from document_format where store_id = $1 and code = $2",
}


def coded_rows(db: Connection, store: str, table: str) -> list[tuple[str, str, str]]:
    """Code, name and detail of every row of one of the tables, by code."""
    return [
        (str(row[0]), str(row[1]), str(row[2]))
        for row in db.execute(SELECT_ALL[table], values(store)).fetchall()
    ]


def coded_row(db: Connection, store: str, table: str, code: str) -> tuple[str, str, str] | None:
    """Code, name and detail of one row, or None."""
    if "\0" in code:  # PostgreSQL takes no NUL in a text
        return None
    row = db.execute(SELECT_ONE[table], values(store, code)).fetchone()
    return None if row is None else (str(row[0]), str(row[1]), str(row[2]))
