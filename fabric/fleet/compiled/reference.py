"""A named tuple of arrays that kernels hand on by its address. It knows no fleet.

numba hands a tuple on by value: each call copies every word of every array in it, hundreds of them, unless LLVM happens to
inline it. By address a call copies one word, and a kernel loads what it reads.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate, Signature
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model


class Reference(types.Type):
    """The address of a named tuple; reading an attribute reads the tuple's."""

    def __init__(self, inner: Any) -> None:
        """Keep the tuple's type, which names this one."""
        self.inner = inner
        super().__init__(name=f"Reference({inner.name})")


@register_model(Reference)
class _Model(models.PrimitiveModel):  # type: ignore[misc]  # numba has no types
    """One pointer."""

    def __init__(self, manager: Any, kind: Reference) -> None:
        """Point to the tuple as numba holds it in registers."""
        super().__init__(manager, kind, manager[kind.inner].get_value_type().as_pointer())


@infer_getattr
class _Attributes(AttributeTemplate):  # type: ignore[misc]  # as above
    key = Reference

    def generic_resolve(self, kind: Reference, name: str) -> Any:
        """Return the type of an attribute, None for one that is not there."""
        return kind.inner.types[kind.inner.fields.index(name)] if name in kind.inner.fields else None


@lower_getattr_generic(Reference)  # type: ignore[untyped-decorator]
def _load(_context: Any, builder: Any, kind: Reference, value: Any, name: str) -> Any:
    """Load an attribute. What arrays there are does not change while kernels run, which spares loads after every store."""
    found = builder.load(cgutils.gep_inbounds(builder, value, 0, kind.inner.fields.index(name)))
    found.set_metadata("invariant.load", builder.module.add_metadata([]))
    return found


@intrinsic  # type: ignore[untyped-decorator]
def reference(_typing: Any, arrays: Any) -> tuple[Signature, Any]:
    """Return the address of a named tuple; good until the kernel that asks for it returns."""

    def build(context: Any, builder: Any, _signature: Signature, values: tuple[ir.Value]) -> ir.Value:
        """Put the tuple on the stack; the empty assembly keeps LLVM from looking through the address, see `_load`."""
        place = cgutils.alloca_once(builder, context.get_value_type(arrays))
        builder.store(values[0], place)
        through = ir.FunctionType(place.type, [place.type])
        return builder.asm(through, "", "=r,0,~{memory}", [place], True)

    return Reference(arrays)(arrays), build
