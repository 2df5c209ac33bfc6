"""Panels made better move by move: joined into one design, and with assessors who meet as many different colleagues as may be.

A move exchanges the assessors of two seats, or gives one seat to an assessor who has room. Nothing that allocation.py
promised is broken on the way: sizes, loads, conflicts, kept pairs. What a panel design costs is the sum, over pairs of
assessors, of the square of how often they meet; it is least where the meetings are spread evenly (a balanced incomplete
block design where one exists), and with it the errors of severity that assessors who always meet would share.
"""

import numpy as np

# How many seats the spreading looks at, each with all its moves: the same on every machine, as a time limit would not be.
MOST_LOOKS, LOOKS_PER_SEAT = 20_000, 200
# Affinity may be lost at prices in cost that fall from dear to cheap, in shares of the mean price of what could be saved.
PRICES = 1, 1 / 4, 1 / 16
# A sweep over the seats that moves fewer than one in so many is the last of its kind.
RARE = 100
SAID_EVERY = 500  # looks
KICKS = 3  # moves at random between two descents
TRIES = 200  # moves that are tried to join one part with another, those that lose least first
MOST_CELLS = 1 << 20  # moves that are looked through at once
NOTHING = 1e-9  # of the greatest affinity


class Panels:
    """A design under change. Matrices are products × assessors; a seat is a chosen pair that is not `fixed`.

    `closed` says which pairs must never be; every assessor's load stays between `least` and `capacity`.
    """

    def __init__(self, chosen, fixed, closed, affinity, least, capacity):
        self.closed, self.affinity, self.least, self.capacity = closed, affinity, least, capacity
        # Counts are whole and far under 2²⁴: exact in the type that multiplies fastest.
        self.chosen = chosen.astype(np.float32)
        self.taken = chosen | closed
        self.product, self.assessor = np.nonzero(chosen & ~fixed)
        self.others = chosen.sum(axis=1) - 1
        self.load = chosen.sum(axis=0)
        self.met = self.chosen.T @ self.chosen
        np.fill_diagonal(self.met, 0)
        self.meetings = self.chosen @ self.met  # how often the panel of the row has met the assessor of the column
        # The same two, for each seat, of its own pair.
        self.own_meetings = self.meetings[self.product, self.assessor]
        self.own_affinity = affinity[self.product, self.assessor]
        self.parts = self._count_parts()

    @property
    def cost(self):
        return int((self.met.astype(float) ** 2).sum() / 2)

    @property
    def least_cost(self):
        """What no design with these panel sizes and these assessors can go under: all pairs meet equally often, give or take 1."""
        pairs = len(self.load) * (len(self.load) - 1) // 2
        each, more = divmod(int(self.met.sum() / 2), max(1, pairs))
        return (pairs - more) * each**2 + more * (each + 1) ** 2

    def moves(self, seat):
        """(rise, gain) of every move of a seat: what it adds to the cost (∞ where it must not be) and to the affinity.

        First the exchanges with every seat, then the gifts to every assessor.
        """
        product, assessor = self.product[seat], self.assessor[seat]
        # Replacing a by b in a panel adds Σ (2·met[b, r] + 1) − (2·met[a, r] − 1) over the colleagues r who stay.
        gift = 2 * (self.meetings[product] - self.met[assessor] - self.meetings[product, assessor] + self.others[product])
        back = 2 * (self.meetings[:, assessor] + self.others)
        # Colleagues whom both panels share meet each of the two once less and once more: 4 was counted for nothing.
        back -= 4 * (self.chosen @ self.chosen[product])
        exchange = (gift - 2 * self.met[assessor])[self.assessor] + back[self.product]
        exchange -= 2 * self.own_meetings
        exchange[self.taken[product][self.assessor] | self.taken[:, assessor][self.product]] = np.inf
        gift[self.taken[product] | (self.load >= self.capacity) | (self.load[assessor] <= self.least[assessor])] = np.inf
        gained = self.affinity[product] - self.affinity[product, assessor]
        exchanged = gained[self.assessor] + self.affinity[:, assessor][self.product]
        exchanged -= self.own_affinity
        return np.concatenate([exchange, gift]), np.concatenate([exchanged, gained])

    def make(self, seat, move, parts=None):
        """Make a move, unless it would leave more than `parts` parts (as many as now): then nothing changes. Says if it was made."""
        undo = move if move < len(self.product) else len(self.product) + self.assessor[seat]
        self._make(seat, move)
        count = self._count_parts()
        if count > (self.parts if parts is None else parts):
            self._make(seat, undo)
            return False
        self.parts = count
        return True

    def _make(self, seat, move):
        product, old = self.product[seat], self.assessor[seat]
        if move < len(self.product):
            new = self.assessor[move]
            self._seat(move, old)
            changed = [product, self.product[move]]
        else:
            new = move - len(self.product)
            self.load[old] -= 1
            self.load[new] += 1
            changed = [product]
        self._seat(seat, new)
        for assessor in (old, new):
            met = self.chosen[:, assessor] @ self.chosen
            met[assessor] = 0
            self.met[assessor] = self.met[:, assessor] = met
        touched = self.chosen[changed].any(axis=0)
        touched[[old, new]] = True
        self.meetings[:, touched] = self.chosen @ self.met[:, touched]
        self.meetings[changed] = self.chosen[changed] @ self.met
        self.own_meetings = self.meetings[self.product, self.assessor]

    def _seat(self, seat, assessor):
        product, old = self.product[seat], self.assessor[seat]
        self.chosen[product, old], self.chosen[product, assessor] = 0, 1
        self.taken[product, old], self.taken[product, assessor] = self.closed[product, old], True
        self.assessor[seat] = assessor
        self.own_affinity[seat] = self.affinity[product, assessor]

    def labels(self):
        """The part of each assessor, from 0; -1 without a product."""
        linked = self.met > 0
        labels = np.full(len(self.load), -1)
        left = self.load > 0
        for part in range(len(left)):
            if not left.any():
                break
            # Assessors are few and well linked: a few steps over whole rows are quicker than a search from one to the next.
            reached, before = np.arange(len(left)) == left.argmax(), 0
            while (now := np.count_nonzero(reached)) > before:
                reached, before = reached | linked[reached].any(axis=0), now
            labels[reached] = part
            left &= ~reached
        return labels

    def _count_parts(self):
        return int(self.labels().max(initial=-1)) + 1


