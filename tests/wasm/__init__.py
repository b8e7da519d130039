"""The quick tests on CPython 3.14 as WebAssembly, in Node: `dev.py test --wasm`."""
