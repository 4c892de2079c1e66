-- A sum over each idempotency row: nothing else tells that a bit of a row's key fell over (`idempotency.py`).
ALTER TABLE idempotency ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
UPDATE idempotency SET sum = row_sum(key, content, as_of_ms, leaf_index, replaced);
