"""Awards whose truth is known: how close fair scores, means, medians and z-scores come to it, in four situations.

script/bench simulate
"""

import json

from bench._simulation import SITUATIONS, compared

RUNS = 10
FIRST_SEED = 1000


def main():
    for situation in SITUATIONS:
        for method, told in compared(situation, range(FIRST_SEED, FIRST_SEED + RUNS)).items():
            figures = {name: round(value, 3) for name, value in told.items()}
            print(json.dumps({"bench": "simulate", "situation": situation, "method": method, **figures}), flush=True)


if __name__ == "__main__":
    main()