def spread(panels, allowance, generator, say=lambda share: None):
    """Lower the cost, losing at most `allowance` of the affinity in all: the best design met, products × assessors.

    Each seat in turn takes its best move until hardly one is left: first moves that lose no affinity, then those that lower
    the cost most for what they lose. From there a few moves at random and down again, as long as there are looks left.
    `say` hears the share of them that is used.
    """
    walk = _Walk(panels, allowance, generator, say)
    walk.descend(np.inf)
    if allowance > 0:
        price = (panels.cost - panels.least_cost) / allowance
        for share in PRICES:
            walk.descend(share * price)
    while walk.goes_on and walk.kick():
        walk.descend(np.inf)
    return walk.best


class _Walk:
    """From design to design, with what may still be lost and looked at, and the best design met."""

    def __init__(self, panels, allowance, generator, say):
        self.panels, self.left, self.generator, self.say = panels, allowance, generator, say
        self.seats = len(panels.product)
        self.looks = self.most = min(MOST_LOOKS, LOOKS_PER_SEAT * self.seats)
        self.nothing = NOTHING * np.abs(panels.affinity).max(initial=0)
        self.least_cost = panels.least_cost
        self.best, self.best_cost = panels.chosen > 0, panels.cost

    @property
    def goes_on(self):
        return self.looks > 0 and self.best_cost > self.least_cost

    def descend(self, price):
        """Sweep over the seats, taking moves that lower the cost by more than they lose at this price (∞: that lose nothing)."""
        moved = self.seats
        while moved > self.seats // RARE and self.goes_on:
            moved = 0
            for seat in self.generator.permutation(self.seats)[: self.looks]:
                rise, gain = self._look(seat, price)
                rise[rise >= 0] = np.inf
                worth = rise if np.isinf(price) else rise - price * gain
                move = int(worth.argmin())
                if worth[move] < 0:
                    moved += self._make(seat, move, gain[move])
            self._remember()

    def kick(self):
        """A few moves at random that lose nothing; False where there is none."""
        made = 0
        for seat in self.generator.permutation(self.seats)[: self.looks]:
            rise, gain = self._look(seat, np.inf)
            free = np.flatnonzero(np.isfinite(rise))
            if len(free):
                move = int(self.generator.choice(free))
                made += self._make(seat, move, gain[move])
            if made == KICKS:
                break
        return made > 0

    def _look(self, seat, price):
        """The moves of a seat that lose no more than they may; ∞ for the rise of the others."""
        self.looks -= 1
        if self.looks % SAID_EVERY == 0:
            self.say(1 - self.looks / self.most)
        rise, gain = self.panels.moves(seat)
        rise[gain < -(self.nothing if np.isinf(price) else self.left)] = np.inf
        return rise, gain

    def _make(self, seat, move, gain):
        made = self.panels.make(seat, move)
        self.left += gain if made else 0.0
        return made

    def _remember(self):
        cost = self.panels.cost
        if cost < self.best_cost:
            self.best, self.best_cost = self.panels.chosen > 0, cost


