"""Native code: LLVM text compiled for this machine."""

from __future__ import annotations

from functools import lru_cache

from autograd_tiny.lowering.native.assembly import Assembly
from autograd_tiny.lowering.native.vectors import library_addresses
from autograd_tiny.lowering.program import Program
from autograd_tiny.lowering.runners import Layout


class Kernel:
    """A program compiled for this machine.

    Args:
        program: what is computed.
        layout: what its inputs and outputs are.
        width: lanes of a vector; as many as the processor has if 0.
    """

    def __init__(self, program: Program, layout: Layout, width: int = 0) -> None:
        import ctypes

        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        for name, address in library_addresses().items():
            llvm.add_symbol(name, address)
        features = llvm.get_host_cpu_features().flatten()
        machine = llvm.Target.from_default_triple().create_target_machine(llvm.get_host_cpu_name(), features, opt=1)
        assembly = Assembly(program, layout, width or host_width())
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(assembly.text), machine)
        self._engine.finalize_object()
        self.layout, self.workspace = layout, assembly.workspace
        kinds = [ctypes.c_int64, *[ctypes.c_void_p] * 6]
        self.run = ctypes.CFUNCTYPE(None, *kinds)(self._engine.get_function_address("run"))


@lru_cache(maxsize=128)
def shared_kernel(program: Program, layout: Layout) -> Kernel:
    """One kernel for all equal programs."""
    return Kernel(program, layout)


@lru_cache(maxsize=1)
def host_width() -> int:
    """How many floats a vector of this processor holds."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2
