"""Fair scores on the command line: lme4's answers, and bad input refused in one line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assessments.scoring.__main__ import main

CASES = Path(__file__).parent.parent / "data/scoring"


@pytest.mark.parametrize("case", ["crossed_penicillin", "crossed_sparse_truth", "crossed_insteval"])
def test_the_command_agrees_with_lme4(case, capsys):
    expected = json.loads((CASES / case / "expected.json").read_text())
    assert main(["fair", str(CASES / case / "data.csv")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reml_criterion"] == pytest.approx(expected["reml_criterion"]["value"], abs=1e-3)
    assert told["intercept"] == pytest.approx(expected["intercept"]["value"], abs=1e-4)
    assert told["components"] == 1
    for part in ("var_product", "var_assessor", "var_residual"):
        assert told[part] == pytest.approx(expected[part]["value"], rel=2e-5), part
    scores = expected["fair_score"]
    names = list(scores["values"])
    values = np.array([told["fair_score"][name]["value"] for name in names])
    assert np.abs(values - [scores["values"][name] for name in names]).max() < 1e-4 * values.std()
    assert np.allclose([told["fair_score"][name]["se"] for name in names], [scores["se"][name] for name in names], rtol=1e-4)
    severity, predicted = expected["severity"]["values"], expected["blup_product"]
    found = [told["severity"][name]["value"] for name in severity]
    assert np.abs(np.array(found) - list(severity.values())).max() < 1e-4 * values.std()
    found = [told["blup"][name] - told["intercept"] for name in predicted]
    assert np.abs(np.array(found) - list(predicted.values())).max() < 1e-4 * values.std()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("product,assessor,y\n", "nothing below"),
        ("product,assessor\na,b\n", "column y"),
        ("product,assessor,y\na,b,good\n", "'good' is not a number"),
        ("product,assessor,y\na,b,inf\n", "finite"),
        ("product,assessor,y\na,,3\n", "assessor is empty"),
        ("product,assessor,y\na,b\n", "line 2"),
    ],
)
def test_bad_input_is_refused_in_one_line(text, said, tmp_path, capsys):
    path = tmp_path / "data.csv"
    path.write_text(text)
    assert main(["fair", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_two_ratings_are_answered_too(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("product,assessor,y\nب,1,50\nالف,1,60\n")
    done = subprocess.run(
        [sys.executable, "-m", "assessments.scoring", "fair", path],
        capture_output=True,
        text=True,
        cwd=CASES.parent.parent.parent,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {name: score["value"] for name, score in told["fair_score"].items()} == {"ب": 50.0, "الف": 60.0}
    assert done.stderr == ""
