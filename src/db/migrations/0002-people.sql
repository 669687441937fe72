-- People with accounts, what they say about projects, banners, and what administrators did.

-- `person` is who tries, likes and is counted: a guest's stays theirs when they register.
CREATE TABLE users (
  id INTEGER NOT NULL PRIMARY KEY /*! AUTO_INCREMENT */,
  person VARCHAR(40) NOT NULL UNIQUE,
  username VARCHAR(40) NOT NULL UNIQUE,
  email VARCHAR(254),
  email_key VARCHAR(254),
  email_verified INTEGER NOT NULL DEFAULT 0,
  password_hash VARCHAR(160),
  role VARCHAR(10) NOT NULL,
  state VARCHAR(10) NOT NULL,
  display_name VARCHAR(80) NOT NULL,
  bio TEXT NOT NULL,
  homepage TEXT,
  language VARCHAR(10),
  theme VARCHAR(10),
  created_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL
);
CREATE INDEX users_email ON users (email_key, email_verified);

-- A session of a guest has no user.
ALTER TABLE sessions ADD COLUMN id VARCHAR(20) NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user INTEGER REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE sessions ADD COLUMN address VARCHAR(48) NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN agent VARCHAR(200) NOT NULL DEFAULT '';
CREATE INDEX sessions_user ON sessions (user);
CREATE INDEX sessions_person ON sessions (person);

-- Personal access tokens.
CREATE TABLE tokens (
  id VARCHAR(20) NOT NULL PRIMARY KEY,
  user INTEGER NOT NULL,
  name VARCHAR(80) NOT NULL,
  token_hash VARCHAR(64) NOT NULL UNIQUE,
  created_ms BIGINT NOT NULL,
  seen_ms BIGINT,
  expires_ms BIGINT,
  FOREIGN KEY (user) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX tokens_user ON tokens (user);

-- Accounts elsewhere that sign in to one here.
CREATE TABLE identities (
  provider VARCHAR(40) NOT NULL,
  subject VARCHAR(255) NOT NULL,
  user INTEGER NOT NULL,
  label VARCHAR(254) NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (provider, subject),
  FOREIGN KEY (user) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX identities_user ON identities (user);

-- Sign-ins that are on their way through a provider.
CREATE TABLE auth_states (
  state_hash VARCHAR(64) NOT NULL PRIMARY KEY,
  browser_hash VARCHAR(64) NOT NULL,
  provider VARCHAR(40) NOT NULL,
  nonce VARCHAR(64) NOT NULL,
  verifier VARCHAR(128) NOT NULL,
  return_to TEXT NOT NULL,
  link_user INTEGER,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX auth_states_expiry ON auth_states (expires_ms);

CREATE TABLE likes (
  project INTEGER NOT NULL,
  user INTEGER NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (project, user),
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (user) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX likes_user ON likes (user, at_ms);

-- The comments of somebody who has withdrawn stay, without a user.
CREATE TABLE comments (
  id VARCHAR(20) NOT NULL PRIMARY KEY,
  project INTEGER NOT NULL,
  user INTEGER,
  body TEXT NOT NULL,
  hidden VARCHAR(10),
  created_ms BIGINT NOT NULL,
  edited_ms BIGINT,
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (user) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX comments_project ON comments (project, created_ms);
CREATE INDEX comments_user ON comments (user);

-- One open report of a person about one thing: open_key is NULL in closed ones.
CREATE TABLE reports (
  id VARCHAR(20) NOT NULL PRIMARY KEY,
  open_key VARCHAR(90) UNIQUE,
  project INTEGER,
  comment VARCHAR(20),
  person VARCHAR(40) NOT NULL,
  reporter VARCHAR(40),
  reason VARCHAR(20) NOT NULL,
  body TEXT NOT NULL,
  state VARCHAR(10) NOT NULL,
  note TEXT,
  created_ms BIGINT NOT NULL,
  closed_ms BIGINT,
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (comment) REFERENCES comments (id) ON DELETE CASCADE
);
CREATE INDEX reports_state ON reports (state, created_ms);

-- visibility: listed; unlisted (by its author: only who has the address finds it); hidden (by an administrator).
-- embed_origins: sites that may show the terminal in a frame, separated by spaces.
ALTER TABLE projects ADD COLUMN visibility VARCHAR(10) NOT NULL DEFAULT 'listed';
ALTER TABLE projects ADD COLUMN embed_origins TEXT;
CREATE INDEX projects_owner ON projects (owner);
-- Read whole, without the rows' long texts, by the search index.
CREATE INDEX projects_updated ON projects (updated_ms);
CREATE INDEX projects_likes ON projects (likes);
-- Lists and counts of what is listed, likewise.
CREATE INDEX projects_listed ON projects (visibility, trend);
CREATE INDEX projects_listed_category ON projects (visibility, category);
-- What is recommended: the most tried ones, of all and of a category.
CREATE INDEX projects_tried ON projects (visibility, state, tries, trend);
CREATE INDEX projects_tried_category ON projects (visibility, state, category, tries, trend);

-- What authors see; stays when a person's own history goes.
CREATE TABLE project_days (
  project INTEGER NOT NULL,
  day INTEGER NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,
  visitors BIGINT NOT NULL DEFAULT 0,
  used_ms BIGINT NOT NULL DEFAULT 0,
  likes BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (project, day),
  FOREIGN KEY (project) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE TABLE banners (
  id VARCHAR(20) NOT NULL PRIMARY KEY,
  text VARCHAR(200) NOT NULL,
  text_ko VARCHAR(200),
  link TEXT NOT NULL,
  image MEDIUMBLOB,
  image_type VARCHAR(20),
  image_hash VARCHAR(64),
  width INTEGER NOT NULL DEFAULT 0,
  height INTEGER NOT NULL DEFAULT 0,
  starts_ms BIGINT,
  ends_ms BIGINT,
  weight INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  created_ms BIGINT NOT NULL
);

CREATE TABLE banner_days (
  banner VARCHAR(20) NOT NULL,
  day INTEGER NOT NULL,
  views BIGINT NOT NULL DEFAULT 0,
  clicks BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (banner, day),
  FOREIGN KEY (banner) REFERENCES banners (id) ON DELETE CASCADE
);

CREATE TABLE audit (
  id INTEGER NOT NULL PRIMARY KEY /*! AUTO_INCREMENT */,
  at_ms BIGINT NOT NULL,
  actor VARCHAR(40) NOT NULL,
  address VARCHAR(48) NOT NULL,
  action VARCHAR(40) NOT NULL,
  target VARCHAR(100) NOT NULL,
  detail TEXT
);
CREATE INDEX audit_at ON audit (at_ms);
CREATE INDEX audit_action ON audit (action, at_ms);
