"""infra/data/forecasts/<stack>.yaml: requests that each hour of the week is expected to have, by model.

Hours are those of one time zone, the first is Monday 00:00; a line is a day.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra import whole_file
from infra.errors import ConfigError
from infra.problems import describe
from infra.settings.group import TimeZone
from infra.stack import Forecast

FOLDER: Final = Path(__file__).parents[1] / "data" / "forecasts"
DAY, HOURS = 24, 168
Requests = Annotated[float, Field(ge=0, le=1_000_000)]
_HEAD: Final = (
    "# Requests, running and waiting, to expect in each hour of the week from Monday 00:00 on. A line is a day.\n"
)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    time_zone: TimeZone
    made_of: str
    models: dict[str, list[Annotated[list[Requests], Field(min_length=DAY, max_length=DAY)]]]


def path_of(stack: str, folder: Path | None = None) -> Path:
    """Where the table of a stack is."""
    return (folder or FOLDER) / f"{stack}.yaml"


def load(stack: str, folder: Path | None = None) -> Mapping[str, Forecast]:
    """By model; nothing where there is no table."""
    path = path_of(stack, folder)
    if not path.exists():
        return {}
    try:
        read = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: is no YAML: {str(error).splitlines()[0]}"]) from None
    except ValidationError as error:
        raise ConfigError(describe(error, _File, lambda where: f"{path}: {'.'.join(map(str, where))}")) from None
    if odd := [model for model, days in read.models.items() if len(days) * DAY != HOURS]:
        raise ConfigError([f"{path}: models.{model}: has not seven lines; allowed: one for each day" for model in odd])
    return {
        model: Forecast(read.time_zone, tuple(float(hour) for day in days for hour in day))
        for model, days in read.models.items()
    }


def save(path: Path, forecasts: Mapping[str, Forecast], made_of: str) -> None:
    """All models of a stack, in one time zone."""
    zones = {each.time_zone for each in forecasts.values()}
    assert len(zones) == 1, zones  # who calls fits all of them in one
    text = f"{_HEAD}time_zone: {zones.pop()}\nmade_of: {made_of}\nmodels:\n"
    for model, each in sorted(forecasts.items()):
        text += f"  {model}:\n"
        for day in range(0, HOURS, DAY):
            text += f"    - [{', '.join(f'{hour:g}' for hour in each.hours[day : day + DAY])}]\n"
    whole_file.write(path, text)
