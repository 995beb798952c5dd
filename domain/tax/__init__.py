"""Tax on documents: what is asked, the table that answers, and the lines an answer becomes."""
