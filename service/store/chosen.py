"""The store that the settings ask for."""

from datetime import timedelta

from service.core.settings import Settings
from service.store.database import Database
from service.store.nothing import NoStore, Store
from service.store.reports import ReportStore
from service.store.retention import Retention


def store_of(settings: Settings) -> Store:
    """The store of reports, which is opened when it is first needed; none where it has no room."""
    if settings.store_bytes == 0:
        return NoStore()
    retention = Retention(timedelta(days=settings.retention_days), settings.store_bytes)
    return ReportStore(Database(settings.database_url), retention)
