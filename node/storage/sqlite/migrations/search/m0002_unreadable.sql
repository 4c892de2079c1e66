-- Current records whose body is none of their standard: nobody is answered from them. The log is followed anew.
CREATE TABLE unreadable (position INTEGER PRIMARY KEY);
INSERT INTO pair (pair) VALUES ('delete-all');
DELETE FROM name;
DELETE FROM followed;
UPDATE followed_change SET number = 0;
