"""What people look at: steps, formulas, pictures, the stepper."""
