-- Several web processes on one database.

-- Each writes here every few seconds that it is there; `run` is another one after each start. A row that is old is a node that is dead.
CREATE TABLE nodes (
  name VARCHAR(100) NOT NULL PRIMARY KEY,
  run VARCHAR(20) NOT NULL,
  started_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL
);

-- `node` has the sandbox; another one asks it to end it by end_asked_ms, with the reason that it is to give.
ALTER TABLE sandboxes ADD COLUMN node VARCHAR(100) NOT NULL DEFAULT '';
ALTER TABLE sandboxes ADD COLUMN end_asked_ms BIGINT;
ALTER TABLE sandboxes ADD COLUMN end_reason VARCHAR(20);
CREATE INDEX sandboxes_node ON sandboxes (node, open_person);

-- Who builds it.
ALTER TABLE builds ADD COLUMN node VARCHAR(100) NOT NULL DEFAULT '';
