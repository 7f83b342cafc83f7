"""How the errors of writers are called in reports."""

from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.model.errors import ToldError
from pytest_rdsfailover.model.records import Fault, Outcome


def test_what_was_told_of_a_write_is_called_by_the_word_that_told_it():
    complaints = Complaints()
    complaints.note(ToldError(Outcome.REFUSED, Fault(1836, "read-only"), "app said: refused"), 0)
    complaints.note(ValueError("x"), 0)
    assert [found.error for found in complaints.found()] == ["refused", "ValueError"]
