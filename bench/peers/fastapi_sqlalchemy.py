"""The usual peer: FastAPI with pydantic models over SQLAlchemy's ORM on asyncmy, each answer asked of the database.

It is written as the two projects' own guides show it, and keeps nothing between requests.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.peers.questions import Asked, Bearers
from bench.peers.tables import Animal, url

engine = create_async_engine(url("asyncmy"), pool_size=20, max_overflow=30)
sessions = async_sessionmaker(engine, expire_on_commit=False)
bearers = Bearers()
app = FastAPI(openapi_url=None)


class AnimalIn(BaseModel):
    """An animal as it is sent."""

    record: str
    sex: str
    birth_date: date
    weight: int
    status: str = "Vivo"
    breeds_id: int
    idFather: int | None = None
    idMother: int | None = None


class AnimalOut(AnimalIn):
    """An animal as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime
    updated_at: datetime


class One(BaseModel):
    """The envelope of one animal."""

    success: bool = True
    data: AnimalOut


class Many(BaseModel):
    """The envelope of many."""

    success: bool = True
    data: list[AnimalOut]
    meta: dict[str, Any] = {}


async def session() -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with sessions() as opened:
        yield opened


def known(authorization: Annotated[str, Header()] = "") -> None:
    """Refuse who has no good token."""
    if not bearers.is_good(authorization):
        raise HTTPException(401)


Session = Annotated[AsyncSession, Depends(session)]


def conditional(request: Request, content: BaseModel) -> Response:
    """The answer, or 304 where the client has it."""
    body = content.model_dump_json().encode()
    tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@app.get("/api/v1/animals", dependencies=[Depends(known)])
async def list_animals(request: Request, session: Session) -> Response:
    """A page, or what changed after a time."""
    asked = Asked.parse(request.url.query)
    if asked.since is not None:
        changed = select(Animal).where(Animal.updated_at > asked.since).order_by(Animal.updated_at).limit(asked.limit)
        rows = (await session.scalars(changed)).all()
        return conditional(request, Many(data=[AnimalOut.model_validate(row) for row in rows]))
    column = getattr(Animal, asked.sort_by)
    order = [one.desc() if asked.descends else one.asc() for one in (column, Animal.id)]
    page = select(Animal).order_by(*order).limit(asked.limit).offset((asked.page - 1) * asked.limit)
    rows = (await session.scalars(page)).all()
    total = await session.scalar(select(func.count()).select_from(Animal)) or 0
    data = [AnimalOut.model_validate(row) for row in rows]
    return conditional(request, Many(data=data, meta={"pagination": asked.pagination(total)}))


@app.get("/api/v1/animals/metadata", dependencies=[Depends(known)])
async def metadata(session: Session) -> dict[str, Any]:
    """How many, and when they last changed."""
    count, changed = (await session.execute(select(func.count(), func.max(Animal.updated_at)))).one()
    return {"success": True, "data": {"total_count": count, "last_modified": changed}}


@app.get("/api/v1/animals/{row_id}", dependencies=[Depends(known)])
async def get_animal(request: Request, row_id: int, session: Session) -> Response:
    """One animal."""
    row = await session.get(Animal, row_id)
    if row is None:
        raise HTTPException(404)
    return conditional(request, One(data=AnimalOut.model_validate(row)))


@app.post("/api/v1/animals", status_code=201, dependencies=[Depends(known)])
async def add_animal(given: AnimalIn, session: Session) -> One:
    """Store one."""
    row = Animal(**given.model_dump())
    session.add(row)
    await session.commit()
    return One(data=AnimalOut.model_validate(row))


@app.post("/api/v1/animals/bulk", status_code=201, dependencies=[Depends(known)])
async def add_animals(given: list[AnimalIn], session: Session) -> Many:
    """Store all or none."""
    rows = [Animal(**one.model_dump()) for one in given]
    session.add_all(rows)
    await session.commit()
    return Many(data=[AnimalOut.model_validate(row) for row in rows])
