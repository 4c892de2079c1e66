-- What a row said before at the moment it was true: sent again, it changes nothing (`idempotency.py`).
ALTER TABLE idempotency ADD COLUMN replaced BLOB NOT NULL DEFAULT x'';
