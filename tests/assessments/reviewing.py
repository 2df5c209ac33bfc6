"""Programmes for tests, carried as far as a test needs by the services alone."""

import jdatetime

from assessments.services import programmes
from tests import factories, specimens

WORDS = {
    "title_fa": "کتابخانهٔ سیار",
    "title_en": "Mobile library",
    "starts_on": jdatetime.date(1404, 1, 1),
    "ends_on": jdatetime.date(1404, 6, 1),
    "aims": "کتاب به روستا برسد.",
    "audience": "کودکان روستا",
    "budget": "صد میلیون ریال",
    "report": "هفت واحد سیار کار کردند.",
    "links": "https://example.org/report",
}


def written(agency=None, by=None, **words):
    """An agency's own draft with everything said: (Programme, user)."""
    agency = agency or factories.agency()
    user = by or factories.representative(agency)
    made = programmes.start(agency, by=user, by_agency=True)
    return programmes.save(made.pk, by=user, version=1, **{**WORDS, **words}), user


def of_secretariat(by=None, **words):
    """A draft that the secretariat writes about its own programme: (Programme, officer)."""
    officer = by or factories.officer()
    made = programmes.start(programmes.secretariat_agency(), by=officer, by_agency=False)
    return programmes.save(made.pk, by=officer, version=1, **{**WORDS, **words}), officer


def accepted(agency=None, set_=None, **words):
    """A programme that an agency proposed and an officer accepted, judged by `set_`."""
    made, user = written(agency, **words)
    programmes.propose(made.pk, by=user)
    return programmes.accept(made.pk, by=factories.officer(), set_id=(set_ or factories.published_set().set).pk)


def being_judged(agency, user, assessor):
    """An accepted programme with a file, taken on by `assessor` in an open round: (Programme, ProgrammeFile)."""
    made, _user = written(agency, user)
    file = programmes.attach(made.pk, specimens.upload(specimens.pdf(text="programme")), by=user)
    programmes.propose(made.pk, by=user)
    programmes.accept(made.pk, by=factories.officer(), set_id=factories.published_set().set_id)
    round_ = factories.round_(status="open")
    (entry,), _left_out = programmes.add_programmes(round_.pk, [made.pk], by=factories.officer())
    factories.assignment(entry, assessor)
    made.refresh_from_db()
    return made, file


def entered(round_=None, **fields):
    """The entry of an accepted programme in a round in preparation."""
    round_ = round_ or factories.round_()
    made = accepted(**fields)
    (entry,), _left_out = programmes.add_programmes(round_.pk, [made.pk], by=factories.officer())
    return entry
