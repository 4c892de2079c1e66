-- What is left of destroyed evidence; the signed tree that all is here of; what a peer published again.
ALTER TABLE incident ADD COLUMN digest BLOB;           -- SHA-256 of evidence that was destroyed
ALTER TABLE origin ADD COLUMN whole_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE origin ADD COLUMN whole_checkpoint BLOB;   -- the newest whose records are all here
UPDATE origin SET whole_size = size, whole_checkpoint = checkpoint WHERE checkpoint_size = size;
CREATE TABLE republished (position INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL);
