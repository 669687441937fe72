-- The catalogue, builds, tries and sessions. Written so that SQLite and MariaDB both take it: keys are VARCHAR, "one open … per …" is a UNIQUE
-- column that is NULL when nothing is open, and the comment with the exclamation mark is read by MariaDB only.
CREATE TABLE projects (
  id INTEGER NOT NULL PRIMARY KEY /*! AUTO_INCREMENT */,
  owner VARCHAR(40) NOT NULL,
  name VARCHAR(40) NOT NULL,
  summary TEXT NOT NULL,
  summary_ko TEXT,
  category VARCHAR(20) NOT NULL,
  tags TEXT NOT NULL,
  license VARCHAR(200) NOT NULL,
  homepage TEXT,
  readme MEDIUMTEXT,
  readme_ko MEDIUMTEXT,
  run_command TEXT,
  network INTEGER NOT NULL,
  ports TEXT NOT NULL,
  smoke TEXT,
  version_command TEXT,
  logo TEXT,
  source_kind VARCHAR(20) NOT NULL,
  source MEDIUMTEXT NOT NULL,
  dockerfile MEDIUMTEXT,
  digest VARCHAR(128) NOT NULL,
  built_digest VARCHAR(128),
  popularity INTEGER NOT NULL,
  state VARCHAR(20) NOT NULL,
  search TEXT NOT NULL,
  current_version INTEGER,
  last_build VARCHAR(20),
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  verified_ms BIGINT,
  tries BIGINT NOT NULL DEFAULT 0,
  likes BIGINT NOT NULL DEFAULT 0,
  trend DOUBLE NOT NULL DEFAULT 0,
  UNIQUE (owner, name)
);
CREATE INDEX projects_trend ON projects (trend);
CREATE INDEX projects_category ON projects (category);

CREATE TABLE versions (
  id INTEGER NOT NULL PRIMARY KEY /*! AUTO_INCREMENT */,
  project INTEGER NOT NULL,
  label VARCHAR(64) NOT NULL,
  reference TEXT NOT NULL,
  image VARCHAR(128) NOT NULL,
  size BIGINT NOT NULL,
  shell INTEGER NOT NULL,
  build VARCHAR(20),
  created_ms BIGINT NOT NULL,
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE INDEX versions_project ON versions (project, label);

CREATE TABLE builds (
  id VARCHAR(20) NOT NULL PRIMARY KEY,
  project INTEGER NOT NULL,
  open_project INTEGER UNIQUE,
  state VARCHAR(20) NOT NULL,
  stage VARCHAR(16),
  error TEXT,
  priority INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL,
  started_ms BIGINT,
  ended_ms BIGINT,
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE TABLE build_stages (
  build VARCHAR(20) NOT NULL,
  name VARCHAR(16) NOT NULL,
  started_ms BIGINT NOT NULL,
  ended_ms BIGINT,
  PRIMARY KEY (build, name),
  FOREIGN KEY (build) REFERENCES builds (id) ON DELETE CASCADE
);

CREATE TABLE sandboxes (
  id VARCHAR(40) NOT NULL PRIMARY KEY,
  person VARCHAR(40) NOT NULL,
  open_person VARCHAR(40) UNIQUE,
  project INTEGER NOT NULL,
  full_name VARCHAR(81) NOT NULL,
  project_summary TEXT NOT NULL,
  version VARCHAR(64),
  image VARCHAR(128),
  state VARCHAR(20) NOT NULL,
  cols INTEGER NOT NULL,
  rows_ INTEGER NOT NULL,
  terminals BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  started_ms BIGINT,
  expires_ms BIGINT,
  ended_ms BIGINT,
  start_us BIGINT,
  memory BIGINT NOT NULL,
  cpu BIGINT NOT NULL,
  pids BIGINT NOT NULL,
  disk BIGINT NOT NULL,
  reason VARCHAR(20),
  exit_code INTEGER NOT NULL DEFAULT -1,
  detail TEXT
);
CREATE INDEX sandboxes_person ON sandboxes (person, created_ms);
CREATE INDEX sandboxes_state ON sandboxes (state, created_ms);

CREATE TABLE sessions (
  token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
  person VARCHAR(40) NOT NULL,
  created_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_ms);

CREATE TABLE tries (
  project INTEGER NOT NULL,
  day INTEGER NOT NULL,
  person VARCHAR(40) NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (project, day, person),
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE INDEX tries_person ON tries (person, at_ms);
