"""Files that hold pages: in TOML, inside an article or a notebook, in folders; and their numbers put right."""
