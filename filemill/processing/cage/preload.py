"""What a zygote loads before it forks: a sealed child can load nothing more."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Preload:
    """What the zygote imports: libraries, every module of packages, and single modules."""

    libraries: tuple[str, ...]
    packages: tuple[str, ...]
    modules: tuple[str, ...]

    @property
    def is_for_tools(self) -> bool:
        """Whether nothing is imported, so that what is forked can only become a tool."""
        return not (self.libraries or self.packages or self.modules)

    def allows(self, module: str) -> bool:
        """Tell whether a sealed function of this module can be found in the cage."""
        return module in self.modules or any(f"{module}.".startswith(f"{package}.") for package in self.packages)

    def as_lists(self) -> list[list[str]]:
        """The three as a message holds them."""
        return [list(self.libraries), list(self.packages), list(self.modules)]
