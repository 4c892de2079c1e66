-- The index key of a subject says which kind of record it leads to (`rows.py`).
CREATE TABLE subject_of_kind (
    digest INTEGER NOT NULL,       -- 62 bits of the subject's SHA-256, 2 of the kind of record
    position INTEGER NOT NULL,
    PRIMARY KEY (digest, position)
) WITHOUT ROWID;
INSERT INTO subject_of_kind (digest, position)
    SELECT digest & ~3 | CASE
        WHEN instr(substr(view, 1, 96), CAST('operator.registration' AS BLOB)) THEN 1
        WHEN instr(substr(view, 1, 96), CAST('listing.serious' AS BLOB)) THEN 2
        WHEN instr(substr(view, 1, 96), CAST('listing.abnormal' AS BLOB)) THEN 2
        WHEN instr(substr(view, 1, 96), CAST('listing.platform' AS BLOB)) THEN 2
        ELSE 0 END, position
    FROM subject LEFT JOIN record USING (position) ORDER BY 1, 2;
DROP TABLE subject;
ALTER TABLE subject_of_kind RENAME TO subject;
