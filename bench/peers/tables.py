"""The table of the animals as SQLAlchemy maps it, for the two peers that use it."""

from datetime import UTC, date, datetime

from sqlalchemy import BigInteger, Date, String
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.engine import URL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.peers.questions import database


def now() -> datetime:
    """Now, as the table has it: UTC, naive."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """What SQLAlchemy collects the tables in."""


class Animal(Base):
    """A row of animals."""

    __tablename__ = "animals"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    record: Mapped[str] = mapped_column(String(255))
    sex: Mapped[str] = mapped_column(String(10))
    birth_date: Mapped[date] = mapped_column(Date)
    weight: Mapped[int]
    status: Mapped[str] = mapped_column(String(10), default="Vivo")
    breeds_id: Mapped[int] = mapped_column(BigInteger)
    idFather: Mapped[int | None] = mapped_column(BigInteger)
    idMother: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=6), default=now)
    updated_at: Mapped[datetime] = mapped_column(DATETIME(fsp=6), default=now, onupdate=now)


def url(driver: str) -> URL:
    """Where SQLAlchemy connects with `driver`."""
    where = database()
    query = {"charset": "utf8mb4", **({"unix_socket": str(where["unix_socket"])} if "unix_socket" in where else {})}
    return URL.create(
        f"mysql+{driver}",
        username=str(where["user"]),
        password=str(where["password"]),
        host=str(where.get("host", "localhost")),
        port=int(str(where.get("port", 3306))),
        database=str(where["database"]),
        query=query,
    )
