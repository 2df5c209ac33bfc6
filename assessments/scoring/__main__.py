"""The scoring engine from a command line: python -m assessments.scoring COMMAND PATH, one JSON object out."""

import importlib
import json
import math
import sys

# Each command's module is loaded only when it is asked for.
COMMANDS = {
    "fair": "crossed",
    "alpha": "agreement",
    "icc": "agreement",
    "icc-incomplete": "agreement",
    "ahp": "comparisons",
    "tree": "trees",
    "rank": "ranks",
    "assign": "panels",
    "connect": "graphs",
    "gstudy": "studies",
    "flags": "flags",
    "verify": "bundles",
}


def main(arguments):
    if len(arguments) != 2:
        return _refuse("usage: python -m assessments.scoring COMMAND PATH")
    name, path = arguments
    if name not in COMMANDS:
        return _refuse(f"unknown command {name}; known: {', '.join(COMMANDS)}")
    command = getattr(importlib.import_module(f"assessments.scoring.cli.{COMMANDS[name]}"), name.replace("-", "_"))
    try:
        result = command(path)
    except OSError as error:
        return _refuse(f"{path}: {error.strerror}")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError) as error:
        # What a command says itself is a sentence; the rest is a fault of the file that it did not foresee.
        said = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        return _refuse(f"{path}: {said}".replace("\n", " "))
    print(json.dumps(_plain(result), allow_nan=False))
    # A bundle whose figures do not follow from its ratings is read well, but it is not in order.
    return 1 if result.get("reproduced") is False else 0


def _plain(value):
    """The result with numpy's numbers as Python's and null for what is not a number."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _refuse(sentence):
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
