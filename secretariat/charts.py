"""The geometry of the pictures that the server draws; templates only write it down as SVG."""

from math import ceil, floor

ROW_HEIGHT, MARGIN = 34, 14
# What the further parts of a forest plot need: the names of its zones, what stands before a label, brackets, lines across.
ZONE_LABEL, ZONE_LETTER, LEAD, BRACKET, RULE = 20, 6.2, 34, 16, 26
LETTER = 7.6  # of a label, on the average


def _number(value):
    return None if value is None or value == "" else float(value)


def _share(value, minimum, maximum):
    """Where a value lies between two bounds, 0 to 1, never outside."""
    return min(1.0, max(0.0, (value - minimum) / (maximum - minimum)))


def bar(value, low=None, high=None, maximum=100, mirrored=False):
    """Percentages for a bar: where its filling and its interval begin and how long they are.

    `mirrored` is for right-to-left pages: the bar grows from the side where reading begins, without a script.
    """
    value, low, high = _number(value), _number(low), _number(high)
    if value is None:
        return None
    filled = round(_share(value, 0, maximum) * 100, 2)
    drawn = {
        "length": filled,
        "start": 100 - filled if mirrored else 0,
        "end": 100 - filled if mirrored else filled,
        "span": None,
    }
    if low is not None and high is not None:
        first, last = sorted(_share(bound, 0, maximum) * 100 for bound in (low, high))
        drawn.update(span=round(last - first, 2), span_start=round(100 - last if mirrored else first, 2))
    return drawn


def axis(values, least=20, whole=(0, 100), most=6):
    """(begin, end, step) of an axis with at most `most` round stretches that holds the values, at least `least` long."""
    low, high = min(values), max(values)
    if (short := least - (high - low)) > 0:
        low, high = low - short / 2, high + short / 2
        # What does not fit at one end of the scale is given at the other.
        low, high = low - max(0, high - whole[1]), high + max(0, whole[0] - low)
    low, high = max(whole[0], low), min(whole[1], high)
    for step in (2, 5, 10, 20, 25, 50, 100):
        begin, end = floor(low / step) * step, ceil(high / step) * step
        if end - begin <= most * step:
            break
    return begin, end, step


def columns(rows, maximum=None, mirrored=False, height=120, column=64):
    """A column chart of (label, value, words) rows, e.g. years: a column each, None for one without a value.

    Grows from the side where reading begins; `maximum` is the height's value, the greatest of the rows where it is None.
    """
    top = maximum or max((float(value) for _label, value, _words in rows if value is not None), default=0) or 1
    width, room = len(rows) * column + 2 * MARGIN, height - 22
    drawn = []
    for place, (label, value, words) in enumerate(rows):
        left = MARGIN + place * column
        middle = left + column / 2
        tall = None if value is None else round(_share(float(value), 0, top) * room, 2)
        drawn.append(
            {
                "label": label,
                "words": words,
                "middle": round(width - middle if mirrored else middle, 2),
                "x": round((width - middle if mirrored else middle) - column * 0.28, 2),
                "width": round(column * 0.56, 2),
                "y": None if tall is None else round(height - tall, 2),
                "height": tall,
            }
        )
    return {"width": width, "height": height + 24, "base": height, "label_y": height + 18, "columns": drawn}


def forest(rows, minimum=0, maximum=100, reference=None, mirrored=False, wide=(230, 420), **marks):
    """A forest plot in two shapes of the same picture: `wide` with labels beside the lines, `narrow` with labels above.

    Each row is a dict with label, value, low, high and perhaps group (a heading), lead (a word before the label), raw
    (a second value). On right-to-left pages the picture is mirrored: labels at the right, values growing to the left.
    `wide` is how much room labels and values have in the wide shape.
    `marks`: step (between ticks); zones, as (begin, end, labels from long to short) with None for an open end; brackets, as (first row, last
    row, is open above, is open below); rules, as {row: words of a line drawn below it}.
    """
    shapes = (
        _forest(rows, minimum, maximum, reference, mirrored, label_width=wide[0], plot_width=wide[1], above=0, **marks),
        _forest(rows, minimum, maximum, reference, mirrored, label_width=0, plot_width=310, above=20, **marks),
    )
    return [{"name": name, **shape} for name, shape in zip(("wide", "narrow"), shapes, strict=True)] if rows else []


