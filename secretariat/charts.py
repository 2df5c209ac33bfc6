"""The geometry of the pictures that the server draws; templates only write it down as SVG."""

LABEL_WIDTH, PLOT_WIDTH, ROW_HEIGHT, MARGIN = 230, 420, 34, 14
WIDTH = LABEL_WIDTH + PLOT_WIDTH + 2 * MARGIN


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


def forest(rows, minimum=0, maximum=100, reference=None, mirrored=False):
    """Lines of a forest plot: each row with its label, a point and its interval on a common axis.

    On right-to-left pages the picture is mirrored: labels at the right, values growing to the left.
    """

    def position(value):
        x = LABEL_WIDTH + MARGIN + _share(value, minimum, maximum) * PLOT_WIDTH
        return round(WIDTH - x if mirrored else x, 2)

    lines, y = [], MARGIN
    group = None
    for row in rows:
        if row.get("group") and row["group"] != group:
            group = row["group"]
            lines.append({"heading": group, "y": y + ROW_HEIGHT * 0.65})
            y += ROW_HEIGHT
        line = {"label": _short(str(row["label"])), "full": str(row["label"]), "y": y + ROW_HEIGHT / 2, "heading": "", "row": row}
        value, low, high = _number(row.get("value")), _number(row.get("low")), _number(row.get("high"))
        line["x"] = None if value is None else position(value)
        if low is not None and high is not None:
            line["x1"], line["x2"] = position(low), position(high)
        lines.append(line)
        y += ROW_HEIGHT
    step = (maximum - minimum) / 5
    ticks = [{"value": round(minimum + step * i, 2), "x": position(minimum + step * i)} for i in range(6)]
    return {
        "width": WIDTH,
        "height": y + 34,
        "bottom": y,
        "ruler": y + 20,
        "lines": lines,
        "ticks": ticks,
        "reference": None if _number(reference) is None else position(_number(reference)),
        "label_x": WIDTH if mirrored else 0,
        "top": MARGIN,
    }


def _short(label, most=30):
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"
