"""Every record of the vocabulary becomes JSON, with every field and whatever it holds."""

import dataclasses
import importlib
import json
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import core.model
from console.json_encoding import dumps

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(timedelta, st.timedeltas())


def records() -> Iterator[type]:
    """Every record that ``core.model`` defines."""
    for module in pkgutil.iter_modules(core.model.__path__):
        found = importlib.import_module(f"core.model.{module.name}")
        own = [one for one in vars(found).values() if isinstance(one, type)]
        for one in own:
            if one.__module__ == found.__name__ and hasattr(one, "__dataclass_fields__"):
                yield one


RECORDS = sorted(records(), key=lambda one: one.__name__)


def test_the_vocabulary_is_found() -> None:
    assert {"Event", "Health", "Mention", "Ticket", "Alert", "Incident"} <= {
        one.__name__ for one in RECORDS
    }


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: one.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_field_of_every_record_becomes_json(record: type, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context():
        value = data.draw(st.from_type(record))
    found = json.loads(dumps(value))
    assert list(found) == [field.name for field in dataclasses.fields(record)]
