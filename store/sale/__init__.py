"""What a sale is: pure values and rules, without input or output."""
