"""The second pass to native code: where everything lies.

What one step computes and a later one uses waits in a frame, one for each block of the batch.  The workspace holds the
frames and what belongs to the whole batch.
"""

from __future__ import annotations

from itertools import accumulate

from autograd_tiny.lowering.native.arrangement import Arrangement, means_of
from autograd_tiny.lowering.native.loops import MeanOuter
from autograd_tiny.lowering.runners import Layout

FRAME_BYTES = 2**19
"""How much the frames of the blocks that a step goes over may hold: as much as stays in a core's own cache."""
WIDEST_SHUFFLE = 64
"""The most floats of a block of rows that are read or written at once and sorted into columns by shuffles."""
FEW_PARAMETERS = 2048
"""How many parameters a core keeps in its first cache; of more, each chunk gets its own in the order of their use."""


class Frame:
    """Places of values, in floats.

    Attributes:
        size: how many floats a frame holds.
        group: how many blocks a step goes over.
        slots: the vectors of a frame: which value lies in which.
        columns_at: the slot of the first column, where the batch is wide.
        many: "values" and "derivatives", where they are too many to be sorted by shuffles: their numbers.
        few: the same, where they are not.
        summed: values, and in which places their means are wanted; without those that a `MeanOuter` product makes.
        means: how many vectors the means fill, with which the workspace begins.
        sum_at: the vector in the workspace, behind those, that adds up the mean for a place.
        pool: the place in the workspace of a parameter in a step, where there are many.
        places: where in the workspace the means, the last rows of batch, values and derivatives, the frames and the
            pool begin.
        workspace: how many floats it holds.
    """

    def __init__(self, arrangement: Arrangement, layout: Layout, width: int) -> None:
        self.program, self.steps, _ = arrangement
        self.layout, self.width, self.wide = layout, width, is_wide(layout, width)
        outputs = self.program.outputs
        ends = layout.n_values, layout.n_values + layout.n_derivatives
        rows = {"values": outputs[: ends[0]], "derivatives": outputs[ends[0] : ends[1]]}
        self.many = {name: numbers for name, numbers in rows.items() if len(numbers) * width > WIDEST_SHUFFLE}
        self.few = {name: numbers for name, numbers in rows.items() if numbers and name not in self.many}
        in_sums = {x for span, loop in self.steps if isinstance(loop, MeanOuter) for x in span}
        self.summed = {x: places for x, places in means_of(self.program, layout).items() if x not in in_sums}
        self.means = -(-layout.n_means // width)
        places = [place for places in self.summed.values() for place in places]
        self.sum_at = {place: at for at, place in enumerate(places, self.means)}
        self.slots, self.columns_at = self._slots(arrangement)
        vectors = self.columns_at + layout.n_columns * self.wide
        # An odd number of vectors: the same place in many frames then does not fall on the same lines of the
        # processor's cache.
        self.size = width * (vectors and vectors | 1)
        self.group = max(1, FRAME_BYTES // (8 * self.size)) if self.size else 2**40
        head = self.means + len(self.sum_at)
        sizes = [width * n for n in (head, layout.n_columns, layout.n_values, layout.n_derivatives)]
        self.places = [*accumulate([*sizes, self.size and self.size * self.group], initial=0)]
        self.pool = self._pool() if layout.n_parameters > FEW_PARAMETERS else {}
        self.workspace = self.places[-1] + -(-len(self.pool) // width) * width

    def _slots(self, arrangement: Arrangement) -> tuple[dict[int, int], int]:
        """A slot for every value that a later step uses, and how many there are.

        Vectors come first, their values side by side; a slot is used again when its value is not.
        """
        step_of = [i for i, step in enumerate(self.steps) for _ in step.span]
        last_use = dict(enumerate(step_of, self.program.n_leaves))  # at first the step that computes it
        for step, (_, operands) in zip(step_of, self.program.instructions):
            last_use.update(dict.fromkeys(operands, step))
        for rows, step in ((self.few, len(self.steps) - 1), (self.many, len(self.steps))):
            for numbers in rows.values():
                last_use.update(dict.fromkeys(numbers, step))
        slots = {x: slot for slot, x in enumerate(x for vector in arrangement.vectors for x in vector)}
        n_slots = len(slots)
        free: list[int] = []
        freed: dict[int, list[int]] = {}
        for number, step in enumerate(step_of, self.program.n_leaves):
            free += freed.pop(step - 1, [])
            if number not in slots and last_use[number] > step:
                if not free:
                    free.append(n_slots)
                    n_slots += 1
                slots[number] = free.pop()
            if number in slots:
                freed.setdefault(last_use[number], []).append(slots[number])
        return slots, n_slots

    def _pool(self) -> dict[tuple[int, int], int]:
        """A place for every parameter in every step that uses it, in the order of their use."""
        first, n_parameters = self.program.n_leaves, self.layout.n_parameters
        pool: dict[tuple[int, int], int] = {}
        for i, (span, loop) in enumerate(self.steps):
            for number in () if loop else span:
                for x in self.program.instructions[number - first].operands:
                    if x < n_parameters:
                        pool.setdefault((i, x), self.places[-1] + len(pool))
        return pool

    def place(self, x: int) -> int | None:
        """Where in the frame a value of another step lies, or a column of a wide batch; None for other inputs."""
        if x >= self.program.n_leaves:
            return self.slots[x] * self.width
        column = x - self.layout.n_parameters
        return (self.columns_at + column) * self.width if self.wide and 0 <= column < self.layout.n_columns else None


def is_wide(layout: Layout, width: int) -> bool:
    """Whether a block of the batch is too wide to be sorted by shuffles; its columns then lie in the frame."""
    return layout.n_columns * width > WIDEST_SHUFFLE
