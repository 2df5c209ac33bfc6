"""The open recomputation of a round as texts: its ratings as they are read, its figures as they are stored."""

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from assessments import scoring
from assessments.models import Score
from assessments.scoring import bundle
from assessments.scoring.run import OF_NODE
from assessments.scoring.standings import OF_ROOT
from assessments.selectors.score_inputs import round_inputs
from secretariat.errors import RuleBroken

README = "README.md"


def bundle_texts(run):
    """{file name: text} of a computed run; nothing in them names or points at an assessor, an agency or a product.

    Raises RuleBroken where the ratings are no longer those the run was computed from.
    """
    read = round_inputs(run.round_id)
    if read.inputs.digest() != run.inputs_hash:
        raise RuleBroken(_("The ratings are no longer those from which the scores were computed."))
    texts = bundle.input_texts(read.inputs)
    told = bundle.told_of_run(run.summary, run.inputs_hash, run.is_fair)
    texts.update(bundle.figure_texts(*_stored(run, read), told))
    return {README: _readme(run), **texts}


def _stored(run, read):
    """(scores, standings) of the database, under the numbers and keys of the inputs."""
    number = {entry: position for position, entry in enumerate(read.entries.tolist(), 1)}
    keys = {
        node: key
        for layout in read.layouts
        for node, key in zip(layout.nodes, layout.scheme.tree.keys, strict=True)
    }  # fmt: skip
    rows = Score.objects.filter(run=run).values_list("entry_id", "part_id", "indicator_id", *OF_NODE).iterator()
    scores = [(number[entry], keys[part, indicator], *figures) for entry, part, indicator, *figures in rows]
    totals = Score.objects.filter(run=run, part=None, indicator=None).values_list("entry_id", *OF_ROOT)
    return scores, [(number[entry], *figures) for entry, *figures in totals]


def _readme(run):
    """What the files are and how they are checked, first in Persian, then in English."""
    context = {"run": run, "round": run.round, "states": bundle.STATES.values(), "places": bundle.PLACES, "scale": scoring.SCALE}
    written = []
    for language in ("fa", "en"):
        with translation.override(language):
            written.append(render_to_string("assessments/bundle_readme.txt", context).strip())
    return "\n\n---\n\n".join(written) + "\n"
