"""What is known of a field, message or enumeration as one value: a card, and its forms for people."""
