"""Writes `topics.json`, what every topic starts from and what is right there: `python -m tests.exercises.make_topics`."""

import json
from pathlib import Path
from random import Random

from autograd_tiny.exercises import TOPICS

FILE = Path(__file__).with_name("topics.json")


def content(topic: str, difficulty: int) -> dict[str, object]:
    """An exercise on a topic, before other numbers are drawn for it."""
    exercise = TOPICS[topic](difficulty, Random(difficulty), {"digits": 6})
    return {"given": exercise.all_given, "trained": exercise.trained, "formulas": list(exercise.formulas), "answers": exercise.solution}


def contents(topic: str) -> list[dict[str, object]]:
    """Those of every difficulty."""
    return [content(topic, difficulty) for difficulty in (1, 2, 3)]


if __name__ == "__main__":
    FILE.write_text(json.dumps({topic: contents(topic) for topic in TOPICS}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
