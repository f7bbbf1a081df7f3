"""Records from files, checked by pydantic in strict mode: a text is never taken for a number."""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rdfer.base.errors import UserError, short


class Record(BaseModel):
    """Frozen, with exactly its own keys, and finite numbers."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


R = TypeVar("R", bound=Record)

#: What a text of a result may hold: it goes into pages, where other signs would be markup.
PLAIN = re.compile(r"[\w ,.()/:;=+@%'!?–-]{0,500}")
_SCORE = r"(uar|war|auroc|auprc|brier|ece|hit_rate|tiou)(_\w+)?"
#: Name of a number in results -> its range; intervals of few seeds reach beyond that of a score.
RANGES = (
    (re.compile(rf"{_SCORE}_(low|high)"), -2, 3),
    (re.compile(rf"{_SCORE}|p|rate|memorised|val_uar|chance"), 0, 1),
    (re.compile(r"(delta|effect)(_\w+)?"), -4, 4),
    (re.compile(r"n_\w+|videos|epochs?|clips|seeds|wall_s|confusion"), 0, 2**53),
)


def check_result(value: Any, place: str, name: str = "") -> None:
    """Refuse what no result holds and a page must not show: markup, numbers out of their range.

    Args:
        value: of a JSON file.
        place: of it, for the message.
        name: of the value in the object around it, or around the lists around it.

    Raises:
        UserError: naming the place, the value and the rule.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            check_result(key, place)
            # what a method, a class or a setting is called says nothing of its numbers
            check_result(item, f"{place}: {key}", key)
    elif isinstance(value, list):
        for item in value:
            check_result(item, place, name)
    elif isinstance(value, str):
        if not PLAIN.fullmatch(value):
            raise UserError(f"{place} = {short(repr(value))}: must be plain text without markup")
    elif value is not None and not isinstance(value, bool):
        for names, low, high in RANGES:
            if names.fullmatch(name):
                if not low <= value <= high:
                    raise UserError(f"{place} = {short(value)}: must be {low} to {high}")
                return


def read(kind: type[R], raw: Any, place: str) -> R:
    """What a file holds at some place, as a record.

    Raises:
        UserError: the first thing that is wrong: place, key, value and rule.
    """
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        wrong = error.errors()[0]
    rule = wrong["msg"].removeprefix("Value error, ")
    rule = re.sub(r"^\w+ should", "must", rule)
    if not isinstance(raw, dict):
        raise UserError(f"{place}: must be a mapping with {', '.join(kind.model_fields)}")
    if not wrong["loc"]:
        raise UserError(f"{place}: {rule}")
    key = wrong["loc"][0]
    if wrong["type"] == "missing":
        raise UserError(f"{place}: {key} is missing")
    if wrong["type"] == "extra_forbidden":
        raise UserError(f"{place}: {short(key)} is not known")
    raise UserError(f"{place}: {key} = {short(repr(raw.get(key)))}: {rule}")
