-- People's own projects: where they come from, how they are kept fresh, and what was built of them.

ALTER TABLE projects ADD COLUMN contact VARCHAR(254);
ALTER TABLE projects ADD COLUMN size_class VARCHAR(10) NOT NULL DEFAULT 'medium';
ALTER TABLE projects ADD COLUMN rebuild_days INTEGER NOT NULL DEFAULT 7;
ALTER TABLE projects ADD COLUMN rebuild_ms BIGINT;
-- Deleted by its author: undone within a week, or gone for good.
ALTER TABLE projects ADD COLUMN deleted_ms BIGINT;
ALTER TABLE projects ADD COLUMN deleted_visibility VARCHAR(10);
CREATE INDEX projects_rebuild ON projects (rebuild_ms);
CREATE INDEX projects_deleted ON projects (deleted_ms);

ALTER TABLE versions ADD COLUMN digest VARCHAR(128);
ALTER TABLE versions ADD COLUMN verified_ms BIGINT;
ALTER TABLE versions ADD COLUMN deleted_ms BIGINT;
ALTER TABLE versions ADD COLUMN smoke_exit INTEGER;
ALTER TABLE versions ADD COLUMN smoke_output TEXT;

-- kind: publish, version, rebuild. What a build builds is kept with it: the project may be edited meanwhile.
ALTER TABLE builds ADD COLUMN kind VARCHAR(10) NOT NULL DEFAULT 'publish';
ALTER TABLE builds ADD COLUMN author VARCHAR(40) NOT NULL DEFAULT '';
ALTER TABLE builds ADD COLUMN digest VARCHAR(128);
ALTER TABLE builds ADD COLUMN source_kind VARCHAR(20);
ALTER TABLE builds ADD COLUMN source MEDIUMTEXT;
ALTER TABLE builds ADD COLUMN dockerfile MEDIUMTEXT;
ALTER TABLE builds ADD COLUMN version VARCHAR(64);
ALTER TABLE builds ADD COLUMN cancel_ms BIGINT;
ALTER TABLE builds ADD COLUMN log_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE builds ADD COLUMN failed_line INTEGER;
ALTER TABLE builds ADD COLUMN smoke_exit INTEGER;
ALTER TABLE builds ADD COLUMN smoke_output TEXT;
-- Whose turn it is among builds of one priority: each author's next one is behind everybody's who waits for their first.
ALTER TABLE builds ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
-- The order in which they are taken, whole: with ten thousand waiting, neither the next one nor somebody's place is looked for among rows.
CREATE INDEX builds_queue ON builds (state, priority DESC, turn, created_ms, id);
CREATE INDEX builds_turn ON builds (state, turn);
CREATE INDEX builds_lately ON builds (state, ended_ms, started_ms);
CREATE INDEX builds_waiting ON builds (author, state, turn);
CREATE INDEX builds_author ON builds (author, created_ms);
CREATE INDEX builds_project ON builds (project, created_ms);

-- Passwords of images that are not public, encrypted by a key that is not in the database. A source names its one by id.
CREATE TABLE credentials (
  id VARCHAR(20) NOT NULL PRIMARY KEY,
  project INTEGER NOT NULL,
  host VARCHAR(255) NOT NULL,
  username VARCHAR(255) NOT NULL,
  secret BLOB NOT NULL,
  created_ms BIGINT NOT NULL,
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE INDEX credentials_project ON credentials (project);

-- Repositories that were looked at, for a day: what is in them, and what a project of them could be.
CREATE TABLE sources (
  id VARCHAR(20) NOT NULL PRIMARY KEY,
  user INTEGER NOT NULL,
  url TEXT NOT NULL,
  ref VARCHAR(200),
  state VARCHAR(10) NOT NULL,
  error TEXT,
  error_kind VARCHAR(20),
  commit_id VARCHAR(64),
  found VARCHAR(20),
  proposal MEDIUMTEXT,
  files MEDIUMTEXT,
  digest VARCHAR(128),
  node VARCHAR(100) NOT NULL,
  created_ms BIGINT NOT NULL,
  FOREIGN KEY (user) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX sources_created ON sources (created_ms);

-- Logos.
CREATE TABLE pictures (
  hash VARCHAR(64) NOT NULL PRIMARY KEY,
  type VARCHAR(20) NOT NULL,
  data MEDIUMBLOB NOT NULL,
  created_ms BIGINT NOT NULL
);

CREATE TABLE registry_days (
  day INTEGER NOT NULL PRIMARY KEY,
  repositories BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  pulls BIGINT NOT NULL,
  pushes BIGINT NOT NULL
);