def join(panels):
    """Make moves between parts, those that lose least affinity first, until one part is left or no single move joins any more."""
    while panels.parts > 1:
        labels = panels.labels()
        sizes = np.bincount(labels[panels.assessor], minlength=panels.parts)
        # The smallest part has the fewest moves to look through.
        if not any(_join_part(panels, labels, part) for part in np.argsort(sizes, kind="stable")):
            return


def _join_part(panels, labels, part):
    inside = labels[panels.assessor] == part
    here, there = np.flatnonzero(inside), np.flatnonzero(~inside)
    room = (panels.load > 0) & (panels.load < panels.capacity)
    candidates = [
        *(_exchanges(panels, some, there) for some in np.array_split(here, 1 + here.size * there.size // MOST_CELLS)),
        _gifts(panels, here, np.flatnonzero(room & (labels != part))),
        _gifts(panels, there, np.flatnonzero(room & (labels == part))),
    ]
    seats, moves, gains = (np.concatenate(column) for column in zip(*candidates, strict=True))
    return any(panels.make(seats[place], moves[place], panels.parts - 1) for place in _foremost(gains))


def _exchanges(panels, here, there):
    one, other = here[:, None], there[None, :]
    may = ~panels.taken[panels.product[one], panels.assessor[other]] & ~panels.taken[panels.product[other], panels.assessor[one]]
    first, second = np.nonzero(may)
    first, second = here[first], there[second]
    gain = panels.affinity[panels.product[first], panels.assessor[second]] - panels.own_affinity[first]
    gain += panels.affinity[panels.product[second], panels.assessor[first]] - panels.own_affinity[second]
    best = _foremost(gain)
    return first[best], second[best], gain[best]


def _gifts(panels, seats, assessors):
    seats = seats[panels.load[panels.assessor[seats]] > panels.least[panels.assessor[seats]]]
    first, second = np.nonzero(~panels.taken[panels.product[seats][:, None], assessors[None, :]])
    first, second = seats[first], assessors[second]
    gain = panels.affinity[panels.product[first], second] - panels.own_affinity[first]
    best = _foremost(gain)
    return first[best], len(panels.product) + second[best], gain[best]


def _foremost(gain):
    """The places of the greatest gains, as many as are tried."""
    return np.argsort(-gain, kind="stable")[:TRIES]
