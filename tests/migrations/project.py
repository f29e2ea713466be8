"""An application with an Alembic history of its own, made of the snippets of docs/migrations.md as they stand there."""

import re
from io import StringIO
from pathlib import Path
from textwrap import dedent

from alembic import command
from alembic.config import Config
from sqlalchemy import URL

ROOT = Path(__file__).parents[2]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "migrations.md").read_text(), re.DOTALL)
TEMPLATE = (ROOT / "migrations" / "script.py.mako").read_text()

MODELS = """
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s", "pk": "pk_%(table_name)s"})

class Meeting(Base):
    __tablename__ = "meeting"
    id: Mapped[int] = mapped_column(primary_key=True)

class Outbox(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)

class Invoice(Base):
    __tablename__ = "invoice"
    __table_args__ = {"schema": "billing"}
    id: Mapped[int] = mapped_column(primary_key=True)
"""
FIRST_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

def upgrade():
    op.execute("CREATE SCHEMA billing")
    for name, schema in (("meeting", None), ("outbox", None), ("invoice", "billing")):
        op.create_table(name, sa.Column("id", sa.Integer, primary_key=True), schema=schema)

def downgrade():
    for name, schema in (("meeting", None), ("outbox", None), ("invoice", "billing")):
        op.drop_table(name, schema=schema)
    op.execute("DROP SCHEMA billing")
"""


def snippet(start: str) -> str:
    (found,) = [dedent(text) for text in SNIPPETS if dedent(text).startswith(start)]
    return found


def env(*, filtered: bool) -> str:
    whole = snippet("# migrations/env.py")
    if not filtered:
        return whole
    configure = re.compile(r"^    context\.configure\(.*?^    \)\n", re.DOTALL | re.MULTILINE)
    replacement = "".join(f"    {line}\n" for line in snippet("from uow_events.migrations").splitlines())
    changed, count = configure.subn(lambda _: replacement, whole)
    assert count == 1
    return changed


class Project:
    """A temporary Alembic project; its commands run in this process, and in no running event loop."""

    def __init__(self, path: Path, url: URL, *, filtered: bool) -> None:
        self.versions = path / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        (path / "app").mkdir()
        (path / "app" / "__init__.py").touch()
        (path / "app" / "models.py").write_text(MODELS)
        (path / "migrations" / "env.py").write_text(env(filtered=filtered))
        (path / "migrations" / "script.py.mako").write_text(TEMPLATE)
        (self.versions / "0001_own_tables.py").write_text(FIRST_REVISION)
        self.output = StringIO()
        self.config = Config(stdout=self.output)
        self.config.set_main_option("script_location", str(path / "migrations"))
        self.config.set_main_option("path_separator", "os")
        self.config.set_main_option("sqlalchemy.url", url.render_as_string(hide_password=False).replace("%", "%%"))

    def take_in_uow_events(self) -> None:
        (self.versions / "0002_uow_events.py").write_text(snippet("# migrations/versions/0002_uow_events.py"))

    def upgrade(self) -> None:
        command.upgrade(self.config, "head")

    def downgrade(self, revision: str) -> None:
        command.downgrade(self.config, revision)

    def check(self) -> None:
        command.check(self.config)

    def heads(self) -> str:
        command.heads(self.config)
        return self.output.getvalue()

    def autogenerate(self) -> str:
        """Return the revision file that `alembic revision --autogenerate` writes."""
        script = command.revision(self.config, "whatever changed", autogenerate=True)
        return Path(getattr(script, "path")).read_text()
