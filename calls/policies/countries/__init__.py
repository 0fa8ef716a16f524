"""The default records, a module for each country. Data alone."""

from calls.policies.countries import (
    argentina,
    brazil,
    chile,
    colombia,
    everywhere,
    mexico,
    peru,
    spain,
    united_states,
)
from calls.policies.records import Record

RECORDS: tuple[Record, ...] = (
    *everywhere.RECORDS,
    *chile.RECORDS,
    *argentina.RECORDS,
    *colombia.RECORDS,
    *mexico.RECORDS,
    *peru.RECORDS,
    *spain.RECORDS,
    *united_states.RECORDS,
    *brazil.RECORDS,
)
