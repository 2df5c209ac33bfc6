"""The demonstration of exemplars: two for the council to name, one ready for it, one whose agency is asked for its consent."""

from pathlib import Path

import yaml

from products.models.exemplars import TOLD
from products.selectors import exemplars as selectors
from products.services import exemplars
from secretariat.digests import digest

DATA = Path(__file__).parent / "data" / "exemplars.yaml"


def nominate(products, people):
    """Nominate what the story names; every word is made up and says so where it is read. Gives the keys of what is to be named."""
    officer = people["karshenas"]
    named = []
    for said in yaml.safe_load(DATA.read_text(encoding="utf-8"))["exemplars"]:
        owner, product = people[said["by"]], products[said["key"]]
        writer = owner if said["nominated"] == "agency" else officer
        exemplar = _written(exemplars.nominate(product.pk, by=writer), said, writer)
        if said["nominated"] != "agency":
            exemplars.ask(exemplar.pk, by=officer)
        if said["state"] == "asked":
            continue
        answers = dict.fromkeys(exemplar.files.values_list("pk", flat=True), True)
        exemplars.consent(exemplar.pk, by=owner, answers=answers, seen=digest(selectors.words_of(exemplar)))
        if said["state"] == "published":
            named.append(exemplar.pk)
    return named


def _written(exemplar, said, writer):
    spots = selectors.spots(exemplar.score)
    best = sorted((spot for spot in spots if spot.is_dimension and spot.depth == 1), key=lambda spot: -spot.score.value)[:2]
    best += sorted((spot for spot in spots if not spot.is_dimension), key=lambda spot: -spot.score.value)[:1]
    words = {f"{stem}_fa": said[stem][0] for stem in TOLD} | {f"{stem}_en": said[stem][1] for stem in TOLD}
    return exemplars.save(
        exemplar.pk,
        by=writer,
        version=exemplar.version,
        words=words,
        links=said.get("links", []),
        points=[spot.score.pk for spot in best],
        files=[place.pk for place in selectors.evidence_places(exemplar.product)],
    )
