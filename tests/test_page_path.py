"""A page of a listing passes through few functions, so that its way can be read in one sitting."""

from __future__ import annotations

from tests.benchmarks.page_profile import page_calls

MOST_FUNCTIONS = 45
MOST_FILES = 12


def test_a_page_passes_through_few_functions_in_few_files() -> None:
    measured = page_calls()
    assert measured.functions <= MOST_FUNCTIONS, sorted(measured.calls)
    assert measured.files <= MOST_FILES, sorted({file for file, _ in measured.calls})
    # The profile saw the whole way: from the program's loop to the bytes.
    assert {"_pagination/pager.py", "_transport/transport.py", "_transport/response.py"} <= {
        file for file, _ in measured.calls
    }
