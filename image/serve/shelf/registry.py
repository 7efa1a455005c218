"""Which models there are, under which names: those that are configured, those that were found, and copied names.

Pure, but for what it says in the log. Each change makes a new `Models`; whoever has the old one may go on with it.
Configured names win over found ones, and a model over a copied name. A copied name of a model that is not there now is
kept: the model may come back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from serve.errors import ConflictError, InvalidRequestError
from serve.models import AdapterEntry, ModelEntry, Models, fold
from serve.shelf.folder import model_id, parts
from serve.supervision.ports import Found, Options

log = logging.getLogger(__name__)

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Names:
    """What people call models, beside what is configured. This is what is kept over a restart."""

    aliases: Mapping[str, str] = field(default_factory=dict)  # copied name -> id
    ids: Mapping[str, str] = field(default_factory=dict)  # file of a found model -> its id, where it is not the usual


class Registry:
    """All entries. `models` is the present state of it."""

    def __init__(self, configured: Models, options: Options, names: Names) -> None:
        self._configured = {entry.id: entry for entry in configured.models}
        self._options = options
        self._found: dict[str, Found] = {}  # by file
        self._found_by_id: dict[str, Found] = {}
        self._adapters: dict[str, tuple[AdapterEntry, ...]] = {}  # of found models, by id
        self._warned: set[str] = set()
        self.names = names
        self.models = Models(())
        self._make()

    def found(self, id_: str) -> Found | None:
        """What was found of a model; None for a configured one."""
        return self._found_by_id.get(id_)

    def set_found(self, found: Iterable[Found]) -> list[str]:
        """These are in the folder now, and no others. Returns the ids that were not there before."""
        before, was = {entry.id for entry in self.models.models}, self._found
        self._found = {each.file: each for each in found}
        if self._found != was:
            self._make()
        return [entry.id for entry in self.models.models if entry.id not in before]

    def of_file(self, file: str) -> list[str]:
        """The ids of all models that are made of this file, or of which it is a part."""
        first = parts(file)[0]
        return [entry.id for entry in self.models.models if parts(entry.file)[0] == first]

    def replace(self, entry: ModelEntry) -> None:
        """Other defaults of a configured model, other adapters of a found one, for as long as this process runs."""
        known = self._configured.get(entry.id)
        if known is not None:
            self._configured[entry.id] = replace(entry, aliases=known.aliases)
        else:
            self._adapters[entry.id] = entry.adapters
        self._make()

    # ---- names ----

    def with_copy(self, id_: str, new_name: str) -> Names:
        """The names with one more. ConflictError if another model has it; a copied name may be given anew."""
        name = new_name.removesuffix(":latest")
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
            raise InvalidRequestError(
                f"the new name is {new_name[:80]!r}: 1 to {_LONGEST_NAME} printable characters are allowed"
            )
        other = self.models.get(name)
        if other is not None and self.copied(name) is None:
            if other.id == id_:
                return self.names
            raise ConflictError(f"{name!r} is the model {other.id!r}")
        aliases = {alias: of for alias, of in self.names.aliases.items() if fold(alias) != fold(name)}
        return replace(self.names, aliases=aliases | {name: id_})

    def copied(self, name: str) -> str | None:
        """The copied name that is meant, if one is."""
        return next((alias for alias in self.names.aliases if fold(alias) == fold(name)), None)

    def without(self, alias: str) -> Names:
        """The names without a copied one."""
        return replace(self.names, aliases={each: of for each, of in self.names.aliases.items() if each != alias})

    def with_heir(self, entry: ModelEntry) -> Names | None:
        """The names when a found model is removed under its own one, but has been copied: it goes on under the copy.
        None where there is no copy.
        """
        heirs = [alias for alias, of in self.names.aliases.items() if of == entry.id]
        if not heirs:
            return None
        aliases = {alias: heirs[0] if of == entry.id else of for alias, of in self.names.aliases.items()}
        del aliases[heirs[0]]
        return Names(aliases, {**self.names.ids, entry.file: heirs[0]})

    def set_names(self, names: Names) -> None:
        """These are the names now."""
        self.names = names
        self._make()

    # ---- making the present state ----

    def _make(self) -> None:
        found = sorted(self._found_entries(), key=lambda entry: entry.id)
        self._found_by_id = {entry.id: self._found[entry.file] for entry in found}
        entries = [*self._configured.values(), *found]
        taken = {fold(name) for entry in entries for name in (entry.id, *entry.aliases)}
        copies = [(alias, of) for alias, of in self.names.aliases.items() if fold(alias) not in taken]
        self.models = Models(
            tuple(
                replace(entry, aliases=(*entry.aliases, *(alias for alias, of in copies if of == entry.id)))
                for entry in entries
            )
        )

    def _found_entries(self) -> Iterator[ModelEntry]:
        configured = self._configured.values()
        files = {part for entry in configured for part in parts(entry.file)}
        files |= {adapter.file for entry in configured for adapter in entry.adapters}
        files |= {adapter.file for adapters in self._adapters.values() for adapter in adapters}
        taken = {fold(name) for entry in configured for name in (entry.id, *entry.aliases)}
        for file in sorted(self._found.keys() - files):
            id_ = self.names.ids.get(file, model_id(file))
            if fold(id_) in taken:
                self._warn(file, id_)
                continue
            taken.add(fold(id_))
            yield ModelEntry(
                id=id_,
                file=file,
                num_slots=self._options.discovered_slots,
                context_tokens=self._options.discovered_context_tokens,
                load="on_demand",
                adapters=self._adapters.get(id_, ()),
            )

    def _warn(self, file: str, id_: str) -> None:
        if file not in self._warned:
            self._warned.add(file)
            log.warning("%s is not served: there is another model %r", file, id_)
