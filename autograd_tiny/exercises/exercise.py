"""The exercise: numbers of a graph to be found by hand, and what is said about each answer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from autograd_tiny.exercises.answers import Answer, Blank, read_answer
from autograd_tiny.exercises.asking.hints import GRADES, formula, rule
from autograd_tiny.exercises.checked import Checked, Outcome
from autograd_tiny.exercises.choosing.variants import variants_of
from autograd_tiny.exercises.page.page import page_of
from autograd_tiny.exercises.page.picture import picture_of
from autograd_tiny.exercises.task import Task
from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.forms.printed import read_back
from autograd_tiny.marking.forms.quantities import read_quantity
from autograd_tiny.marking.forms.spoken import Words, understood
from autograd_tiny.marking.judging.marker import Marker
from autograd_tiny.storage.files import write_file
from autograd_tiny.text.words import did_you_mean, listed, quoted
from autograd_tiny.views.widget.page import framed

HEIGHT = 900
"""Of the page in a notebook, in pixels."""


class Exercise(Task):
    """Numbers of a graph that somebody is to find by hand, each marked for itself.

    It prints as text.

    Args:
        output: the root of a recorded graph, a formula as text, or what ``read_formula(...).record(...)`` gives.
        ask: what is to be found, in this order: ``"z"`` a number, ``"E/w"`` a derivative, ``"E/z/w"`` the product along
            a path, ``"w'"`` a weight after its update, ``"W"`` all entries of an array; ``"forward"``,
            ``"local derivatives"``, ``"gradients"``, ``"updates"`` all there are of a kind.  One of these, or a list.
        given: numbers for the inputs, by name: all for a formula; for a recorded graph those that are to be others than
            were recorded.
        digits: how many significant digits an answer needs, where the number has so many.
        learning_rate: of gradient descent, where updates are asked for.
        training: what trains, if that is more: an optimizer made for Values of the graph, or the table ``[training]``
            of a page as a mapping, ``{"optimizer": "adam", "learning_rate": 0.1, "parameters": ["w*"]}``.
        told: quantities, as in ``ask``, whose numbers the exercise states, rounded to its digits.
        title: a heading; what is computed if there is none.

    Attributes:
        blanks: what is to be found.

    Raises:
        ValueError: nothing to ask, the same asked twice, a label that no node has or several have, a derivative the
            wrong way round, a number that is not finite, or that does not follow from what is told, as that is rounded;
            an update without a learning rate.
        TypeError: an argument of the wrong kind.

    >>> given = {"w": -3, "x": 2, "b": 6.5}
    >>> exercise = Exercise("z = w*x + b; y = tanh(z)", ["z", "y", "y/z", "y/w"], given=given, digits=3)
    >>> print(exercise)
    y = tanh(z)
    Given: w = -3, x = 2, b = 6.5
        z = w · x + b
        y = tanh(z)
    Find, with 3 significant digits:
        z      = ____
        y      = ____
        ∂y/∂z  = ____
        ∂y/∂w  = ____
    >>> print(exercise.check({"z": "0.5", "y": "0.462", "y/z": "0.786", "y/w": "2.00"}))
    z      0.5    =  Right.
    y      0.462  =  Right.
    ∂y/∂z  0.786  =  Right.
    ∂y/∂w  2.00   ✗  The derivative of the activation, ∂y/∂z, is missing.
    <BLANKLINE>
    3 of 4 answers accepted.
    """

    def blank(self, name: str) -> Blank:
        """The blank that is meant by a name: ``E/w``, ``dE/dw``, ``∂E/∂w``.

        Raises:
            ValueError: there is no such blank.
        """
        by_name = {blank.name: blank for blank in self.blanks}
        if name not in by_name and isinstance(name, str) and name:
            quantity = understood(read_quantity(name), Words(self.setting.graph.labels))
            name = str(quantity) if str(quantity) in by_name else name
        if name not in by_name:
            hint = did_you_mean(str(name), by_name) or f"it asks for {listed(by_name, 12)}"
            raise ValueError(f"the exercise has no blank {name!r}; {hint}")
        return by_name[name]

    def check(self, answers: Mapping[str, Any]) -> Checked:
        """Mark answers, which may be some of those that are asked for.

        Args:
            answers: texts, by the names of the blanks; a number that was computed counts with all its digits, and None
                is no answer.

        Raises:
            ValueError: there is no blank with this name, or two names mean the same one.

        >>> exercise = Exercise("y = sigmoid(w*x)", ["y", "y/w"], given={"w": 0.5, "x": 2})
        >>> exercise.check({"y": "0.7311", "dy/dw": ",39"}).feedback
        {'y': 'Right.', '∂y/∂w': "',39' has a decimal comma; write it with a point."}
        """
        if not isinstance(answers, Mapping):
            raise TypeError(f"answers are given by the names of the blanks, {{'z': '0.5'}}, got {answers!r}")
        found: dict[Blank, Answer] = {}
        for name, entered in answers.items():
            blank = self.blank(name)
            if blank in found:
                raise ValueError(f"{blank.name} is answered twice; give one answer")
            found[blank] = read_answer(entered, blank.digits)
        return self._checked({blank: found.get(blank, Answer("")) for blank in self.blanks})

    def _checked(self, answers: Mapping[Blank, Answer]) -> Checked:
        told = [Claim(quantity, read_back(self.stated[str(quantity)])) for quantity in self.told]
        claimed = {blank: Claim(blank.quantity, x.printed) for blank, x in answers.items() if x.printed}
        if not claimed:
            return Checked([], [Outcome(blank, answer, None) for blank, answer in answers.items()])
        claims = [*told, *claimed.values()]
        report = Marker(self.graph, claims, self.training, asked=self.asked).of_sheet().report()
        marks = dict(zip(claimed, report.marks[len(told) :]))
        return Checked(report.marks, [Outcome(blank, answer, marks.get(blank)) for blank, answer in answers.items()])

    def hint(self, name: str, grade: int = 1) -> str:
        """A hint for one blank.

        Args:
            name: of the blank.
            grade: 1 says which rule, 2 gives the formula, 3 the number.

        Raises:
            ValueError: there is no such blank or grade.

        >>> exercise = Exercise("z = w*x; y = z**2", ["y/w"], given={"w": 0.5, "x": 3})
        >>> for grade in (1, 2, 3):
        ...     print(exercise.hint("y/w", grade))
        The chain rule: through z, whose derivative is multiplied by the local one.
        ∂y/∂w = ∂y/∂z · ∂z/∂w; ∂z/∂w = x
        ∂y/∂w = 9
        """
        if grade not in range(1, len(GRADES) + 1):
            raise ValueError(f"a hint has the grade 1, which rule, 2, the formula, or 3, the number; got {grade!r}")
        blank = self.blank(name)
        if grade == len(GRADES):
            return f"{blank.name} = {self.solution[blank.name]}"
        return (rule, formula)[grade - 1](blank.quantity, self.setting.derivations)

    def variants(
        self,
        n: int,
        seed: int,
        *,
        vary: Iterable[str] | None = None,
        decimals: int | None = None,
        without: Sequence[str] = (),
    ) -> list[Exercise]:
        """The same exercise with other numbers, the same ones for the same seed on every Python.

        A number keeps its sign, about its size and how many decimals it has, and one below 1 stays there; what is 0 or
        1, as targets often are, stays.  Refused are settings where something has no number, a sigmoid, tanh or softmax
        is saturated, an operand is near a kink, an answer is 0, below 0.001 or above 1000, or a known mistake gives the
        right answer by chance.

        Args:
            n: how many.
            seed: a whole number; another one gives others.
            vary: labels of the inputs that vary, or patterns, ``"w*"``.
            decimals: how many the new numbers have.
            without: demands that are left out: ``"kinks"``, ``"saturation"``, ``"readable"``, ``"mistakes"``.

        Raises:
            ValueError: they cannot be found, saying which demand was too strict.

        >>> exercise = Exercise("z = w*x + b; y = sigmoid(z)", ["z", "y", "y/w"], given={"w": 0.5, "x": 1.5, "b": -0.2})
        >>> [variant.solution["z"] for variant in exercise.variants(3, seed=1)]
        ['0.01', '0.08', '1.45']
        """
        return variants_of(self, n, seed, vary, decimals, without)

    def html(self) -> str:
        """The page that marks answers by itself: one HTML file that loads nothing."""
        return page_of(self, picture_of(self))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to one file, an .html.

        Raises:
            ValueError: the name does not end in .html or .htm.
            OSError: the directory does not exist or cannot be written to.
        """
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"the exercise is saved as .html, got {os.fspath(path)!r}")
        return write_file(path, self.html())

    def _repr_html_(self) -> str:
        """The page in a frame; as text where frames are taken out."""
        return framed(self.html(), self.heading, f"<pre>{escape(str(self))}</pre>", HEIGHT)

    def __repr__(self) -> str:
        return f"<Exercise: {self.heading}, {len(self.blanks)} blanks>"


def exercises_in(exercises: Exercise | Sequence[Exercise], what: str) -> list[Exercise]:
    """One exercise or several, as a list, of which something is made.

    Raises:
        ValueError: there are none.
        TypeError: something is no exercise.
    """
    every = [exercises] if isinstance(exercises, Exercise) else list(exercises)
    if not every:
        raise ValueError(f"{what} needs an exercise; exercise.variants(30, seed=1) makes thirty")
    for exercise in every:
        if not isinstance(exercise, Exercise):
            raise TypeError(f"{what} is made of exercises, Exercise('y = w*x', ['y'], ...), got {quoted(exercise)}")
    return every
