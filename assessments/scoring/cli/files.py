"""Reading the tables and objects that the commands are given; every fault becomes a ValueError that names the place."""

import csv
import json
import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ratings:
    """Ratings as arrays: `product` and `assessor` are positions in `products` and `assessors` (ids, sorted)."""

    products: list
    assessors: list
    product: np.ndarray
    assessor: np.ndarray
    values: np.ndarray  # rows × value columns, or rows where one column was asked for


def read_object(path):
    """The JSON object in a file."""
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    if not isinstance(found, dict):
        raise ValueError("expected one JSON object")
    return found


def read_rows(path):
    """The header and the rows of a CSV file; rows have as many cells as the header. Blank lines are passed over."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = [cell.strip() for cell in next(reader, [])]
        if not header:
            raise ValueError("the file is empty")
        rows = []
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise ValueError(f"line {reader.line_num}: {len(row)} cells, the header has {len(header)}")
            rows.append([cell.strip() for cell in row])
    if not rows:
        raise ValueError("the file has a header and nothing below it")
    return header, rows


def number(cell, line, *, blank=False):
    """A finite number; NaN for an empty cell where `blank` allows it."""
    if blank and cell == "":
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        raise ValueError(f"line {line}: {cell!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"line {line}: {cell!r} is not a finite number")
    return value


def read_table(path, *, named):
    """Rows × columns of numbers, NaN where blank, with the row names when the first column holds them."""
    header, rows = read_rows(path)
    first = 1 if named else 0
    if len(header) - first < 1:
        raise ValueError("no column of numbers")
    # The header is line 1; blank lines are rare enough that counting rows finds the place.
    table = [[number(cell, line, blank=True) for cell in row[first:]] for line, row in enumerate(rows, 2)]
    return [row[0] for row in rows] if named else None, np.array(table)


def read_ratings(path, keys=("product", "assessor"), values=("y",)):
    """A table of ratings: the columns of `keys` and `values`, by name; `values` None takes every other column, blanks allowed."""
    header, rows = read_rows(path)
    wanted = [name for name in header if name not in keys] if values is None else list(values)
    for name in (*keys, *wanted):
        if header.count(name) != 1:
            raise ValueError(f"the column {name} must stand in the header once")
    if not wanted:
        raise ValueError("no column of values")
    places = [header.index(name) for name in keys]
    ids = [[row[place] for row in rows] for place in places]
    for name, column in zip(keys, ids, strict=True):
        if "" in column:
            raise ValueError(f"line {column.index('') + 2}: {name} is empty")
    numbers = np.array(
        [[number(row[header.index(name)], line, blank=values is None) for name in wanted] for line, row in enumerate(rows, 2)]
    )
    coded = [np.unique(column, return_inverse=True) for column in ids]
    return wanted, [(names.tolist(), codes) for names, codes in coded], numbers


def read_fair(path):
    """product, assessor, y as Ratings."""
    _names, ((products, product), (assessors, assessor)), numbers = read_ratings(path)
    return Ratings(products, assessors, product, assessor, numbers[:, 0])
