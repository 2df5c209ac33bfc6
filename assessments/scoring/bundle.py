"""The open recomputation of a round: its anonymised inputs and published figures as plain files, and the check of them."""

import csv
import hashlib
import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np

from assessments.scoring.inputs import ALGORITHM, Inputs, Sheets
from assessments.scoring.run import OF_NODE, compute
from assessments.scoring.scheme import NOT_APPLICABLE, SCALE, SCORED, UNANSWERED, Scheme
from assessments.scoring.standings import OF_ROOT

INPUTS, RATINGS, SCORES, STANDINGS, RUN = "inputs.json", "ratings.csv", "scores.csv", "standings.csv", "run.json"
PUBLISHED = (SCORES, STANDINGS, RUN)
# Published to a millionth: what two processors may differ by in the last bits is not printed.
PLACES = 6
STATES = {SCORED: "rated", NOT_APPLICABLE: "not applicable", UNANSWERED: "skipped"}
# A bundle comes from anywhere: larger than any round it is not read.
MOST_BYTES = 500_000_000


# ------------------------------------------------------------------ writing
def input_texts(inputs):
    """{file name: text} of the inputs; assessors and products are numbers from 1."""
    groups = [
        {
            "products": (group.products + 1).tolist(),
            "nodes": group.scheme.plain(),
            "measured": {str(product + 1): [_measured(row, group) for row in rows] for product, rows in sorted(group.measured.items())},
        }
        for group in inputs.groups
    ]  # fmt: skip
    head = {
        "algorithm": ALGORITHM,
        "inputs_hash": inputs.digest(),
        "products": inputs.products,
        "assessors": inputs.assessors,
        "not_ranked": (np.flatnonzero(~inputs.ranked) + 1).tolist(),
        "cuts": [float(cut) for cut in inputs.cuts],
        "top": inputs.top,
        "groups": groups,
    }
    rows = [("product", "assessor", "indicator", "state", "value")]
    for group in inputs.groups:
        keys = [leaf.key for leaf in group.scheme.leaves]
        for column, (product, assessor) in enumerate(zip(group.product.tolist(), group.assessor.tolist(), strict=True)):
            for row, key in enumerate(keys):
                state = int(group.states[row, column])
                value = repr(int(group.amounts[row, column]) / SCALE) if state == SCORED else ""
                if not group.scheme.measured[row]:
                    rows.append((product + 1, assessor + 1, key, STATES[state], value))
    return {INPUTS: json.dumps(head, indent=1, ensure_ascii=False) + "\n", RATINGS: _csv(rows)}


def _measured(row, group):
    leaf, state, amount, target = row
    return {
        "indicator": group.scheme.leaves[leaf].key,
        "state": STATES[state],
        "value": amount / SCALE if state == SCORED else None,
        "target": target / SCALE or None,
    }


def figure_texts(scores, standings, run):
    """{file name: text} of what is published.

    `scores` are (product number from 1, node key, *OF_NODE), `standings` (product number, *OF_ROOT), in any order, None or
    NaN where there is nothing to say; `run` is the plain dict of what is told of the round as a whole.
    """
    return {
        SCORES: _csv([("product", "node", *OF_NODE), *sorted(map(_printed, _told(scores)))]),
        STANDINGS: _csv([("product", *OF_ROOT), *sorted(map(_printed, _told(standings)))]),
        RUN: json.dumps(_rounded(run), indent=1, sort_keys=True) + "\n",
    }


def figures_of(result):
    """(scores, standings, run) of a computed result, as `figure_texts` takes them."""
    scores = [
        (product, node.key, *figures)
        for node in result.nodes.values()
        for product, *figures in zip(
            (node.products + 1).tolist(), *(getattr(node, name).tolist() for name in OF_NODE), strict=True
        )
    ]
    rows = zip(*(_plain(getattr(result.standings, name)) for name in OF_ROOT), strict=True)
    standings = [(product, *figures) for product, figures in enumerate(rows, 1)]
    return scores, standings, told_of_run(result.summary, result.digest, result.is_fair)


def _plain(figures):
    """A column of the standings; no rank, group or component is a 0 there and nothing here."""
    return [number or None for number in figures.tolist()] if figures.dtype.kind == "i" else figures.tolist()


def _told(rows):
    """Rows that say something: a product nobody judged has none."""
    return [row for row in rows if any(_says(value) for value in row[1:] if not isinstance(value, str | bool))]


def _says(value):
    if isinstance(value, list):
        return any(map(_says, value))
    return value is not None and value == value and value != 0


def told_of_run(summary, digest, is_fair):
    """What is published of a run as a whole: nothing that points at an assessor."""
    hidden = ("components", "fragile_assessors")
    return {
        **{name: value for name, value in summary.items() if name not in hidden},
        "inputs_hash": digest,
        "adjusted": bool(is_fair),
    }


def _printed(row):
    return tuple(_cell(value) for value in row)


