"""Records from files, checked by pydantic in strict mode: a text is never taken for a number."""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rdfer.base.errors import UserError, short


class Record(BaseModel):
    """Frozen, with exactly its own keys, and finite numbers."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


R = TypeVar("R", bound=Record)


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
