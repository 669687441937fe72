// What the server sends, as the API describes it.
import type { Account } from './people.ts';

export type ProjectState = 'ready' | 'building' | 'failed';
export type StageName = 'queued' | 'base' | 'build' | 'push' | 'unpack' | 'smoke';
export type StageState = 'done' | 'running' | 'waiting' | 'failed';
export type BuildState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type EndReason = 'exited' | 'idle' | 'expired' | 'stopped' | 'memory' | 'replaced' | 'failed';
export type SandboxState = 'queued' | 'starting' | 'running' | 'ended';

export interface Stage {
  name: StageName;
  state: StageState;
  seconds: number | null;
}

export interface Build {
  id: string;
  project?: string;
  state: BuildState;
  stage: StageName | null;
  position: number | null;
  eta_seconds: number | null;
  error: string | null;
  started_at: string | null;
  ended_at: string | null;
  stages?: Stage[];
}

/** Memory and disk in bytes, cpu in thousandths of a processor, pids as a count. */
export interface Limits {
  memory?: number;
  cpu?: number;
  pids?: number;
  disk?: number;
}

export interface Project {
  owner: string;
  name: string;
  full_name: string;
  summary: string;
  i18n?: { ko?: { summary?: string; readme_html?: string } };
  category: string;
  tags: string[];
  license: string | null;
  homepage: string | null;
  state: ProjectState;
  version: string | null;
  verified_at: string | null;
  tries: number;
  likes: number;
  logo: string | null;
  build: Build | null;
}

export interface ProjectDetail extends Project {
  /** null: it has none. */
  readme: string | null;
  readme_html: string | null;
  run: string | null;
  network: boolean;
  ports: number[];
  source_kind?: string;
  limits?: Limits;
  dockerfile?: string | null;
  visibility?: 'listed' | 'unlisted' | 'hidden';
  /** Sites that may show the terminal in a frame. */
  embed_origins?: string[];
}

export interface TerminalRef {
  n: number;
  url: string;
}

export interface Sandbox {
  id: string;
  /** null: a bare shell on `base`. */
  project: string | null;
  base?: string | null;
  project_summary?: string | null;
  version: string | null;
  state: SandboxState;
  started_at: string | null;
  expires_at: string | null;
  idle_seconds?: number;
  start_ms?: number | null;
  terminals: TerminalRef[];
  limits?: Limits;
  ended: { reason: EndReason; exit_code: number | null; at?: string | null } | null;
  ended_at?: string | null;
  position?: number | null;
  eta_seconds?: number | null;
}

export interface List<T> {
  items: T[];
  page: number;
  per_page: number;
  total: number;
}

export interface Category {
  id: string;
  projects: number;
}

export interface Session {
  user: Account | null;
  guest: boolean;
  sandbox: Sandbox | null;
}

export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  /** A short word for programs: "username_taken". */
  code?: string;
  errors?: { field: string; message: string }[];
  sandbox?: Sandbox;
  build?: Build;
}

/** What pressing Try may answer. */
export type TryAnswer =
  | { kind: 'running'; sandbox: Sandbox }
  | { kind: 'queued'; id: string; position: number; eta: number | null }
  | { kind: 'building'; build: Build };
