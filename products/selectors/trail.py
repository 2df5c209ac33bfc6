"""What this room has on record of a round: the marks that rest on its scores."""

from assessments.trail import Line
from products.models import MarkMove, QualityMark


def marks(round_):
    """Every step of a mark whose score comes from the round."""
    states = dict(QualityMark._meta.get_field("status").flatchoices)
    rows = MarkMove.objects.filter(mark__score__entry__round=round_).select_related("by", "mark__product")
    for row in rows.order_by("pk"):
        step = QualityMark.MOVES.get(row.action)
        yield Line(
            row.at,
            str(step.label if step and step.label else states.get(row.target, row.action)),
            f"markmove:{row.pk}",
            about=str(row.mark),
            by=None if row.by is None else row.by.display_name,
            source=str(states.get(row.source, row.source)),
            target=str(states.get(row.target, row.target)),
            why=row.why,
        )
