"""What people hand in: numbers from code, blanks, a sheet of a whole class; and how many made which mistake."""
