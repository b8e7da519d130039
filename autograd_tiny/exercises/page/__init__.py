"""An exercise as one page that marks answers by itself."""
