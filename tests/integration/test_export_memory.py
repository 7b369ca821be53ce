"""A whole table leaves in constant memory: `python -m bench.export_memory` shows it for a million rows."""

from collections.abc import Callable, Iterator

import pytest
from service_process import ServiceProcess

from bench.export_memory import FORMS, LIMIT, export, fill
from service.settings import DatabaseURL

ROWS = 100_000


@pytest.fixture(scope="module")
def service(
    make_database: Callable[[], DatabaseURL], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """One worker on a table of ROWS animals and the forty of the sample."""
    url = make_database()
    with ServiceProcess(url, tmp_path_factory.mktemp("export"), workers=1) as service:
        fill(url, ROWS)
        yield service


@pytest.mark.parametrize("form", FORMS)
def test_the_worker_hardly_grows(service: ServiceProcess, form: str) -> None:
    (worker,) = service.worker_pids()
    exported = export(service.port, worker, form, {"Authorization": f"Bearer {service.token}"})
    assert exported.rows == ROWS + 40
    assert exported.growth < LIMIT, exported
