"""How a file of leads is read: what kind of file it is, its columns, its cells. No database here."""