def _cell(value):
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, list | tuple):
        return " ".join("" if math.isnan(one) else f"{one:.{PLACES}f}" for one in value) if all(map(_is_number, value)) else ""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    # Not “-0.000000”.
    return f"{value + 0.0:.{PLACES}f}".replace(f"-{0:.{PLACES}f}", f"{0:.{PLACES}f}") if isinstance(value, float) else value


def _is_number(value):
    return value is not None and not math.isnan(value)


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return round(value, PLACES) + 0.0
    return value


def _csv(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def pack(file, texts):
    """Write the texts as a zip; the same texts give the same bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)


# ------------------------------------------------------------------ checking
def verify(path):
    """Compute the figures of a bundle (a zip or a folder) anew from its ratings and compare them byte for byte.

    Gives {"reproduced", "inputs_hash", "files": {name: {"same", "published", "recomputed"}}} with SHA-256 of each
    file. Raises ValueError where it is no bundle.
    """
    texts = _unpacked(path)
    inputs = read_inputs(texts[INPUTS].decode(), texts[RATINGS].decode())
    digest, claimed = inputs.digest(), json.loads(texts[INPUTS])["inputs_hash"]
    again = figure_texts(*figures_of(compute(inputs)))
    files = {
        name: {
            "same": again[name].encode() == texts[name],
            "published": hashlib.sha256(texts[name]).hexdigest(),
            "recomputed": hashlib.sha256(again[name].encode()).hexdigest(),
        }
        for name in PUBLISHED
    }
    reproduced = digest == claimed and all(file["same"] for file in files.values())
    return {"reproduced": reproduced, "inputs_hash": digest, "inputs_hash_claimed": claimed, "files": files}


def _unpacked(path):
    path, wanted = Path(path), (INPUTS, RATINGS, *PUBLISHED)
    if path.is_dir():
        return {name: (path / name).read_bytes() for name in wanted}
    if not zipfile.is_zipfile(path):
        if not path.exists():
            raise FileNotFoundError(2, "No such file or directory", str(path))
        raise ValueError("neither a zip file nor a folder")
    with zipfile.ZipFile(path) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        for name in wanted:
            if name not in sizes:
                raise ValueError(f"{name} is missing from the bundle")
            if sizes[name] > MOST_BYTES:
                raise ValueError(f"{name} is larger than any round")
        return {name: archive.read(name) for name in wanted}


def read_inputs(head, ratings):
    """Inputs from the texts of inputs.json and ratings.csv; raises ValueError naming what does not fit."""
    head = json.loads(head)
    if head["algorithm"] != ALGORITHM:
        raise ValueError(f"made by {head['algorithm']}, this is {ALGORITHM}")
    groups, group_of = [], {}
    for number, plain in enumerate(head["groups"]):
        scheme = Scheme.from_plain(plain["nodes"])
        groups.append((scheme, np.array(plain["products"], dtype=np.int64) - 1, plain["measured"]))
        group_of.update(dict.fromkeys(plain["products"], number))
    cells = [{} for _group in groups]
    names = {text: state for state, text in STATES.items()}
    for line, row in enumerate(csv.DictReader(io.StringIO(ratings)), 2):
        product, assessor = int(row["product"]), int(row["assessor"])
        if product not in group_of or not 0 < assessor <= head["assessors"] or row["state"] not in names:
            raise ValueError(f"{RATINGS} line {line}: no such product, assessor or state")
        amount = round(float(row["value"]) * SCALE) if row["value"] else 0
        cells[group_of[product]].setdefault((product - 1, assessor - 1), {})[row["indicator"]] = (names[row["state"]], amount)
    ranked = np.ones(head["products"], dtype=bool)
    ranked[np.array(head["not_ranked"], dtype=np.int64) - 1] = False
    sheets = [_sheets(*group, given) for group, given in zip(groups, cells, strict=True)]
    return Inputs(sheets, head["products"], head["assessors"], ranked, tuple(head["cuts"]), head["top"])


def _sheets(scheme, products, measured, cells):
    leaf_row = {leaf.key: row for row, leaf in enumerate(scheme.leaves)}
    columns = sorted(cells)
    states = np.full((len(leaf_row), len(columns)), UNANSWERED, dtype=np.int64)
    amounts = np.zeros_like(states)
    for column, key in enumerate(columns):
        for indicator, (state, amount) in cells[key].items():
            states[leaf_row[indicator], column], amounts[leaf_row[indicator], column] = state, amount
    of_measured = {
        int(product) - 1: sorted(
            (
                leaf_row[row["indicator"]],
                NOT_APPLICABLE if row["state"] == STATES[NOT_APPLICABLE] else SCORED,
                round((row["value"] or 0) * SCALE),
                round((row["target"] or 0) * SCALE),
            )
            for row in rows
        )
        for product, rows in measured.items()
    }
    product = np.array([key[0] for key in columns], dtype=np.int64)
    assessor = np.array([key[1] for key in columns], dtype=np.int64)
    return Sheets(scheme, products, product, assessor, states, amounts, of_measured)
