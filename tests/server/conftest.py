"""The tests of what the server stores run on both engines, with a PostgreSQL of our own."""

import asyncio
import itertools

import pytest

import server_world
from server_postgres import postgres_server
from store.database.postgres import PostgresConnection
from store.service.channel import Channel

BOTH_ENGINES = {
    "test_accept",
    "test_customers",
    "test_authentication",
    "test_delivery",
    "test_enrolment",
    "test_items",
    "test_loading",
    "test_packages_down",
    "test_reports",
    "test_posting",
    "test_returns",
    "test_vouchers",
    "test_suspensions",
}
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL with a database `schema_ready` to copy; a session has one per test process."""
    with postgres_server() as url:
        admin = PostgresConnection.open(url.format("postgres"))
        admin.execute("create database schema_ready")

        async def prepare():
            await (await Channel.open(url.format("schema_ready"))).close()

        asyncio.run(prepare())
        yield url, admin
        admin.close()


@pytest.fixture
def postgres_url(postgres):
    """A fresh database of its own for one test, migrated already."""
    url, admin = postgres
    name = f"t_{next(_NUMBERS)}"
    admin.execute(f"create database {name} template schema_ready")
    yield url.format(name)
    admin.execute(f"drop database {name} with (force)")


def pytest_generate_tests(metafunc):
    opens_a_world = {"tmp_path", "world"} & set(metafunc.fixturenames)
    if opens_a_world and metafunc.module.__name__.rpartition(".")[2] in BOTH_ENGINES:
        metafunc.fixturenames.append("engine")
        metafunc.parametrize("engine", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def engine(request, monkeypatch):
    if request.param == "postgres":
        monkeypatch.setattr(server_world, "DATABASE_URL", request.getfixturevalue("postgres_url"))
    return request.param


@pytest.fixture(autouse=True)
def engine_before_world(request):
    """The engine is chosen before a test's world is opened."""
    if "engine" in request.fixturenames:
        request.getfixturevalue("engine")
