"""Every resource: each module of this room that declares one is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

from service.resources.resource import Resource


def all_resources() -> tuple[Resource, ...]:
    """The RESOURCE of each module here, by route."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    found = (module.RESOURCE for module in modules if hasattr(module, "RESOURCE"))
    return tuple(sorted(found, key=lambda resource: str(resource.route)))
