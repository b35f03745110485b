"""Pages of notices and e-mails."""
