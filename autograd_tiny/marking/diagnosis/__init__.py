"""What made several numbers of a page wrong at once: the fewest causes that explain it."""
