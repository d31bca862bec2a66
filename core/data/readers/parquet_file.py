"""Reads Parquet, through pyarrow.

Knows nothing about the meaning of columns. Rows are numbered from 1; there is no header row.
"""

from __future__ import annotations

import io

from core.data.frame import plain_value, table_of_columns
from core.data.reader import ReadOptions, readers
from core.data.table import Table
from core.foundation.errors import DataError, MissingExtraError

__all__ = ["read_parquet"]


@readers.register("parquet", summary="Apache Parquet", suffixes=(".parquet", ".pq"))
def read_parquet(data: bytes, source: str, options: ReadOptions) -> Table:
    """Return the table in a Parquet file.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: It is no Parquet file, or too large.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "data", purpose="reading Parquet") from error
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        facts = file.metadata
        unpacked = sum(facts.row_group(place).total_byte_size for place in range(facts.num_row_groups))
        if facts.num_rows > options.limits.rows or unpacked > options.limits.unpacked:
            raise DataError(
                f"The file has {facts.num_rows:,} rows and unpacks to {unpacked / 1e6:,.0f} MB.",
                file=source,
                hint=f"At most {options.limits.rows:,} rows are read; take a sample.",
            )
        columns = file.read().to_pydict()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"The file cannot be read as Parquet: {reason}.",
            file=source,
            hint="Write it again, or export CSV.",
        ) from error
    plain = {str(name): [plain_value(value) for value in values] for name, values in columns.items()}
    return table_of_columns(plain, source, options)
