"""What is checked before a version is given away: the two files, and the package in every environment it says it runs in."""