def _forest(
    rows, minimum, maximum, reference, mirrored, *, label_width, plot_width, above, step=None, zones=(), brackets=(), rules=None
):
    width = label_width + plot_width + 2 * MARGIN + (BRACKET if brackets else 0)

    def turned(x):
        return round(width - x if mirrored else x, 2)

    def position(value):
        if (value := _number(value)) is None:
            return None
        return turned(label_width + MARGIN + _share(value, minimum, maximum) * plot_width)

    top = MARGIN + (ZONE_LABEL if zones else 0)
    lead = LEAD if any("lead" in row for row in rows) else 0
    lines, drawn_rules, extents, y, group = [], [], [], top, None
    for number, row in enumerate(rows):
        if row.get("group") and row["group"] != group:
            group = row["group"]
            lines.append({"heading": group, "text_y": y + ROW_HEIGHT * 0.65})
            y += ROW_HEIGHT
        extents.append((y + 3, y + ROW_HEIGHT + above - 3))
        middle = y + above + (ROW_HEIGHT - above / 2) / 2
        x1, x2 = position(row.get("low")), position(row.get("high"))
        lines.append(
            {
                "label": _short(str(row["label"]), (44 if above else int(label_width / LETTER)) - lead // 7),
                "full": str(row["label"]),
                "lead": row.get("lead"),
                "y": middle,
                "text_y": y + 16 if above else middle + 5,
                "x": position(row.get("value")),
                "x1": None if x2 is None else x1,
                "x2": None if x1 is None else x2,
                "raw": position(row.get("raw")),
            }
        )
        y += ROW_HEIGHT + above
        if rules and number in rules:
            drawn_rules.append({"y": y + RULE - 6, "text_y": y + RULE - 11, "words": rules[number]})
            y += RULE
    step = step or (maximum - minimum) / 5
    count = round((maximum - minimum) / step)
    return {
        "width": width,
        "height": y + 34,
        "top": top,
        "bottom": y,
        "depth": y - top,
        "ruler": y + 20,
        "lead_x": turned(0),
        "label_x": turned(lead),
        "lines": lines,
        "ticks": [{"value": round(minimum + step * i, 2), "x": position(minimum + step * i)} for i in range(count + 1)],
        "reference": position(reference),
        "zones": _zones(zones, minimum, maximum, position),
        "zone_y": top - 8,
        "brackets": _brackets(brackets, extents, turned(width - 10), 5 if mirrored else -5),
        "rules": drawn_rules,
    }


def _zones(zones, minimum, maximum, position):
    """Stretches of the axis with their place in the order of all, each with the longest of its labels that fits."""
    drawn = []
    for place, (begin, end, labels) in enumerate(zones, 1):
        begin = minimum if begin is None else max(minimum, begin)
        end = maximum if end is None else min(maximum, end)
        if begin >= end:
            continue
        x, width = min(position(begin), position(end)), abs(position(end) - position(begin))
        label = next((label for label in labels if len(label) * ZONE_LETTER + 6 <= width), "")
        middle = round(x + width / 2, 2)
        drawn.append({"place": place, "x": x, "width": round(width, 2), "label": label, "middle": middle})
    return drawn


def _brackets(brackets, extents, x, hook):
    """Paths beside the rows that belong together; a bracket that goes on elsewhere has no hook at that end."""
    paths = []
    for first, last, open_above, open_below in brackets:
        upper, lower = round(extents[first][0], 2), round(extents[last][1], 2)
        begin = f"M{x} {upper - 6}" if open_above else f"M{x + hook} {upper}H{x}"
        end = f"V{lower + 6}" if open_below else f"V{lower}H{x + hook}"
        paths.append(begin + end)
    return paths


def _short(label, most):
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"


# --- time ------------------------------------------------------------------------------------------

BAR_HEIGHT = 26


def gantt(rows, begin, end, ticks, *, mirrored=False, spans=(), marks=(), zone=None, wide=(190, 640)):
    """Bars along time in two shapes of the same picture: `wide` with labels beside the bars, `narrow` with labels above.

    Instants are plain numbers between `begin` and `end`. Each row is a dict with label, bars as (from, to, kind), points (instants) and
    perhaps limit. `ticks` are (instant, label); `spans` a strip of named stretches on top as (from, to, label, kind); `marks` lines across as
    (instant, label, kind); `zone` a stretch behind everything. What is alike is one path, so that a mark is no more than its place.
    """
    shapes = (
        _gantt(rows, begin, end, ticks, mirrored, spans, marks, zone, label_width=wide[0], plot_width=wide[1], above=0),
        _gantt(rows, begin, end, ticks, mirrored, spans, marks, zone, label_width=0, plot_width=330, above=18),
    )
    return [{"name": name, **shape} for name, shape in zip(("wide", "narrow"), shapes, strict=True)]


def _gantt(rows, begin, end, ticks, mirrored, spans, marks, zone, *, label_width, plot_width, above):
    width = label_width + plot_width + 2 * MARGIN

    def position(instant):
        x = label_width + MARGIN + _share(instant, begin, end) * plot_width
        return round(width - x if mirrored else x, 1)

    top = 2 * MARGIN + (BAR_HEIGHT + 8 if spans else 0)
    lines, paths, points, limits, y = [], {}, [], [], top
    for row in rows:
        middle = y + above + BAR_HEIGHT / 2
        most = (52 if above else int(label_width / LETTER)) - 1
        lines.append({"label": _short(row["label"], most), "full": row["label"], "text_y": y + 14 if above else middle + 5})
        for first, last, kind in row["bars"]:
            paths.setdefault(kind, []).append(f"M{position(first)} {middle}H{position(max(first, last))}")
        points += [f"M{position(instant)} {middle}h0" for instant in row.get("points", ())]
        if row.get("limit") is not None:
            limits.append(f"M{position(row['limit'])} {middle - 10}v20")
        y += BAR_HEIGHT + above
    room = plot_width / max(1, len(ticks))
    return {
        "width": width,
        "height": y + 30,
        "top": top,
        "bottom": y,
        "depth": y - top,
        "ruler": y + 18,
        "label_x": position(begin) if above else (width if mirrored else 0),
        "lines": lines,
        "paths": [{"kind": kind, "d": "".join(parts)} for kind, parts in paths.items()],
        "points": "".join(points),
        "limits": "".join(limits),
        "ticks": [{"x": position(instant), "label": label if room > LETTER * len(label) * 0.8 else ""} for instant, label in ticks],
        "spans": [_span(position(first), position(last), label, kind) for first, last, label, kind in spans],
        "span_y": MARGIN,
        "span_height": BAR_HEIGHT,
        "marks": [{"x": position(instant), "label": label, "kind": kind} for instant, label, kind in marks],
        "mark_y": top - 4,
        "zone": zone and _span(position(zone[0]), position(zone[1]), "", ""),
    }


def _span(one, other, label, kind):
    x, length = min(one, other), abs(one - other)
    fits = len(label) * ZONE_LETTER + 6 <= length
    return {
        "x": x, "width": round(length, 1), "middle": round(x + length / 2, 1), "label": label if fits else "", "full": label, "kind": kind,
    }  # fmt: skip
