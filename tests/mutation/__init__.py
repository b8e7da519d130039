"""Small changes in the package's modules, and which of them no test notices; `python -m tests.mutation` is `dev.py mutate`."""
