"""Services of several workers for the proofs, each on a new database of the test run's MariaDB."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from service_process import ServiceProcess

from service.settings import DatabaseURL

StartService = Callable[..., ServiceProcess]


@pytest.fixture
def start_service(
    make_database: Callable[[], DatabaseURL], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartService]:
    """Starts a service, on a database of its own unless `url` names one; all are stopped after the test."""
    with ExitStack() as stack:

        def start(url: DatabaseURL | None = None, **further: Any) -> ServiceProcess:
            folder = tmp_path_factory.mktemp("service")
            return stack.enter_context(ServiceProcess(url or make_database(), folder, **further))

        yield start


@pytest.fixture(scope="module")
def service(
    make_database: Callable[[], DatabaseURL], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """One service of four workers for the tests of a module."""
    with ServiceProcess(make_database(), tmp_path_factory.mktemp("service")) as running:
        yield running
