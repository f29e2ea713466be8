"""Fifty people want the last seat at the same moment: one gets it."""

import asyncio
from collections import Counter
from itertools import count

from examples.meetings.demo.model import Model
from examples.meetings.messages import CreateMeeting, JoinMeeting
from uow_events import Mediator

RACERS = 50


async def race_for_last_seat(mediator: Mediator, model: Model) -> Counter[str]:
    """Return how the sends ended; the model takes part with the same commands, one after the other."""
    meeting = next(name for number in count(1) if (name := f"last-seat-{number}") not in model.meetings)
    racers = people_not_banned(model)
    created = CreateMeeting(meeting, seats=1)
    await mediator.send(created)
    model.apply(created)
    joins = [JoinMeeting(meeting, racer) for racer in racers]
    answers = await asyncio.gather(*map(mediator.send, joins), return_exceptions=True)
    for join in joins:
        model.apply(join)
    return Counter(type(answer).__name__ if isinstance(answer, BaseException) else "success" for answer in answers)


def is_as_expected(outcomes: Counter[str]) -> bool:
    return outcomes == {"success": 1, "MeetingFull": RACERS - 1}


def people_not_banned(model: Model) -> list[str]:
    free = (name for number in count(1) if (name := f"racer-{number}") not in model.banned)
    return [next(free) for _ in range(RACERS)]
