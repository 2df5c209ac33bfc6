"""The geometry of the pictures that the server draws; templates only write it down as SVG."""

ROW_HEIGHT, MARGIN = 34, 14


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
    """A forest plot in two shapes of the same picture: `wide` with labels beside the lines, `narrow` with labels above.

    Each row is a dict with label, value, low, high and perhaps group. On right-to-left pages the picture is mirrored:
    labels at the right, values growing to the left.
    """
    shapes = (
        _forest(rows, minimum, maximum, reference, mirrored, label_width=230, plot_width=420, above=0),
        _forest(rows, minimum, maximum, reference, mirrored, label_width=0, plot_width=310, above=20),
    )
    return [{"name": name, **shape} for name, shape in zip(("wide", "narrow"), shapes, strict=True)] if rows else []


def _forest(rows, minimum, maximum, reference, mirrored, *, label_width, plot_width, above):
    width = label_width + plot_width + 2 * MARGIN

    def position(value):
        if (value := _number(value)) is None:
            return None
        x = label_width + MARGIN + _share(value, minimum, maximum) * plot_width
        return round(width - x if mirrored else x, 2)

    lines, y, group = [], MARGIN, None
    for row in rows:
        if row.get("group") and row["group"] != group:
            group = row["group"]
            lines.append({"heading": group, "text_y": y + ROW_HEIGHT * 0.65})
            y += ROW_HEIGHT
        middle = y + above + (ROW_HEIGHT - above / 2) / 2
        x1, x2 = position(row.get("low")), position(row.get("high"))
        lines.append(
            {
                "label": _short(str(row["label"]), 44 if above else 30),
                "full": str(row["label"]),
                "y": middle,
                "text_y": y + 16 if above else middle + 5,
                "x": position(row.get("value")),
                "x1": None if x2 is None else x1,
                "x2": None if x1 is None else x2,
            }
        )
        y += ROW_HEIGHT + above
    step = (maximum - minimum) / 5
    return {
        "width": width,
        "height": y + 34,
        "top": MARGIN,
        "bottom": y,
        "ruler": y + 20,
        "label_x": width if mirrored else 0,
        "lines": lines,
        "ticks": [{"value": round(minimum + step * i, 2), "x": position(minimum + step * i)} for i in range(6)],
        "reference": position(reference),
    }


def _short(label, most):
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"
