"""The sheet on paper: as a workbook for filling in without a connection (`writing`), and read again (`reading`).

A hidden page of the workbook names the assignment, the version of the draft and what stood in it, sealed with a digest. So
a file of another assignment or one that was tampered with is known, and what changed on either side since can be told apart.
"""

import base64
import json

from django.utils.crypto import constant_time_compare, salted_hmac

EDITION = "sheet/1"
SEALED_PAGE = "portal"
# The columns of the page that is filled in; the key is hidden. The texts are written where guidance stands beside indicators.
KEY, NUMBER, TITLE, WEIGHT, HOW, ANSWER, COMMENT = COLUMNS = tuple("ABCDEFG")
TEXT = HOW


def sealed(assignment_id, version, stood):
    """The lines of the hidden page; `stood` are the fields of the draft by name."""
    packed = base64.b64encode(json.dumps(stood, ensure_ascii=False, sort_keys=True).encode()).decode()
    return [EDITION, str(assignment_id), str(version), _digest(str(assignment_id), str(version), packed), packed]


def unsealed(lines):
    """(assignment, version, stood) of a hidden page; None when it is not one of ours as it was written."""
    if len(lines) < 5 or lines[0] != EDITION:
        return None
    _edition, assignment_id, version, digest, *packed = lines
    packed = "".join(packed)
    if not constant_time_compare(_digest(assignment_id, version, packed), digest):
        return None
    return int(assignment_id), int(version), json.loads(base64.b64decode(packed))


def _digest(*facts):
    return salted_hmac("assessments.paper", json.dumps([EDITION, *facts]), algorithm="sha256").hexdigest()
