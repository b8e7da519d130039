"""What pages print: numbers in every form, what each is said to be, and formulas."""
