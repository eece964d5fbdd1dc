"""Keys in tests: a file of them, and the headers that send one."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from service.core.keys import digest_of, new_key


def write_keys(path: Path, owners: Mapping[str, Sequence[str]], **quotas: Mapping[str, float]) -> dict[str, str]:
    """A file with a new key for each of `owners`, who has these scopes; the keys. `anonymous` has none."""
    keys = {name: new_key() for name in owners if name != "anonymous"}
    entries: list[dict[str, Any]] = [
        {"name": name, "scopes": list(scopes), "quotas": quotas.get(name, {})} for name, scopes in owners.items()
    ]
    for entry in entries:
        if entry["name"] in keys:
            entry["sha256"] = digest_of(keys[entry["name"]])
    path.write_text(json.dumps({"keys": entries}))
    path.chmod(0o600)
    return keys


def bearer(key: str) -> dict[str, str]:
    """The header that sends a key."""
    return {"Authorization": f"Bearer {key}"}
