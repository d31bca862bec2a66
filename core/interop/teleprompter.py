"""`Teleprompter`: the base of optimizers that somebody wrote for DSPy, a `compile` of their own.

Knows nothing about search. An optimizer that uses it is a `core.optimizers.Optimizer`; both are taken for one by
`isinstance(…, Teleprompter)`.
"""

from __future__ import annotations

from typing import Any

from core.foundation.threads import run_sync

__all__ = ["Teleprompter"]


class _Either(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        if cls is not Teleprompter:
            return super().__instancecheck__(instance)
        from core.optimizers.base import Optimizer

        return isinstance(instance, Optimizer) or super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls is not Teleprompter:
            return super().__subclasscheck__(subclass)
        from core.optimizers.base import Optimizer

        return issubclass(subclass, Optimizer) or super().__subclasscheck__(subclass)


class Teleprompter(metaclass=_Either):
    """Base of optimizers of one's own: override `compile`."""

    def compile(
        self, student: Any, *, trainset: Any, teacher: Any = None, valset: Any = None, **kwargs: Any
    ) -> Any:
        """Return a compiled copy of the student.

        Raises:
            NotImplementedError: A subclass has none of its own.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `compile(student, *, trainset, …)`.")

    async def acompile(self, student: Any, **kwargs: Any) -> Any:
        """Same as `compile`, from async code."""
        return await run_sync(lambda: self.compile(student, **kwargs))

    def get_params(self) -> dict[str, Any]:
        """Return what the constructor kept, by name."""
        return dict(self.__dict__)
