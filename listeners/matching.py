"""Which brands an event concerns."""

from collections.abc import Mapping, Sequence

from core.config import Brand
from core.types import Event
from listeners.normalise import readable
from listeners.terms import TermIndex


class BrandMatcher:
    """Finds the configured brands in events; the cost does not grow with the number of terms."""

    def __init__(
        self, brands: Sequence[Brand], *, channel_brands: Mapping[str, str], default: str | None
    ) -> None:
        """``channel_brands``: which brand a channel belongs to, for events addressed to it.

        ``default``: the brand of all other channels; ``None`` for the first one.
        """
        self._order = tuple(brand.id for brand in brands)
        self._channel_brands = dict(channel_brands)
        self._default = default if default is not None else self._order[0]
        terms: list[str] = []
        self._brands: list[tuple[str, range, range, range]] = []
        for brand in brands:
            parts: list[range] = []
            for group in (brand.terms, brand.required, brand.excluded):
                parts.append(range(len(terms), len(terms) + len(group)))
                terms += group
            self._brands.append((brand.id, parts[0], parts[1], parts[2]))
        self._index = TermIndex(terms)

    def match(self, event: Event) -> tuple[str, ...]:
        """As core.ports.Matcher: an event addressed to the brand concerns its channel's brand."""
        found = self.brands_in(event.text)
        if event.solicited or not event.public:
            own = self._channel_brands.get(event.channel, self._default)
            return tuple(brand for brand in self._order if brand == own or brand in found)
        return found

    def brands_in(self, text: str) -> tuple[str, ...]:
        """Brands that the text names, in the order of the configuration."""
        found = self._index.find(readable(text))
        if not found:
            return ()
        return tuple(
            brand
            for brand, terms, required, excluded in self._brands
            if not found.isdisjoint(terms)
            and (not required or not found.isdisjoint(required))
            and found.isdisjoint(excluded)
        )
