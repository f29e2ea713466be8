"""Makes sessions for units of work from what the user configured, or says why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from uow_events.errors import UnsupportedBindError
from uow_events.unit_of_work.connection import fenced
from uow_events.unit_of_work.fence import Fence
from uow_events.unit_of_work.session import FencedSession, SessionObserver
from uow_events.unit_of_work.transaction_options import INHERITED, ResolvedOptions, TransactionOptions

Bind: TypeAlias = AsyncEngine | async_sessionmaker[Any]
KEPT = "_uow_events_sessions"
POSTGRESQL_ONLY = ("isolation_level", "read_only", "lock_timeout", "statement_timeout", "settings")


class Sessions:
    """Opens fenced sessions on the pool of one engine, configured as a sessionmaker of the user's says."""

    def __init__(self, bind: Bind) -> None:
        maker = bind if isinstance(bind, async_sessionmaker) else async_sessionmaker(bind)
        self.engine = _checked_engine(bind, maker)
        self.session_class: type[AsyncSession] = maker.class_
        self._engines: dict[tuple[tuple[str, object], ...], AsyncEngine] = {}
        self._options: dict[str, Any] = {
            **{name: value for name, value in maker.kw.items() if name != "bind"},
            "sync_session_class": _fenced_class(maker.kw.get("sync_session_class") or maker.class_.sync_session_class),
            "autobegin": True,
            "expire_on_commit": False,
            "close_resets_only": False,
        }

    def open(
        self, fence: Fence, observer: SessionObserver, options: ResolvedOptions, settings: Mapping[str, str]
    ) -> tuple[AsyncSession, FencedSession]:
        """Return a new session and the one inside it; no connection is taken before its first use.

        Raises:
            UnsupportedBindError: the database is not one that these options are for.
        """
        self.check(options)
        session = self.session_class(**self._options, bind=self._engine(options))
        inner = session.sync_session
        assert isinstance(inner, FencedSession)
        inner.fence, inner.observer, inner.savepoints, inner.settings = fence, observer, fence.savepoints, settings
        return session, inner

    def check(self, options: TransactionOptions) -> None:
        """Make sure that the database can do what options ask of it.

        Raises:
            UnsupportedBindError: it cannot.
        """
        dialect = self.engine.dialect.name
        if dialect == "postgresql":
            return
        asked = [name for name in POSTGRESQL_ONLY if getattr(options, name) not in (None, False, INHERITED)]
        if asked:
            problem = f"TransactionOptions with {', '.join(asked)} need PostgreSQL, and this is {dialect}"
            raise UnsupportedBindError(self.engine, problem)

    def _engine(self, options: ResolvedOptions) -> AsyncEngine:
        given = {"isolation_level": options.isolation_level, "postgresql_readonly": options.read_only}
        is_postgresql = self.engine.dialect.name == "postgresql"
        wanted = {name: value for name, value in given.items() if is_postgresql and value is not None}
        key = tuple(wanted.items())
        if key not in self._engines:
            self._engines[key] = AsyncEngine(fenced(self.engine.sync_engine, wanted))
        return self._engines[key]


def sessions_of(bind: Bind) -> Sessions:
    """Return the Sessions of a bind, made once: they are kept with it, and go with it."""
    keeper: Any = getattr(bind, "sync_engine", bind)  # which an AsyncEngine is a proxy of, without a place of its own
    sessions: Sessions | None = getattr(keeper, KEPT, None)
    if sessions is None:
        sessions = Sessions(bind)
        setattr(keeper, KEPT, sessions)
    return sessions


def _fenced_class(given: type[Any]) -> type[FencedSession]:
    return FencedSession if given is Session else type(f"Fenced{given.__name__}", (FencedSession, given), {})


def _checked_engine(bind: object, maker: async_sessionmaker[Any]) -> AsyncEngine:
    engine = maker.kw.get("bind")
    if not isinstance(engine, AsyncEngine):
        raise UnsupportedBindError(bind, "it is not bound to an AsyncEngine, from which each unit takes a connection")
    if maker.kw.get("binds"):
        raise UnsupportedBindError(bind, "it has several binds, and so several transactions; give it one engine")
    if maker.kw.get("twophase"):
        raise UnsupportedBindError(bind, "two-phase commit is not supported; leave out twophase=True")
    options: list[Any] = [
        engine.sync_engine.get_execution_options().get("isolation_level"),
        getattr(engine.dialect, "_on_connect_isolation_level", None),
        dict[str, Any](maker.kw.get("execution_options") or {}).get("isolation_level"),
    ]
    if any(str(level).upper() == "AUTOCOMMIT" for level in options):
        raise UnsupportedBindError(
            bind, "with AUTOCOMMIT nothing can be rolled back; use a transactional isolation level"
        )
    return engine
