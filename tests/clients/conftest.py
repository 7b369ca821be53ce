"""A service as it runs in earnest for the clients' tests, and a way to it that can be cut."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
from cut_proxy import CutProxy
from herdbook_client import Client, Patience
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess

from service.settings import DatabaseURL


@pytest.fixture(scope="module")
def service(
    make_database: Callable[[], DatabaseURL], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """A service of two workers with a sample farm."""
    folder = tmp_path_factory.mktemp("service")
    with ServiceProcess(make_database(), folder, workers=2, HERDBOOK_SAMPLE_ANIMALS="300") as running:
        yield running


@dataclass
class Way:
    """A proxy before the service, and a client that is logged in through it."""

    proxy: CutProxy
    client: Client


@pytest.fixture
async def client(service: ServiceProcess) -> AsyncIterator[Client]:
    """The Administrador, asking directly."""
    async with Client(f"http://{service.host}:{service.port}") as client:
        await client.log_in(ADMINISTRATOR, PASSWORD)
        yield client


@pytest.fixture
async def way(service: ServiceProcess) -> AsyncIterator[Way]:
    """The Administrador, asking through a proxy that can be cut; gives up quickly."""
    async with (
        CutProxy(service.host, service.port) as proxy,
        Client(proxy.address, patience=Patience(seconds=0)) as client,
    ):
        await client.log_in(ADMINISTRATOR, PASSWORD)
        yield Way(proxy, client)
