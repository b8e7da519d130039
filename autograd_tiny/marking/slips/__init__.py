"""The mistakes that the marker knows: in a formula, and in writing a number down."""
