"""Native code: LLVM text compiled for this machine, kept for the next process, and loaded."""

from __future__ import annotations

import ctypes
import hashlib
import struct
from functools import lru_cache
from typing import Any, NamedTuple

from autograd_tiny.lowering.native.assembly import Assembly
from autograd_tiny.lowering.native.vectors import library_addresses
from autograd_tiny.lowering.program import collector_at_rest
from autograd_tiny.lowering.recording.digest import of_compiler
from autograd_tiny.lowering.recording.recorded import Recorded
from autograd_tiny.lowering.runners import Computation, Layout
from autograd_tiny.storage.cache import user_cache


class MachineCode(NamedTuple):
    """A compiled program.

    Attributes:
        layout: what its inputs and outputs are.
        workspace: how many floats it needs to work in.
        work: how many operands the instructions have for a row.
        object: the object file.
    """

    layout: Layout
    workspace: int
    work: int
    object: bytes


def machine_code(computation: Computation, layout: Layout, width: int = 0, file_name: str = "") -> MachineCode:
    """Compile a program for this machine.

    Args:
        computation: what is computed.
        layout: what its inputs and outputs are.
        width: lanes of a vector; as many as the processor has if 0.
        file_name: what the function is called in a library that any program may load; "" for code of this process
            alone.
    """
    llvm = _llvm()
    with collector_at_rest():
        assembly = Assembly(computation, layout, width or host_width())
    text = assembly.text.replace("@run(", f"@{file_name}(") if file_name else assembly.text
    code = _machine(for_file=bool(file_name)).emit_object(llvm.parse_assembly(text))
    return MachineCode(layout, assembly.workspace, assembly.work, code)


class Kernel:
    """Machine code that can be called.

    Attributes:
        layout, workspace, work: those of the code.
        run: the function, which takes a pointer to the arguments that `Assembly` tells: ctypes needs as long for each
            argument of a call as for the call.
    """

    def __init__(self, code: MachineCode) -> None:
        llvm = _llvm()
        self.layout, self.workspace, self.work = code.layout, code.workspace, code.work
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code.object))
        self._engine.finalize_object()
        self.run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._engine.get_function_address("run"))


@lru_cache(maxsize=128)
def shared_kernel(recorded: Recorded, layout: Layout, width: int = 0) -> Kernel:
    """One kernel for all equal functions, from this user's cache if an earlier process has left its machine code
    there.

    Args:
        recorded: what is computed.
        layout: what its inputs and outputs are.
        width: lanes of a vector, as `machine_code` takes it.
    """
    cache = user_cache()
    if cache is None or not recorded.digest or not of_compiler():
        return Kernel(machine_code(recorded, layout, width))
    key = hashlib.sha256(repr((recorded.digest, of_compiler(), tuple(layout), width)).encode()).hexdigest()[:32]
    if (kept := cache.get(key)) is not None:
        workspace, work = _SIZES.unpack_from(kept)
        return Kernel(MachineCode(layout, workspace, work, kept[_SIZES.size :]))
    code = machine_code(recorded, layout, width)
    cache.put(key, _SIZES.pack(code.workspace, code.work) + code.object)
    return Kernel(code)


_SIZES = struct.Struct("<qq")


@lru_cache(maxsize=1)
def _llvm() -> Any:
    """LLVM, ready to compile for this machine and to find the functions of the C library."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name, address in library_addresses().items():
        llvm.add_symbol(name, address)
    return llvm


def _machine(*, for_file: bool = False) -> Any:
    """This machine, as LLVM knows it; an engine takes one for itself.  Code for a file may be loaded at any address."""
    llvm = _llvm()
    features = llvm.get_host_cpu_features().flatten()
    where = {"reloc": "pic", "codemodel": "default"} if for_file else {}
    return llvm.Target.from_default_triple().create_target_machine(llvm.get_host_cpu_name(), features, opt=1, **where)


@lru_cache(maxsize=1)
def host_width() -> int:
    """How many floats a vector of this processor holds."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2
