"""Documents from facts: what stands on them, in the customer's language, as HTML and as PDF."""
